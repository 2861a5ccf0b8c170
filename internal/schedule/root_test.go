package schedule_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"certwright/internal/service"
	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"
)

// A new root is told of to every issuer of its provider, in all vaults: an event,
// and a mail to its administrators or else to the vault's contacts.
func TestAnnounceRoot(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	h.SetContacts(t)
	put := func(vaultName, name, provider string, admins ...vault.Admin) {
		t.Helper()
		in := service.IssuerInput{Provider: &provider}
		if admins != nil {
			in.Organization = &service.OrganizationInput{Admins: &admins}
		}
		_, err := h.Issuers.Put(t.Context(), Nobody, vaultName, name, in)
		Must(t, err)
	}
	put("default", "own", "internal", vault.Admin{Email: "pki@example.test"}, vault.Admin{FirstName: "Kim"})
	put("default", "plain", "Internal")
	put("default", "other", "DigiCert", vault.Admin{Email: "no@example.test"})
	put("far", "lonely", "Internal")
	root := vault.NewRoot{Provider: "Internal", CommonName: "Internal Root 2", File: "internal-root2.crt", Roots: "internal.pem", Thumbprint: strings.Repeat("A", 64),
		Made: Noon, From: Noon.AddDate(0, 6, 0), Expires: Noon.AddDate(20, 0, 0)}
	Must(t, h.Scheduler.AnnounceRoot(t.Context(), root))
	var events, mails []string
	for _, m := range h.Messages(t) {
		if m.Topic != vault.TopicMail {
			var data struct{ ObjectName, Root, File string }
			Must(t, json.Unmarshal(m.Body, &data))
			events = append(events, m.Topic+" "+m.Ref.String()+" "+data.ObjectName+" "+data.Root+" "+data.File)
			continue
		}
		mail := Mail(t, m)
		mails = append(mails, strings.Join(mail.To, ",")+": "+mail.Subject)
		for _, want := range []string{root.Thumbprint, "/pki/internal.pem", "2027-05-22 12:00 UTC"} {
			if !strings.Contains(mail.Text, want) {
				t.Errorf("the mail does not say %s:\n%s", want, mail.Text)
			}
		}
	}
	wantEvents := []string{
		"Certwright.IssuerNewRootCreated default/issuers/own own Internal Root 2 internal-root2.crt",
		"Certwright.IssuerNewRootCreated default/issuers/plain plain Internal Root 2 internal-root2.crt",
		"Certwright.IssuerNewRootCreated far/issuers/lonely lonely Internal Root 2 internal-root2.crt",
	}
	if slices.Sort(events); !slices.Equal(events, wantEvents) {
		t.Errorf("events %q", events)
	}
	if len(mails) != 2 || !slices.Contains(mails, "pki@example.test: Issuer own in vault default has a new root: Internal Root 2") {
		t.Errorf("mails %q", mails)
	}
}

// A first root takes no other's place: contacts who set nothing up about it get
// no mail, administrators do.
func TestAnnounceFirstRoot(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	h.SetContacts(t)
	for name, admins := range map[string][]vault.Admin{"plain": nil, "own": {{Email: "pki@example.test"}}} {
		_, err := h.Issuers.Put(t.Context(), Nobody, "default", name, service.IssuerInput{Provider: new("Internal"), Organization: &service.OrganizationInput{Admins: &admins}})
		Must(t, err)
	}
	Must(t, h.Scheduler.AnnounceRoot(t.Context(), vault.NewRoot{Provider: "Internal", CommonName: "Internal Root", Made: Noon, From: Noon, Expires: Noon.AddDate(20, 0, 0), First: true}))
	h.WantOutbox(t, map[string]int{vault.EventNewRoot: 2, "has a new root: Internal Root": 1})
}
