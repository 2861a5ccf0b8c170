package service_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"certwright/internal/service"
	"certwright/internal/vault"

	"github.com/google/go-cmp/cmp"
)

// Whoever disables a certificate while its renewal is being prepared finds no
// renewal of it; nor are tags lost that were given meanwhile.
func TestChangedWhileItsRenewalIsPlanned(t *testing.T) {
	t.Parallel()
	for _, in := range []service.UpdateInput{{Enabled: ptr(false)}, {Tags: map[string]string{"team": "b"}}} {
		h, k := newHouse(t), &slowKeys{}
		h.Orders.Keys = k
		h.create(t, web, lives("Self", 12, renew(80)))
		first := h.get(t, web)
		k.slow()
		h.clock.Advance(300 * day)
		done := make(chan error, 1)
		go func() { _, err := h.worker.RunDue(t.Context()); done <- err }()
		<-k.asked
		_, err := h.Certificates.Update(t.Context(), nobody, web, "", in)
		must(t, err)
		k.begin <- struct{}{}
		for busy := true; busy; { // it may be planned once more
			select {
			case <-k.asked:
				k.begin <- struct{}{}
			case err := <-done:
				must(t, err)
				busy = false
			}
		}
		k.asked = nil
		h.pass(t, time.Minute)
		got := h.get(t, web)
		if in.Enabled != nil && got.Version.ID != first.Version.ID {
			t.Error("a disabled certificate was renewed")
		}
		if diff := cmp.Diff(in.Tags, got.Version.Tags); diff != "" || in.Tags != nil && h.made(t, web) != 2 {
			t.Errorf("%d versions, tags: %s", h.made(t, web), diff)
		}
	}
}

// A renewal may take days. What is said of the certificate meanwhile holds for
// its next version, too, at the latest moment.
func TestChangedWhileItsRenewalRuns(t *testing.T) {
	t.Parallel()
	for _, late := range []bool{false, true} {
		h, p := playing(t)
		p.steps = []step{h.issues}
		h.create(t, web, lives("mydigicert", 12, renew(80)))
		h.pass(t, day)
		p.steps = []step{waits(vault.Progress{State: []byte("x"), Again: time.Hour})}
		h.pass(t, 293*day)
		change := func() {
			_, err := h.Certificates.Update(t.Context(), nobody, web, "", service.UpdateInput{Enabled: ptr(false), Tags: map[string]string{"team": "b"}})
			must(t, err)
		}
		p.steps = []step{h.issues}
		if late {
			p.steps = []step{func(o vault.Order) (vault.Progress, error) { change(); return h.issues(o) }}
		} else {
			change()
		}
		h.pass(t, day)
		got := h.get(t, web)
		if h.made(t, web) != 2 || got.Version.Attributes.Enabled || got.Version.Tags["team"] != "b" {
			t.Errorf("late %v: %d versions, %+v %v", late, h.made(t, web), got.Version.Attributes, got.Version.Tags)
		}
		for _, k := range []vault.Kind{vault.Keys, vault.Secrets} {
			must(t, h.Store.View(t.Context(), func(r vault.Reader) error {
				v, err := r.Version(web.As(k), got.Version.ID)
				if v.Attributes.Enabled || v.Tags["team"] != "b" {
					t.Errorf("late %v: %s: %+v %v", late, k, v.Attributes, v.Tags)
				}
				return err
			}))
		}
	}
}

