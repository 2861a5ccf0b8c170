package service_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"certwright/internal/policy"
	"certwright/internal/vault"
)

// A trigger with nobody to hear it is not used up: the log has it, and it is
// sent once there are contacts, each thing once and only what is still true.
func TestMailWaitsForContacts(t *testing.T) {
	t.Parallel()
	h, p := playing(t)
	var log bytes.Buffer
	h.Log = slog.New(slog.NewTextHandler(&log, nil))
	named := func(name string) vault.Ref { return vault.Ref{Vault: web.Vault, Kind: vault.Certificates, Name: name} }
	p.steps = []step{h.issues}
	h.create(t, named("by-mail"), lives("mydigicert", 12, write(60)))
	h.create(t, named("stuck"), lives("mydigicert", 12, renew(80)))
	h.create(t, named("mended"), lives("mydigicert", 12, renew(80)))
	h.pass(t, 200*day)
	p.steps = []step{waits(vault.Progress{Failure: &vault.Failure{Code: vault.RequestRejected, Message: "CAA forbids it."}})}
	h.pass(t, 118*day) // both renewals failed and are late
	_, err := h.Certificates.UpdatePolicy(t.Context(), nobody, named("mended"), policy.Patch{Lifetime: &[]vault.LifetimeAction{write(10)}})
	must(t, err)
	asks := waits(vault.Progress{Asks: true, Again: time.Hour, Detail: "It asks for web.example.test."})
	p.steps = []step{asks}
	h.create(t, named("asking"), lives("mydigicert", 12, renew(80)))
	h.pass(t, time.Minute)
	if mails, _ := h.sent(t, vault.TopicMail, ""); len(mails) != 0 {
		t.Fatalf("%d mails to nobody", len(mails))
	}
	for _, said := range []string{"mail has nobody to go to", `Certificate by-mail in vault default expires on`, "certificate=stuck", "certificate=asking"} {
		if !strings.Contains(log.String(), said) {
			t.Errorf("the log has no %q:\n%s", said, log.String())
		}
	}
	for range 2 { // the second list is no news
		h.contacts(t)
		h.pass(t, 2*day)
	}
	for subject, want := range map[string]int{
		"Certificate by-mail in vault default": 1, "Certificate by-mail in vault default expires on": 1,
		"Certificate stuck in vault default: its renewal is late": 1, "Certificate stuck in vault default waits for approval": 1,
		"Certificate asking in vault default": 1, "Certificate asking in vault default waits for approval": 1,
		"Certificate mended in vault default: its renewal is late": 0,
	} {
		if mails, texts := h.sent(t, vault.TopicMail, subject); len(mails) != want {
			t.Errorf("%d mails %q, want %d: %v", len(mails), subject, want, texts)
		}
	}
	_, err = h.Contacts.Delete(t.Context(), nobody, web.Vault)
	must(t, err)
	h.contacts(t)
	before, _ := h.sent(t, vault.TopicMail, "")
	h.pass(t, time.Minute)
	if after, _ := h.sent(t, vault.TopicMail, ""); len(after) != len(before) {
		t.Errorf("%d mails were written twice", len(after)-len(before))
	}
}

// A list with an address that no mail can go to changes nothing.
func TestContactsAreChecked(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.contacts(t)
	_, err := h.Contacts.Put(t.Context(), nobody, web.Vault, []vault.Contact{{Email: "ops@example.test"}, {Email: "Ops <ops@example.test>"}})
	refused(t, err, vault.Invalid, "BadParameter")
	if c, err := h.Contacts.Get(t.Context(), nobody, web.Vault); err != nil || len(c) != 1 {
		t.Errorf("%v %v", c, err)
	}
}

// What was owed while the job of a new list was lost is sent by the sweep.
func TestSweepPaysWhatIsOwed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.create(t, web, lives("Self", 12, write(60)))
	must(t, h.Sweeper.Start(t.Context()))
	h.pass(t, 310*day)
	must(t, h.Store.Update(t.Context(), func(tx vault.Tx) error {
		return tx.PutContacts(web.Vault, []vault.Contact{{Email: "ops@example.test"}})
	}))
	h.pass(t, 2*day)
	if mails, _ := h.sent(t, vault.TopicMail, "expires on"); len(mails) != 1 {
		t.Errorf("%d mails", len(mails))
	}
}
