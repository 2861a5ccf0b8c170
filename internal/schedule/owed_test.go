package schedule_test

import (
	"strings"
	"testing"
	"time"

	"certwright/internal/policy"
	"certwright/internal/schedule"
	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"
)

// A trigger with nobody to hear it is not used up: the log has it, and it is
// sent once there are contacts, each thing once and only what is still true.
func TestMailWaitsForContacts(t *testing.T) {
	t.Parallel()
	h, p := Playing(t)
	log := h.Hear()
	named := func(name string) vault.Ref { return Certificate(name) }
	p.Steps = []Step{h.Issues}
	h.Create(t, named("by-mail"), Lives("mydigicert", 12, MailBefore(60)))
	h.Create(t, named("stuck"), Lives("mydigicert", 12, RenewAt(80)))
	h.Create(t, named("mended"), Lives("mydigicert", 12, RenewAt(80)))
	h.Pass(t, 200*Day)
	p.Steps = []Step{Waits(Refusal)}
	h.Pass(t, 118*Day) // both renewals failed and are late
	h.EditPolicy(t, named("mended"), policy.Patch{Lifetime: &[]vault.LifetimeAction{MailBefore(10)}})
	asks := Waits(vault.Progress{WantsApproval: true, Again: time.Hour, Detail: "It asks for web.example.test."})
	p.Steps = []Step{asks}
	h.Create(t, named("asking"), Lives("mydigicert", 12, RenewAt(80)))
	h.Pass(t, time.Minute)
	if mails, _ := h.Sent(t, vault.TopicMail, ""); len(mails) != 0 {
		t.Fatalf("%d mails to nobody", len(mails))
	}
	for _, said := range []string{"mail has nobody to go to", `Certificate by-mail in vault default expires on`, "certificate=stuck", "certificate=asking"} {
		if !strings.Contains(log.String(), said) {
			t.Errorf("the log has no %q:\n%s", said, log.String())
		}
	}
	for range 2 { // the second list is no news
		h.SetContacts(t)
		h.Pass(t, 2*Day)
	}
	for subject, want := range map[string]int{
		"Certificate by-mail in vault default": 1, "Certificate by-mail in vault default expires on": 1,
		"Certificate stuck in vault default: its renewal is late": 1, "Certificate stuck in vault default waits for approval": 1,
		"Certificate asking in vault default": 1, "Certificate asking in vault default waits for approval": 1,
		"Certificate mended in vault default: its renewal is late": 0,
	} {
		if mails, texts := h.Sent(t, vault.TopicMail, subject); len(mails) != want {
			t.Errorf("%d mails %q, want %d: %v", len(mails), subject, want, texts)
		}
	}
	_, err := h.Contacts.Delete(t.Context(), Nobody, Web.Vault)
	Must(t, err)
	h.SetContacts(t)
	before, _ := h.Sent(t, vault.TopicMail, "")
	h.Pass(t, time.Minute)
	if after, _ := h.Sent(t, vault.TopicMail, ""); len(after) != len(before) {
		t.Errorf("%d mails were written twice", len(after)-len(before))
	}
}

// Of a late renewal of which nobody was told only the last word is said.
func TestOnlyTheLastWordIsOwed(t *testing.T) {
	t.Parallel()
	h, _ := Failing(t)
	h.Pass(t, 60*Day) // near its expiry
	h.SetContacts(t)
	h.Pass(t, time.Minute)
	for subject, want := range map[string]int{"could not be renewed": 1, "its renewal is late": 0, "is not renewed and expires soon": 1} {
		if mails, _ := h.Sent(t, vault.TopicMail, subject); len(mails) != want {
			t.Errorf("%d mails %q, want %d", len(mails), subject, want)
		}
	}
}

// What was owed while the job of a new list was lost is sent by the sweep.
func TestSweepPaysWhatIsOwed(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	h.Create(t, Web, Lives("Self", 12, MailBefore(60)))
	Must(t, h.Sweeper.Start(t.Context()))
	h.Pass(t, 310*Day)
	h.PutContacts(t, vault.Contact{Email: "ops@example.test"})
	h.Pass(t, 2*Day)
	if mails, _ := h.Sent(t, vault.TopicMail, "expires on"); len(mails) != 1 {
		t.Errorf("%d mails", len(mails))
	}
}

// A list of contacts that is put while the mails owed to the one before are written
// is written to as well.
func TestContactsWhileMailIsPaid(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	h.SetContacts(t)
	l := h.Take(t, vault.JobOwed, schedule.ContactsRef(Web.Vault))
	h.BeforeWrite(func() {
		_, err := h.Contacts.Delete(t.Context(), Nobody, Web.Vault)
		Must(t, err)
		h.SetContacts(t)
	})
	Must(t, h.Scheduler.SendOwed(t.Context(), l))
	h.Job(t, vault.JobOwed, l.Ref)
	if n, err := h.Worker.RunDue(t.Context()); n != 1 || err != nil { // and then no more
		t.Errorf("%d jobs, %v", n, err)
	}
}