// Clients send the expiry along with every edit: what was told of it is not
// told again, nor after an edit of the rotation policy, nor after a recovery.
func TestNearExpiryIsToldOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	exp := noon.Add(60 * day)
	in := service.AttributesInput{Expires: &exp}
	secret := vault.Ref{Vault: web.Vault, Kind: vault.Secrets, Name: "word"}
	_, err := h.Secrets.Set(t.Context(), nobody, secret, service.SecretInput{Value: "x", Attributes: in})
	must(t, err)
	h.key(t, plain, service.KeyInput{Type: vault.EC, Attributes: in})
	h.pass(t, 31*day)
	want := map[string]int{"SecretNewVersionCreated": 1, "KeyNewVersionCreated": 1, "SecretNearExpiry": 1, "KeyNearExpiry": 1}
	h.wantOutbox(t, want)
	for _, edit := range []func() error{
		func() error {
			_, err := h.Secrets.Update(t.Context(), nobody, secret, "", service.SecretUpdate{Attributes: in})
			return err
		},
		func() error {
			_, err := h.Keys.Update(t.Context(), nobody, plain, "", service.KeyUpdate{Attributes: in})
			return err
		},
		func() error {
			_, err := h.Keys.PutRotationPolicy(t.Context(), nobody, plain, []vault.RotationAction{{Type: vault.Notify, BeforeExpiry: vault.Period{Days: 40}}}, vault.Period{})
			return err
		},
	} {
		must(t, edit())
		h.pass(t, time.Minute)
		h.wantOutbox(t, want)
	}
	_, err = h.Delete(t.Context(), nobody, plain)
	must(t, err)
	_, err = h.Recover(t.Context(), nobody, plain)
	must(t, err)
	h.pass(t, time.Minute)
	h.wantOutbox(t, want)
}

// Every mail is one for each contact.
func TestContactsAreBounded(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var list []vault.Contact
	for i := range 500 {
		list = append(list, vault.Contact{Email: fmt.Sprintf("ops%d@example.test", i)})
	}
	_, err := h.Contacts.Put(t.Context(), nobody, "default", list)
	must(t, err)
	_, err = h.Contacts.Put(t.Context(), nobody, "default", append(list, list[0]))
	refused(t, err, vault.Invalid, "BadParameter")
}

// An order that cannot be taken back, because its provider is gone, is not kept for ever.
func TestWithdrawnOfAProviderThatIsGone(t *testing.T) {
	t.Parallel()
	h, _ := playing(t, waits(vault.Progress{State: []byte("placed"), Again: time.Hour}))
	op := h.create(t, web, policyOf("mydigicert"))
	h.pass(t, time.Second)
	_, err := h.Certificates.DeleteOperation(t.Context(), nobody, web, "")
	must(t, err)
	h.Orders.Issuers.Find = func(string) vault.Issuer { return nil }
	h.pass(t, time.Minute)
	must(t, h.Store.View(t.Context(), func(r vault.Reader) error {
		if _, err := r.Operation(vault.Ref{Vault: web.Vault, Kind: vault.Withdrawn, Name: op.RequestID}); err == nil {
			t.Error("the order is still kept")
		}
		return nil
	}))
}

// What expires in the year 9999 is well, though a store cannot tell so late a date.
func TestSweepLeavesTheFarFutureAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var text bytes.Buffer
	h.Log = slog.New(slog.NewTextHandler(&text, nil))
	exp := time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	secret := vault.Ref{Vault: web.Vault, Kind: vault.Secrets, Name: "word"}
	_, err := h.Secrets.Set(t.Context(), nobody, secret, service.SecretInput{Value: "x", Attributes: service.AttributesInput{Expires: &exp}})
	must(t, err)
	must(t, h.Sweeper.Start(t.Context()))
	h.pass(t, 3*day)
	if text.Len() > 0 {
		t.Error(text.String())
	}
	h.wantOutbox(t, map[string]int{"SecretNewVersionCreated": 1})
}

// A clock that was years ahead for a while must not put renewals off for years.
func TestSweepAfterAWrongClock(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.create(t, web, lives("Self", 12, renew(80)))
	first := h.get(t, web)
	wrong := noon.Add(4 * 365 * day)
	must(t, h.Store.Update(t.Context(), func(tx vault.Tx) error {
		sweep := vault.Ref{Vault: "-", Kind: "sweeps", Name: "daily"}
		if err := tx.PutJob(vault.Job{Kind: vault.JobSweep, Ref: sweep, Due: wrong}); err != nil {
			return err
		}
		if err := tx.PutSchedule(web, vault.Schedule{Version: first.Version.ID, Tries: 3, Retry: wrong}); err != nil {
			return err
		}
		return tx.PutJob(vault.Job{Kind: vault.JobSchedule, Ref: web, Due: wrong})
	}))
	must(t, h.Sweeper.Start(t.Context())) // as a server does that starts
	h.pass(t, 300*day)
	if h.made(t, web) != 2 {
		t.Error("not renewed in time")
	}
}
