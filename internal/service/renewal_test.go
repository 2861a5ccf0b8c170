package service_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"certwright/internal/policy"
	"certwright/internal/service"
	"certwright/internal/vault"

	"github.com/google/go-cmp/cmp"
)

const day = 24 * time.Hour

// lives makes a policy by issuer that does these things.
func lives(issuer string, months int, actions ...vault.LifetimeAction) *policy.Patch {
	p := policyOf(issuer)
	p.X509.ValidityMonths = &months
	p.Lifetime = &actions
	return p
}

func renew(percent int) vault.LifetimeAction {
	return vault.LifetimeAction{Action: vault.AutoRenew, Trigger: vault.Trigger{LifetimePercentage: percent}}
}

func write(daysBefore int) vault.LifetimeAction {
	return vault.LifetimeAction{Action: vault.EmailContacts, Trigger: vault.Trigger{DaysBeforeExpiry: daysBefore}}
}

// outbox counts what was told, by topic; mails by the end of their subject.
func (h *house) outbox(t *testing.T) map[string]int {
	t.Helper()
	count := map[string]int{}
	must(t, h.Store.View(t.Context(), func(r vault.Reader) error {
		all, err := r.Outbox("", vault.Delivered, 0, 10000)
		for _, m := range all {
			what := strings.TrimPrefix(m.Topic, "Microsoft.KeyVault.")
			if m.Topic == vault.TopicMail {
				var mail vault.Mail
				must(t, json.Unmarshal(m.Body, &mail))
				_, what, _ = strings.Cut(mail.Subject, "in vault default ")
				what, _, _ = strings.Cut(what, " on ")
			}
			count[what]++
		}
		return err
	}))
	return count
}

func (h *house) contacts(t *testing.T) {
	t.Helper()
	_, err := h.Contacts.Put(t.Context(), nobody, web.Vault, []vault.Contact{{Email: "ops@example.test"}})
	must(t, err)
}

func (h *house) made(t *testing.T, ref vault.Ref) int {
	t.Helper()
	p, err := h.ListVersions(t.Context(), nobody, ref, service.ListInput{Limit: 25})
	must(t, err)
	return len(p.Items)
}

func (h *house) wantOutbox(t *testing.T, want map[string]int) {
	t.Helper()
	if diff := cmp.Diff(want, h.outbox(t)); diff != "" {
		t.Errorf("outbox (-want +got):\n%s", diff)
	}
}

// A certificate renews itself when its policy says, with its tags, and people
// and programs are told once.
func TestRenewal(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.contacts(t)
	_, err := h.Certificates.Create(t.Context(), nobody, web, service.CreateInput{Policy: lives("Self", 12, renew(80)), Tags: map[string]string{"team": "a"}})
	must(t, err)
	h.pass(t, 291*day)
	first := h.get(t, web)
	if n := h.made(t, web); n != 1 {
		t.Fatalf("%d versions before the trigger", n)
	}
	h.pass(t, 2*day)
	second := h.get(t, web)
	if second.Version.ID == first.Version.ID || h.made(t, web) != 2 {
		t.Fatal("not renewed at 80 percent")
	}
	if diff := cmp.Diff(first.Version.Tags, second.Version.Tags); diff != "" || !second.Version.Attributes.Enabled {
		t.Errorf("tags: %s", diff)
	}
	op := h.status(t, web)
	if !op.Renewal || op.Status != vault.Completed || op.Target != second.Version.ID {
		t.Errorf("%+v", op)
	}
	h.wantOutbox(t, map[string]int{"CertificateNewVersionCreated": 2, "is being renewed": 1, "was renewed": 1})
	h.pass(t, 400*day)
	h.wantOutbox(t, map[string]int{"CertificateNewVersionCreated": 3, "is being renewed": 2, "was renewed": 2})
}

