package tokens

import (
	"context"
	"slices"
	"testing"
	"time"

	"certwright/internal/account"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

func (h *house) tend() {
	h.t.Helper()
	must.Do(h.t, h.keys.tend(h.t.Context(), h.now))
}

func (h *house) kids() (kids []string) {
	h.t.Helper()
	for _, k := range h.keySet().Keys {
		kids = append(kids, k.KeyID)
	}
	return kids
}

func (h *house) signs() string {
	h.t.Helper()
	k, err := h.keys.signing(h.t.Context(), h.now)
	must.Do(h.t, err)
	return k.ID
}

// A key is seen for a day before it signs, and until its last token ended.
func TestRotation(t *testing.T) {
	t.Parallel()
	h := open(t, Settings{Keys: KeySettings{Rotate: 10 * day}})
	begin, first := h.now, h.signs()
	at := func(after time.Duration) {
		t.Helper()
		h.now = begin.Add(after)
		h.tend()
	}
	at(9*day - time.Second)
	if kids := h.kids(); len(kids) != 1 {
		t.Fatalf("before the last day: %v", kids)
	}
	at(9 * day)
	kids := h.kids()
	if len(kids) != 2 || kids[0] != first || h.signs() != first {
		t.Fatalf("on the last day: %v, %s signs", kids, h.signs())
	}
	at(10*day - time.Second)
	if h.signs() != first || len(h.kids()) != 2 {
		t.Errorf("the next one signs too early: %v", h.kids())
	}
	at(10 * day)
	if h.signs() != kids[1] || !slices.Equal(h.kids(), kids) {
		t.Errorf("%s signs, and there are %v", h.signs(), h.kids())
	}
	at(10*day + outlasts - time.Second)
	if !slices.Equal(h.kids(), kids) {
		t.Errorf("the old key went early: %v", h.kids())
	}
	at(10*day + outlasts)
	if !slices.Equal(h.kids(), kids[1:]) {
		t.Errorf("the old key stays: %v", h.kids())
	}
	if keys, generation := h.Keys(t.Context(), first); len(keys) != 1 || keys[0].ID != kids[1] || keys[0].Algorithm != "ES256" || generation != 3 {
		t.Errorf("tokens are verified by %+v of generation %d", keys, generation)
	}
	h.tend()
	if _, generation := h.Keys(t.Context(), ""); generation != 3 {
		t.Errorf("generation %d of the same keys", generation)
	}
	at(100 * day) // it was off for long
	late := h.kids()
	if len(late) != 2 || h.signs() != kids[1] {
		t.Errorf("after a long time: %v, %s signs", late, h.signs())
	}
	at(101 * day)
	if h.signs() != late[1] {
		t.Errorf("%s signs, not %s", h.signs(), late[1])
	}
}

// Another algorithm has its key a day later.
func TestAnotherAlgorithm(t *testing.T) {
	t.Parallel()
	accounts := sqltest.Accounts(t)
	with := func(m *Means) { m.Accounts = accounts }
	first := open(t, Settings{}, with)
	h := open(t, Settings{Keys: KeySettings{Algorithm: "RS256"}}, with)
	if kids := h.kids(); len(kids) != 2 || h.signs() != first.signs() {
		t.Fatalf("%v, %s signs", kids, h.signs())
	}
	h.tend()
	if kids := h.kids(); len(kids) != 2 {
		t.Errorf("more keys: %v", kids)
	}
	h.now = h.now.Add(day)
	h.tend()
	if h.signs() == first.signs() || len(h.algorithms(h.t.Context())) != 2 {
		t.Errorf("%v", h.algorithms(h.t.Context()))
	}
}

// Keys that leaked are taken back, the one that waits for its turn too, and once.
func TestWithdrawnKeys(t *testing.T) {
	t.Parallel()
	h := open(t, Settings{Keys: KeySettings{Rotate: 2 * day}})
	begin := h.now
	h.now = begin.Add(day)
	h.tend()
	leaked := h.kids()
	if len(leaked) != 2 {
		t.Fatal(leaked)
	}
	h.keys.settings.Withdraw = begin.Add(day + time.Hour).Format(time.RFC3339)
	h.tend()
	if !slices.Equal(h.kids(), leaked) {
		t.Errorf("before the moment: %v", h.kids())
	}
	h.now = begin.Add(day + time.Hour)
	h.tend()
	fresh := h.kids()
	if len(fresh) != 1 || slices.Contains(leaked, fresh[0]) || h.signs() != fresh[0] {
		t.Errorf("%v of %v, %s signs", fresh, leaked, h.signs())
	}
	h.tend()
	if !slices.Equal(h.kids(), fresh) {
		t.Errorf("again: %v", h.kids())
	}
}

// A server whose clock is a year ahead takes no key for one that is old, and signs with
// the one that others sign with.
func TestKeysOfServersWhoseClocksDiffer(t *testing.T) {
	t.Parallel()
	accounts := sqltest.Accounts(t)
	right := open(t, Settings{}, func(m *Means) { m.Accounts = accounts })
	before := right.kids()
	wrong := open(t, Settings{}, func(m *Means) { m.Accounts = sqltest.Dated{Accounts: accounts, By: -365 * day} })
	wrong.now = wrong.now.Add(365 * day)
	wrong.tend()
	if !slices.Equal(right.kids(), before) || wrong.signs() != right.signs() {
		t.Errorf("%v after %v; %s signs, and %s", right.kids(), before, wrong.signs(), right.signs())
	}
}

// What one server takes back is good at no other one from then on, without a look
// at the keys in between.
func TestKeysWithdrawnElsewhere(t *testing.T) {
	t.Parallel()
	book := sqltest.Accounts(t)
	rows := &account.Shared{Sole: account.Sole{Book: book}, Revision: book.Store.(*sqlstore.Store).AccountRevision}
	shared := func(m *Means) { m.Accounts = rows }
	one, two := open(t, Settings{}, shared), open(t, Settings{}, shared)
	leaked, generation := two.Keys(t.Context(), "")
	one.keys.settings.Withdraw = one.now.Add(time.Hour).Format(time.RFC3339)
	one.now = one.now.Add(time.Hour)
	one.tend()
	fresh, next := two.Keys(t.Context(), "")
	if len(leaked) != 1 || len(fresh) != 1 || fresh[0].ID == leaked[0].ID || next == generation {
		t.Errorf("%v after %v, generations %d and %d", fresh, leaked, next, generation)
	}
	if two.signs() != fresh[0].ID || !slices.Equal(two.kids(), one.kids()) {
		t.Errorf("%s signs; %v are shown", two.signs(), two.kids())
	}
}

// rival is another server that writes the row first.
type rival struct {
	vault.Accounts
	write func()
}

func (r *rival) Write(ctx context.Context, id string, plain []byte, rev int64) error {
	if w := r.write; w != nil {
		r.write = nil
		w()
	}
	return r.Accounts.Write(ctx, id, plain, rev)
}

// Servers that share a database share the keys, also when all start at once.
func TestSharedKeys(t *testing.T) {
	t.Parallel()
	accounts := sqltest.Accounts(t)
	var other *house
	slow := &rival{Accounts: accounts, write: func() {
		other = open(t, Settings{}, func(m *Means) { m.Accounts = accounts })
	}}
	h := open(t, Settings{}, func(m *Means) { m.Accounts = slow })
	if got, want := h.kids(), other.kids(); !slices.Equal(got, want) || len(got) != 1 {
		t.Errorf("%v and %v", got, want)
	}
	other.now = other.now.Add(29 * day)
	other.tend()
	h.tend()
	if got, want := h.kids(), other.kids(); !slices.Equal(got, want) || len(got) != 2 {
		t.Errorf("%v and %v", got, want)
	}
}

// A row that cannot be read is never written over.
func TestDamagedKeys(t *testing.T) {
	t.Parallel()
	accounts := sqltest.Accounts(t)
	must.Do(t, accounts.Write(t.Context(), keysRow, []byte(`{"version":2}`), 0))
	s := Settings{Issuer: issuer}
	if _, err := New(t.Context(), s, Means{Accounts: accounts}); err == nil {
		t.Fatal("it was opened")
	}
	if text, _, err := accounts.Read(t.Context(), keysRow); err != nil || string(text) != `{"version":2}` {
		t.Errorf("%s %v", text, err)
	}
}
