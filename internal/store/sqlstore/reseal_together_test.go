package sqlstore_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"certwright/internal/engine"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore"
	"certwright/internal/vault"
)

// While all is sealed anew, versions and objects are changed, and another server
// does the same: nothing that was written is lost or taken for altered, and all
// comes under the new key.
func TestResealBesideWrites(t *testing.T) {
	t.Parallel()
	h := newSealed(t)
	h.resealBesideWrites(t, h.Store)
}

func TestPostgresReseal(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		one := postgresAt(t, server)
		h := sealedBy(t, one.Store, t.TempDir(), "")
		h.fill(t)
		other, err := sqlstore.OpenPostgres(t.Context(), one.URL)
		must.Do(t, err)
		t.Cleanup(func() { must.Do(t, other.Close()) })
		proof, err := h.keys.RowKeys()
		must.Do(t, err)
		_, err = other.Bind(t.Context(), proof, false)
		must.Do(t, err)
		h.resealBesideWrites(t, other)
	})
}

// resealBesideWrites has two stores of one database seal it anew while both write.
func (h *sealedHouse) resealBesideWrites(t *testing.T, other *sqlstore.Store) {
	t.Helper()
	must.Do(t, h.keys.Rotate(t.Context()))
	proof, err := h.keys.RowKeys()
	must.Do(t, err)
	other.Prove(proof)
	ctx, stop := context.WithCancel(t.Context())
	var writers, passes sync.WaitGroup
	for n, s := range []*sqlstore.Store{h.Store, other} {
		writers.Go(func() {
			for i := n; ctx.Err() == nil; i += 7 {
				r := ref(fmt.Sprintf("cert%03d", i%sealedNames))
				err := engine.Update(t.Context(), s, func(tx vault.Tx) error { return touch(tx, r) })
				if err != nil {
					t.Errorf("write beside: %v", err)
					return
				}
			}
		})
		passes.Go(func() {
			how := h.how()
			how.Rest = func(context.Context, time.Duration) {}
			for until := time.Now().Add(time.Minute); ; {
				pass, err := s.Reseal(t.Context(), how)
				if err != nil || time.Now().After(until) {
					t.Errorf("%+v, %v", pass, err)
					return
				}
				if pass.Moved == 0 {
					return
				}
			}
		})
	}
	passes.Wait()
	stop()
	writers.Wait()
	last, err := h.Reseal(t.Context(), h.how())
	if err != nil || last.Moved != 0 || last.Values[h.keys.Primary()] != sealedValues {
		t.Errorf("at the end: %+v, %v", last, err)
	}
	must.Do(t, h.keys.Retire(t.Context()))
	for n := range sealedNames {
		r := ref(fmt.Sprintf("cert%03d", n))
		must.Do(t, h.View(t.Context(), func(tx vault.Reader) error {
			v, err := tx.Version(r, one)
			if err != nil {
				return err
			}
			for _, x := range v.Seals() {
				if plain, err := h.keys.Open(*x.Value, x.Binding); err != nil || string(plain) != "plain of "+x.Binding {
					t.Errorf("%s of %s: %v", x.Part, r, err)
				}
			}
			_, err = tx.Object(r)
			return err
		}))
	}
	if n := h.Altered() + other.Altered(); n != 0 {
		t.Errorf("%d rows are taken for altered", n)
	}
}

// touch changes the tags of a version and its object, as an update of a certificate does.
func touch(tx vault.Tx, r vault.Ref) error {
	o, err := tx.Object(r)
	if err != nil {
		return err
	}
	v, err := tx.Version(r, one)
	if err != nil {
		return err
	}
	v.Attributes.Updated = v.Attributes.Updated.Add(time.Second)
	if err := tx.UpdateVersion(r, one, v.Attributes, map[string]string{"n": v.Attributes.Updated.String()}); err != nil {
		return err
	}
	return tx.PutObject(&o)
}