// Whoever asked for mail gets one, before the end, and the end is told.
func TestEmailContacts(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.contacts(t)
	h.create(t, web, lives("Self", 12, write(20)))
	h.pass(t, 344*day)
	h.wantOutbox(t, map[string]int{"CertificateNewVersionCreated": 1, "CertificateNearExpiry": 1})
	h.pass(t, 2*day)
	want := map[string]int{"CertificateNewVersionCreated": 1, "CertificateNearExpiry": 1, "expires": 1}
	h.wantOutbox(t, want)
	h.pass(t, 100*day)
	want["CertificateExpired"] = 1
	h.wantOutbox(t, want)
	if h.made(t, web) != 1 {
		t.Error("renewed though only mail was asked for")
	}
}

// A number of days that the certificate does not live renews at two thirds,
// not for ever.
func TestTriggerBeyondTheLifetime(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := &played{}
	p.steps = []step{func(o vault.Order) (vault.Progress, error) { return h.issues(o) }}
	h.Orders.Issuers.Find = func(string) vault.Issuer { return p }
	h.issuer(t, "")
	h.create(t, web, lives("mydigicert", 1, vault.LifetimeAction{Action: vault.AutoRenew, Trigger: vault.Trigger{DaysBeforeExpiry: 27}}))
	p.steps = []step{func(o vault.Order) (vault.Progress, error) { // shorter than asked, as public authorities do
		leaf, err := h.authority.Issue(o.CSR, 1, o.Now.Add(-20*day))
		return vault.Progress{Chain: [][]byte{leaf, h.authority.Certificate}}, err
	}}
	h.authority.Certificate = h.authorityFrom(t, noon.AddDate(-1, 0, 0))
	h.pass(t, 365*day)
	if n := len(p.asked); n < 12 || n > 60 { // ten days each, two thirds of it
		t.Errorf("asked %d times in a year", n)
	}
}

// A renewal that fails leaves the version in use, is tried again by the ladder,
// tells people once, and heals when the issuer does.
func TestRenewalFails(t *testing.T) {
	t.Parallel()
	h, p := playing(t)
	h.contacts(t)
	p.steps = []step{h.issues}
	h.create(t, web, lives("mydigicert", 12, renew(80)))
	h.pass(t, day)
	first := h.get(t, web)
	p.steps = []step{waits(vault.Progress{Failure: &vault.Failure{Code: vault.RequestRejected, Message: "CAA forbids it."}})}
	h.pass(t, 293*day)
	if n := len(p.asked); n < 5 || n > 8 { // 0, 1 h, 3 h, 7 h, 15 h, 31 h
		t.Errorf("tried %d times within two days", n)
	}
	if op := h.status(t, web); op.Status != vault.Failed || op.Failure.Message != "CAA forbids it." || !op.Renewal {
		t.Errorf("%+v", op)
	}
	if got := h.get(t, web); got.Version.ID != first.Version.ID {
		t.Error("the version in use changed")
	}
	h.wantOutbox(t, map[string]int{"CertificateNewVersionCreated": 1, "is being renewed": 1, "could not be renewed": 1, "Certwright.CertificateRenewalFailed": 1})
	p.steps = []step{h.issues}
	h.pass(t, 2*day)
	if h.made(t, web) != 2 {
		t.Error("not renewed though the issuer would")
	}
	h.wantOutbox(t, map[string]int{"CertificateNewVersionCreated": 2, "is being renewed": 1, "could not be renewed": 1, "Certwright.CertificateRenewalFailed": 1, "was renewed": 1})
}

