package server

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"certwright/internal/check"
	"certwright/internal/must"
	"certwright/internal/seal"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

// A database that servers share is checked, and its keys are seen to, beside a
// server and without one, from a folder in which none runs.
func TestChecksAndKeysOfASharedDatabase(t *testing.T) {
	t.Parallel()
	schema := sqltest.NewSchema(t, sqltest.Postgres(t)[0])
	c := administered(t)
	c.Store = schema.URL
	kek := filepath.Join(t.TempDir(), "kek.json")
	must.Do(t, seal.MakeFile(kek))
	c.Keyset = seal.Settings{KEKs: []seal.KEKSettings{fileKEK(kek)}}
	s, err := Start(t.Context(), c, Options{})
	must.Do(t, err)
	secretAt(t, s, "one", "first")
	beside := c
	beside.Data = t.TempDir()
	looked := func(want ...string) {
		t.Helper()
		report, err := check.Shared(t.Context(), check.Request{Data: beside.Data, Store: c.Store, KEKs: []seal.KEK{seal.NewFile(kek)}})
		must.Do(t, err)
		var found []string
		for _, f := range report.Faults {
			found = append(found, f.What+": "+f.Fault)
		}
		if strings.Join(found, "\n") != strings.Join(want, "\n") || report.Seals < 2 || report.Rows < 5 || strings.Contains(report.Store, "://") {
			t.Errorf("%d rows, %d seals in %s, wrong: %q, want %q", report.Rows, report.Seals, report.Store, found, want)
		}
	}
	looked()

	keys := openKeys(t, beside)
	if all, err := keys.Check(t.Context()); err != nil || len(all) != 1 || all[0].Error != "" {
		t.Errorf("%+v, %v", all, err)
	}
	must.Do(t, keys.Rewrap(t.Context()))
	first := keys.keeper.keys.Primary()
	must.Do(t, keys.keeper.Rotate(t.Context())) // which the server has to follow
	must.Do(t, keys.Close())
	_, err = s.keeper.step(t.Context())
	must.Do(t, err)
	secretAt(t, s, "two", "second")
	looked()
	must.Do(t, s.Stop())

	keys = openKeys(t, beside)
	keys.keeper.grace, keys.keeper.wait = 0, 0 // nobody else is there
	must.Do(t, keys.Rotate(t.Context()))
	status, err := keys.Status(t.Context())
	must.Do(t, err)
	must.Do(t, keys.Close())
	if status.Change != "none" || status.Values[first] != 0 || keys.keeper.keys.Primary() == first {
		t.Errorf("%+v", status)
	}
	looked()
	tag, err := schema.Admin.Exec(t.Context(), "UPDATE objects SET latest = 'x' WHERE key = 'two'")
	must.Do(t, err)
	if tag.RowsAffected() != 1 {
		t.Fatal("nothing was altered")
	}
	looked("object " + c.Vaults[0].Name + "/secrets/two: " + vault.ErrAltered.Error())

	s = serveIn(t, c, Options{})
	if got := secretAt(t, s, "one", ""); got != "first" {
		t.Errorf("it is %q", got)
	}
}

// What servers write down of a change of the data keys is by the clock of the database:
// one whose own is ahead neither uses a new key before all have it, nor retires the old
// one while another still seals under it.
func TestKeysChangeByTheDatabasesClock(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{-3 * time.Hour, 3 * time.Hour} {
		schema := sqltest.NewSchema(t, sqltest.Postgres(t)[0])
		c := administered(t)
		c.Store = schema.WithClock(t, ahead)
		kek := filepath.Join(t.TempDir(), "kek.json")
		must.Do(t, seal.MakeFile(kek))
		c.Keyset = seal.Settings{KEKs: []seal.KEKSettings{fileKEK(kek)}}
		s, err := Start(t.Context(), c, Options{})
		must.Do(t, err)
		must.Do(t, s.Stop())
		keys := openKeys(t, c)
		must.Do(t, keys.keeper.Rotate(t.Context()))
		right := func(what string, at time.Time) {
			t.Helper()
			if off := at.Sub(time.Now().Add(ahead)); off.Abs() > time.Minute {
				t.Errorf("the database is %v ahead: %s %v off", ahead, what, off)
			}
		}
		_, since := keys.keeper.keys.State()
		right("a key was published", since)
		left, err := keys.keeper.step(t.Context())
		must.Do(t, err)
		if left <= 0 || left > keys.keeper.wait {
			t.Errorf("it is used in %v, want up to %v", left, keys.keeper.wait)
		}
		keys.keeper.wait = 0
		_, err = keys.keeper.step(t.Context()) // it is used
		must.Do(t, err)
		left, err = keys.keeper.step(t.Context()) // and the old one is not retired yet
		must.Do(t, err)
		pass, err := keys.keeper.store.LastPass(t.Context())
		must.Do(t, err)
		right("a pass began", pass.Began)
		right("it ended", pass.Ended)
		if state, _ := keys.keeper.keys.State(); state != seal.Resealing || left <= 0 || left > keys.keeper.grace {
			t.Errorf("state %v, again in %v", state, left)
		}
		must.Do(t, keys.Close())
	}
}
