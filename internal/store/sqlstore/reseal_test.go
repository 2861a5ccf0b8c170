package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"certwright/internal/must"
	"certwright/internal/seal"
	"certwright/internal/store/sqlstore"
	"certwright/internal/vault"
)

// A sealedHouse is a database with a keyset, bound, and rows with sealed values
// of every kind.
type sealedHouse struct {
	*sqlstore.Store
	keys *seal.Keyset
	path string
}

const sealedNames = 250 // certificates with a key and a value each

// valuesOf are the values of all rows: two of a version, four of the order, of
// an issuer and of an account one each.
const sealedValues = 2*sealedNames + 4 + 1 + 1

func openSealed(t *testing.T, dir string) *sealedHouse {
	t.Helper()
	path := filepath.Join(dir, "certwright.db")
	return sealedBy(t, openAt(t, path), dir, path)
}

func sealedBy(t *testing.T, s *sqlstore.Store, dir, path string) *sealedHouse {
	t.Helper()
	keyset, _, err := seal.Open(t.Context(), s, filepath.Join(dir, "keyset.json"))
	must.Do(t, err)
	proof, err := keyset.RowKeys()
	must.Do(t, err)
	_, err = s.Bind(t.Context(), proof, false)
	must.Do(t, err)
	keyset.OnChange(s.Prove)
	return &sealedHouse{s, keyset, path}
}

func newSealed(t *testing.T) *sealedHouse {
	t.Helper()
	h := openSealed(t, t.TempDir())
	h.fill(t)
	return h
}

func (h *sealedHouse) fill(t *testing.T) {
	t.Helper()
	sealed := func(binding string) vault.Sealed {
		t.Helper()
		out, err := h.keys.Seal([]byte("plain of "+binding), binding)
		must.Do(t, err)
		return out
	}
	version := func(r vault.Ref, id string) vault.Version {
		return vault.Version{Ref: r, ID: id, Certificate: &vault.CertificateBody{Leaf: []byte("leaf"), Subject: "CN=x"},
			Key:    &vault.KeyBody{Type: vault.EC, Public: []byte("public"), Private: sealed(vault.Binding(r.As(vault.Keys), id))},
			Secret: &vault.SecretBody{Value: sealed(vault.Binding(r.As(vault.Secrets), id))}}
	}
	issuer := vault.IssuerConfig{Vault: "web", Name: "Corp", Credentials: &vault.Credentials{AccountID: "a", Password: sealed(vault.IssuerBinding("web", "Corp"))}}
	held := ref("Held")
	staged := version(held, two)
	op := &vault.Operation{Ref: held, RequestID: one, Status: vault.InProgress, Private: sealed(vault.Binding(held, one)), Issuer: &issuer, Staged: &staged}
	update(t, h.Store, func(tx vault.Tx) error {
		err := errors.Join(tx.PutObject(&vault.Object{Ref: held, Operation: op}), tx.PutIssuer(issuer), tx.PutContacts("web", nil),
			tx.PutAccount(vault.Account{ID: "acme/x", Body: sealed(vault.AccountBinding("acme/x"))}), tx.PutSetting("s", "v"))
		for n := range sealedNames {
			r := ref(fmt.Sprintf("cert%03d", n))
			err = errors.Join(err, tx.PutObject(&vault.Object{Ref: r, Latest: one}), tx.PutVersion(version(r, one)))
		}
		return err
	})
}

func (h *sealedHouse) how() sqlstore.Resealing {
	return sqlstore.Resealing{Primary: h.keys.Primary(), KeyOf: seal.KeyOf, Reseal: h.keys.Reseal, Rest: func(context.Context, time.Duration) {}}
}

// opened opens every sealed value of the database as it is on the disk, and
// counts them by the number of their key.
func (h *sealedHouse) opened(t *testing.T) map[uint32]int {
	t.Helper()
	found := map[uint32]int{}
	look := func(row any) {
		for _, v := range row.(interface{ Seals() []vault.SealedValue }).Seals() {
			plain, err := h.keys.Open(*v.Value, v.Binding)
			if err != nil || string(plain) != "plain of "+v.Binding {
				t.Errorf("%s bound to %s: %q, %v", v.Part, v.Binding, plain, err)
			}
			number, _ := seal.KeyOf(*v.Value)
			found[number]++
		}
	}
	_, _, err := sqlstore.Inspect(t.Context(), h.path, sqlstore.Inspection{
		Open: func(vault.Reader) (vault.RowKeys, error) { return h.keys.RowKeys() }, Bound: true,
		Row: look, Fault: func(row, fault string) { t.Errorf("%s: %s", row, fault) },
	})
	must.Do(t, err)
	return found
}