// An issuer that is gone or disabled shows on the pending object; the renewal
// goes on when it is back.
func TestRenewalRefused(t *testing.T) {
	t.Parallel()
	h, p := playing(t)
	h.contacts(t)
	p.steps = []step{h.issues}
	h.create(t, web, lives("mydigicert", 12, renew(80)))
	h.pass(t, day)
	set := func(on bool) {
		_, err := h.Issuers.Update(t.Context(), nobody, web.Vault, "mydigicert", service.IssuerInput{Enabled: &on})
		must(t, err)
	}
	set(false)
	h.pass(t, 293*day)
	op := h.status(t, web)
	if op.Status != vault.Failed || !strings.Contains(op.Failure.Message, "mydigicert") || len(op.History) != 1 {
		t.Errorf("%+v", op)
	}
	_, err := h.Certificates.Merge(t.Context(), nobody, web, service.MergeInput{X5C: []string{h.leafFor(t, p.asked[0].CSR)}})
	refused(t, err, vault.Denied, "Forbidden")
	set(true)
	h.pass(t, 2*day)
	if h.made(t, web) != 2 {
		t.Error("not renewed by an issuer that is back")
	}
	h.wantOutbox(t, map[string]int{"CertificateNewVersionCreated": 2, "could not be renewed": 1, "Certwright.CertificateRenewalFailed": 1, "is being renewed": 1, "was renewed": 1})
}

// A renewal is a pending operation like any other: whoever cancels or deletes
// it puts it off, and it comes back.
func TestRenewalIsCancelled(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(h *house) error{
		"cancelled": func(h *house) error {
			_, err := h.Certificates.UpdateOperation(t.Context(), nobody, web, "", true)
			return err
		},
		"deleted": func(h *house) error {
			_, err := h.Certificates.DeleteOperation(t.Context(), nobody, web, "")
			return err
		},
	} {
		h, p := playing(t)
		p.steps = []step{h.issues}
		h.create(t, web, lives("mydigicert", 12, renew(80)))
		h.pass(t, day)
		p.steps = []step{waits(vault.Progress{State: []byte("x"), Again: time.Hour})}
		h.pass(t, 292*day)
		if op := h.status(t, web); op.Status != vault.InProgress || !op.Renewal {
			t.Fatalf("%+v", op)
		}
		must(t, stop(h))
		h.pass(t, 30*time.Minute)
		if op, err := h.Certificates.GetOperation(t.Context(), nobody, web, ""); err == nil && op.Status == vault.InProgress {
			t.Errorf("%s: began again at once", name)
		}
		p.steps = []step{h.issues}
		h.pass(t, day)
		if h.made(t, web) != 2 {
			t.Errorf("%s: does not come back", name)
		}
	}
}

// An edit of the policy takes effect at once; on its own it issues nothing.
func TestPolicyEdit(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.create(t, web, lives("Self", 12, renew(80)))
	h.pass(t, 100*day)
	edit := func(actions ...vault.LifetimeAction) {
		_, err := h.Certificates.UpdatePolicy(t.Context(), nobody, web, policy.Patch{Lifetime: &actions})
		must(t, err)
		h.pass(t, time.Minute)
	}
	edit(renew(90))
	edit(renew(50))
	if n := h.made(t, web); n != 1 {
		t.Fatalf("%d versions after edits", n)
	}
	edit(renew(20))
	if n := h.made(t, web); n != 2 {
		t.Errorf("%d versions, want the second at once", n)
	}
}

// What failed by the old policy is tried at once by the new one.
func TestPolicyEditMendsARenewal(t *testing.T) {
	t.Parallel()
	h, p := playing(t)
	p.steps = []step{h.issues}
	h.create(t, web, lives("mydigicert", 12, renew(80)))
	h.pass(t, day)
	p.steps = []step{waits(vault.Progress{Failure: &vault.Failure{Code: vault.RequestRejected, Message: "CAA forbids it."}})}
	h.pass(t, 300*day)
	tries := len(p.asked)
	p.steps = []step{h.issues}
	_, err := h.Certificates.UpdatePolicy(t.Context(), nobody, web, policy.Patch{X509: &policy.X509Patch{Subject: ptr("CN=other.example.test")}})
	must(t, err)
	h.pass(t, time.Minute)
	if h.made(t, web) != 2 {
		t.Errorf("not renewed after the edit; asked %d times before", tries)
	}
}

