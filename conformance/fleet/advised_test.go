package fleet_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"certwright/conformance/fleet"
	"certwright/conformance/process"
	"certwright/internal/config"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

const (
	day   = 24 * time.Hour
	every = 6 * time.Hour // that the authority wants to be asked for a window
	many  = 6             // certificates
)

// Two servers ask an authority for the window of each certificate as often as it wants
// to be asked, between them, and both do their part. A job that was lost is put right
// by the daily sweep, once, whichever server runs it, and goes on at the same pace.
func TestTwoServersAskOnce(t *testing.T) {
	t.Parallel()
	var log process.Transcript
	f := &fleet.Fleet{Folder: t.TempDir(), Store: sqltest.NewSchema(t, sqltest.Postgres(t)[0]).URL, Stride: time.Minute, Log: slog.New(slog.NewTextHandler(&log, nil))}
	a := newAuthority(t, f.Clock.Now, 90*day, every)
	var err error
	f.Config, err = config.Parse(fmt.Appendf(nil, "providers: {Played: {kind: acme, directory: %q, ca_bundle: %q, solver: {kind: http}}}", a.URL+"/directory/", a.bundle()), t.TempDir())
	must.Do(t, err)
	t.Cleanup(func() { must.Do(t, f.Stop()) })
	for range 2 {
		_, err := f.Start(t.Context(), false)
		must.Do(t, err)
	}
	servers := f.Alive()
	send := func(n, want int, method, path string, body any) {
		t.Helper()
		if r, err := servers[n%2].Send(t.Context(), method, path, body); err != nil || r.Status != want {
			t.Fatalf("%s %s: %d %v %v\n%s", method, path, r.Status, r.Body, err, log.String())
		}
	}
	type object = map[string]any
	send(0, http.StatusOK, "PUT", "/certificates/issuers/played", object{"provider": "Played"})
	for n := range many {
		name := fmt.Sprint("c", n)
		send(n, http.StatusAccepted, "POST", "/certificates/"+name+"/create", object{"policy": object{"issuer": object{"name": "played"}, "key_props": object{"kty": "EC", "crv": "P-256"},
			"x509_props":       object{"subject": "CN=" + name + ".example.test"},
			"lifetime_actions": []any{object{"trigger": object{"lifetime_percentage": 80}, "action": object{"action_type": "AutoRenew"}}}}})
	}
	reach := func(d time.Duration) { must.Do(t, f.Reach(t.Context(), f.Clock.Now().Add(d))) }
	reach(time.Hour)
	if len(a.orders) != many || len(a.windows) != many {
		t.Fatalf("%d orders, windows of %d certificates, want %d\n%s", len(a.orders), len(a.windows), many, log.String())
	}
	reach(3 * day)
	a.wantPace(3*day, 0)

	// the job of one is lost
	ref := vault.Ref{Vault: "default", Kind: vault.Certificates, Name: "c3"}
	store, _ := servers[0].Kept()
	must.Do(t, store.Update(t.Context(), func(tx vault.Tx) error {
		o, err := tx.Object(ref)
		if err != nil {
			return err
		}
		o.Jobs = nil
		return tx.PutObject(&o)
	}))
	reach(3 * day)
	a.wantPace(6*day, 1)
	if n := strings.Count(log.String(), "jobs were put right"); n != 1 || !strings.Contains(log.String(), "objects=1 first="+ref.String()) {
		t.Errorf("jobs were put right %d times, want once, of %s\n%s", n, ref, log.String())
	}
	if len(a.orders) != many {
		t.Errorf("%d orders", len(a.orders))
	}
	for _, m := range servers {
		jobs, err := m.Jobs(t.Context())
		must.Do(t, err)
		if n := jobs["life"].Count; n < many*6/10 {
			t.Errorf("%s did %v of the jobs", m.Name, n)
		}
	}
}

// wantPace wants the window of each certificate asked for once in an interval, but for
// so many that were not for up to a day, since their job was lost.
func (a *authority) wantPace(length time.Duration, lost int) {
	a.t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	const slack = 5 * time.Minute // the clock moves by strides, and what asks is on its way a while
	late := 0
	for id, asked := range a.windows {
		for n, at := range asked[1:] {
			switch gap := at.Sub(asked[n]); {
			case gap < every-slack:
				a.t.Errorf("the window of %s is asked for again after %v", id, gap)
			case gap > every+slack && gap < every+day+slack:
				late++
			case gap > every+slack:
				a.t.Errorf("the window of %s is not asked for in %v", id, gap)
			}
		}
		if n, most := len(asked), int(length/every)+1; n > most || n < most-1-lost*int(day/every) {
			a.t.Errorf("the window of %s was asked for %d times in %v", id, n, length)
		}
	}
	if late != lost {
		a.t.Errorf("%d windows were asked for late, want %d", late, lost)
	}
}