// All that is sealed, and the seals of all rows, come under the new key; then
// the old one can go, and nothing is missing.
func TestReseal(t *testing.T) {
	t.Parallel()
	h := newSealed(t)
	old := h.keys.Primary()
	if got := h.opened(t); got[old] != sealedValues {
		t.Fatalf("before: %v, want %d under %d", got, sealedValues, old)
	}
	still, err := h.Reseal(t.Context(), h.how())
	if err != nil || still.Moved != 0 || still.Values[old] != sealedValues {
		t.Fatalf("with nothing to do: %+v, %v", still, err)
	}
	must.Do(t, h.keys.Rotate(t.Context()))
	primary := h.keys.Primary()
	how, inOne, most := h.how(), 0, 0
	how.Reseal = func(s vault.Sealed, binding string) (vault.Sealed, error) {
		inOne++
		return h.keys.Reseal(s, binding)
	}
	how.Rest = func(context.Context, time.Duration) { most, inOne = max(most, inOne), 0 }
	first, err := h.Reseal(t.Context(), how)
	must.Do(t, err)
	if most == 0 || most > 2*100 {
		t.Errorf("%d values were sealed in one transaction, want those of 100 rows at most", most)
	}
	if first.Moved < sealedValues || first.Values[primary] != sealedValues || first.Values[old] != 0 || first.Ended.IsZero() {
		t.Errorf("the pass: %+v", first)
	}
	second, err := h.Reseal(t.Context(), h.how())
	if err != nil || second.Moved != 0 || !second.Began.After(first.Began) {
		t.Errorf("a second pass: %+v, %v", second, err)
	}
	if last, err := h.LastPass(t.Context()); err != nil || !last.Began.Equal(second.Began) || last.Values[primary] != sealedValues {
		t.Errorf("the last pass: %+v, %v", last, err)
	}
	must.Do(t, h.keys.Retire(t.Context()))
	if got := h.opened(t); got[primary] != sealedValues || len(got) != 1 {
		t.Errorf("after: %v, want %d under %d", got, sealedValues, primary)
	}
	for _, what := range []string{"cert000", "Held"} {
		if err := h.View(t.Context(), func(r vault.Reader) error { _, err := r.Object(ref(what)); return err }); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A pass that is cut short goes on where it was, also in another process, and
// begins anew under another key.
func TestResealGoesOn(t *testing.T) {
	t.Parallel()
	h := newSealed(t)
	dir := filepath.Dir(h.path)
	must.Do(t, h.keys.Rotate(t.Context()))
	var cut sqlstore.Pass
	sealed := 0
	for steps := 1; steps <= 3; steps++ { // each is cut short after some transactions
		ctx, stop := context.WithCancel(t.Context())
		how, left := h.how(), steps
		how.Rest = func(context.Context, time.Duration) {
			if left--; left == 0 {
				stop()
			}
		}
		how.Reseal = func(s vault.Sealed, binding string) (vault.Sealed, error) { sealed++; return h.keys.Reseal(s, binding) }
		pass, err := h.Reseal(ctx, how)
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("cut after %d: %+v, %v", steps, pass, err)
		}
		if cut.Moved > 0 && !pass.Began.Equal(cut.Began) || pass.Moved < cut.Moved {
			t.Errorf("it began anew: %+v after %+v", pass, cut)
		}
		cut = pass
		must.Do(t, h.Close())
		h = openSealed(t, dir)
	}
	how := h.how()
	how.Reseal = func(s vault.Sealed, binding string) (vault.Sealed, error) { sealed++; return h.keys.Reseal(s, binding) }
	end, err := h.Reseal(t.Context(), how)
	if err != nil || !end.Began.Equal(cut.Began) || end.Values[h.keys.Primary()] != sealedValues {
		t.Errorf("the end: %+v, %v", end, err)
	}
	if sealed != sealedValues {
		t.Errorf("%d values were sealed anew, want each of %d once", sealed, sealedValues)
	}
	must.Do(t, h.keys.Rotate(t.Context()))
	again, err := h.Reseal(t.Context(), h.how())
	if err != nil || again.Moved < sealedValues || !again.Began.After(end.Began) {
		t.Errorf("under another key: %+v, %v", again, err)
	}
}

// What somebody else wrote into a row gets no seal by it, and a value that does
// not open stays and is told.
func TestResealTakesNothingForItsOwn(t *testing.T) {
	t.Parallel()
	h := newSealed(t)
	foreign, err := seal.New()
	must.Do(t, err)
	strange, err := foreign.Seal([]byte("x"), vault.AccountBinding("acme/strange"))
	must.Do(t, err)
	update(t, h.Store, func(tx vault.Tx) error { return tx.PutAccount(vault.Account{ID: "acme/strange", Body: strange}) })
	alter(t, h.path, `UPDATE versions SET subject = 'CN=forged' WHERE key = 'cert007'`)
	must.Do(t, h.keys.Rotate(t.Context()))
	var damaged []string
	how := h.how()
	how.Damage = func(what, part string) { damaged = append(damaged, what+": "+part) }
	pass, err := h.Reseal(t.Context(), how)
	must.Do(t, err)
	if !slices.Equal(damaged, []string{"account acme/strange: what is sealed in it"}) || pass.Values[h.keys.Primary()] != sealedValues-2 {
		t.Errorf("told %q; %+v", damaged, pass)
	}
	again, err := h.Reseal(t.Context(), how)
	if err != nil || again.Moved != 0 {
		t.Errorf("a second pass: %+v, %v", again, err)
	}
	must.Do(t, h.keys.Retire(t.Context()))
	if err := h.View(t.Context(), func(r vault.Reader) error { _, err := r.Version(ref("cert007"), one); return err }); !errors.Is(err, vault.ErrAltered) {
		t.Errorf("the row that was altered: %v", err)
	}
}

// Writes go on meanwhile, and those that were sealed under the old key before
// it changed and stored after the pass went by are found by the next.
func TestResealFindsWhatCameLate(t *testing.T) {
	t.Parallel()
	h := newSealed(t)
	late, err := h.keys.Seal([]byte("plain of "+vault.AccountBinding("aa/late")), vault.AccountBinding("aa/late"))
	must.Do(t, err)
	must.Do(t, h.keys.Rotate(t.Context()))
	_, err = h.Reseal(t.Context(), h.how())
	must.Do(t, err)
	update(t, h.Store, func(tx vault.Tx) error { return tx.PutAccount(vault.Account{ID: "aa/late", Body: late}) })
	pass, err := h.Reseal(t.Context(), h.how())
	if err != nil || pass.Moved != 1 {
		t.Errorf("%+v, %v", pass, err)
	}
	must.Do(t, h.keys.Retire(t.Context()))
	if got := h.opened(t); got[h.keys.Primary()] != sealedValues+1 {
		t.Errorf("%v", got)
	}
}