// The issuer's suggestion pulls a renewal forward.
func TestSuggestionIsFollowed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := &suggesting{played: &played{}, window: vault.Suggestion{Start: noon.Add(40 * day), End: noon.Add(41 * day), Again: 6 * time.Hour}}
	p.steps = []step{h.issues}
	h.Orders.Issuers.Find = func(string) vault.Issuer { return p }
	h.issuer(t, "")
	h.create(t, web, lives("mydigicert", 12, renew(80)))
	h.pass(t, 39*day)
	if n := h.made(t, web); n != 1 {
		t.Fatalf("%d versions before the window", n)
	}
	h.pass(t, 3*day)
	if n := h.made(t, web); n != 2 {
		t.Errorf("%d versions after the window", n)
	}
}

type suggesting struct {
	*played
	window vault.Suggestion
	about  []byte // the leaf first asked about
}

func (s *suggesting) Suggest(_ context.Context, i vault.Issued) (vault.Suggestion, error) {
	if len(i.Chain) != 2 || string(i.Ref) != "order 9" {
		return vault.Suggestion{}, errors.New("asked about something else")
	}
	if s.about == nil {
		s.about = i.Chain[0]
	}
	if !bytes.Equal(s.about, i.Chain[0]) {
		return vault.Suggestion{}, vault.ErrNotFound
	}
	return s.window, nil
}

// Keys and secrets tell of their age too, and anew where the date is moved.
func TestAgeOfSecretsAndKeys(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	exp := noon.Add(60 * day)
	secret := vault.Ref{Vault: web.Vault, Kind: vault.Secrets, Name: "word"}
	_, err := h.Secrets.Set(t.Context(), nobody, secret, service.SecretInput{Value: "x", Attributes: service.AttributesInput{Expires: &exp}})
	must(t, err)
	_, err = h.Keys.Create(t.Context(), nobody, secret.As(vault.Keys), service.KeyInput{Type: vault.EC, Attributes: service.AttributesInput{Expires: &exp}})
	must(t, err)
	h.pass(t, 31*day)
	want := map[string]int{"SecretNewVersionCreated": 1, "KeyNewVersionCreated": 1, "SecretNearExpiry": 1, "KeyNearExpiry": 1}
	h.wantOutbox(t, want)
	later := noon.Add(90 * day)
	_, err = h.Secrets.Update(t.Context(), nobody, secret, "", service.SecretUpdate{Attributes: service.AttributesInput{Expires: &later}})
	must(t, err)
	h.pass(t, 30*day)
	want["SecretNearExpiry"], want["KeyExpired"] = 2, 1
	h.wantOutbox(t, want)
	h.pass(t, 30*day)
	want["SecretExpired"] = 1
	h.wantOutbox(t, want)
}

// A soft-deleted object goes when its date comes, whole, and not before; one
// that was recovered stays.
func TestPurgeOnItsDate(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.Settings = func(name string) vault.Settings {
		s := vault.DefaultSettings(name)
		s.SoftDeleteDays, s.PurgeProtection = 7, true
		return s
	}
	kept := vault.Ref{Vault: web.Vault, Kind: vault.Certificates, Name: "kept"}
	word := vault.Ref{Vault: web.Vault, Kind: vault.Secrets, Name: "word"}
	for _, ref := range []vault.Ref{web, kept} {
		h.create(t, ref, policyOf("Self"))
		h.status(t, ref)
		_, err := h.Delete(t.Context(), nobody, ref)
		must(t, err)
	}
	_, err := h.Secrets.Set(t.Context(), nobody, word, service.SecretInput{Value: "x"})
	must(t, err)
	_, err = h.Delete(t.Context(), nobody, word)
	must(t, err)
	h.pass(t, 7*day-time.Minute)
	refused(t, h.Purge(t.Context(), nobody, web), vault.Denied, "Forbidden")
	_, err = h.GetDeleted(t.Context(), nobody, web)
	must(t, err)
	_, err = h.Recover(t.Context(), nobody, kept)
	must(t, err)
	h.pass(t, 2*time.Minute)
	for _, ref := range []vault.Ref{web, web.As(vault.Keys), web.As(vault.Secrets), word} {
		err := h.Store.View(t.Context(), func(r vault.Reader) error { _, err := r.Object(ref); return err })
		if !errors.Is(err, vault.ErrNotFound) {
			t.Errorf("%s is still there: %v", ref, err)
		}
	}
	h.pass(t, 100*day)
	if c := h.get(t, kept); c.Version.Certificate == nil {
		t.Error("what was recovered is gone")
	}
	h.create(t, web, policyOf("Self")) // the name is free again
}

// A job that was lost heals with the daily sweep, whatever it was for.
func TestSweepHeals(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	must(t, h.Sweeper.Start(t.Context()))
	must(t, h.Sweeper.Start(t.Context())) // once is enough
	refs := make([]vault.Ref, 70)         // times three kinds: more than a page
	for i := range refs {
		refs[i] = vault.Ref{Vault: web.Vault, Kind: vault.Certificates, Name: fmt.Sprint("c", i)}
		h.create(t, refs[i], lives("Self", 1, renew(80)))
		h.status(t, refs[i])
	}
	h.pass(t, 2*day) // all is well so far
	gone := vault.Ref{Vault: web.Vault, Kind: vault.Certificates, Name: "gone"}
	h.create(t, gone, policyOf("Self"))
	h.status(t, gone)
	_, err := h.Delete(t.Context(), nobody, gone)
	must(t, err)
	ordered := vault.Ref{Vault: web.Vault, Kind: vault.Certificates, Name: "ordered"}
	h.create(t, ordered, policyOf("Self"))
	must(t, h.Store.Update(t.Context(), func(tx vault.Tx) error {
		for _, ref := range refs {
			if err := tx.DeleteJob(vault.JobSchedule, ref); err != nil {
				return err
			}
		}
		if err := tx.DeleteJob(vault.JobPurge, gone); err != nil {
			return err
		}
		return tx.DeleteJob(vault.JobIssue, ordered)
	}))
	h.pass(t, 26*day)
	if h.made(t, ordered) != 1 {
		t.Error("an order whose job was lost is stuck")
	}
	for _, ref := range slices.Concat(refs[:3], refs[67:]) {
		if h.made(t, ref) != 2 {
			t.Errorf("%s was not renewed", ref)
		}
	}
	h.pass(t, 65*day)
	_, err = h.GetDeleted(t.Context(), nobody, gone)
	refused(t, err, vault.NotFound, "CertificateNotFound")
}

// Messages go to the sinks that want them, in the same transaction.
func TestSinks(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.Scheduler.Receivers = func(m vault.Message) []string {
		if m.Topic == vault.TopicMail {
			return []string{"smtp"}
		}
		return []string{"hook", "other"}
	}
	h.create(t, web, policyOf("Self"))
	h.status(t, web)
	got := map[string]int{}
	must(t, h.Store.View(t.Context(), func(r vault.Reader) error {
		for _, sink := range []string{"smtp", "hook", "other"} {
			list, err := r.Queue(sink, 10)
			if err != nil {
				return err
			}
			if got[sink] = len(list); len(list) == 0 {
				continue
			}
			if _, err := r.Job(vault.JobDeliver, vault.Ref{Vault: "-", Kind: vault.Sinks, Name: sink}); err != nil {
				return err
			}
		}
		return nil
	}))
	if want := map[string]int{"smtp": 0, "hook": 1, "other": 1}; !maps.Equal(got, want) {
		t.Errorf("queued %v, want %v", got, want)
	}
}

// A due time between two seconds is met at the next one: with a clock that
// stands still nothing is looked at for ever.
func TestDueBetweenSeconds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.Settings = func(name string) vault.Settings {
		s := vault.DefaultSettings(name)
		s.RenewSpread = 6 * time.Hour // which is no whole number of seconds
		return s
	}
	h.create(t, web, lives("Self", 1, renew(80)))
	h.status(t, web)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	must(t, h.worker.Advance(ctx, movable{h.clock}, 30*day))
	if n := h.made(t, web); n != 2 {
		t.Errorf("%d versions, want 2", n)
	}
}
