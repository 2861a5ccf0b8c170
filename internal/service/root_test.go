package service_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"certwright/internal/service"
	"certwright/internal/vault"
)

// A new root is told of to every issuer of its provider, in all vaults: an event,
// and a mail to its administrators or else to the vault's contacts.
func TestAnnounceRoot(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.contacts(t)
	put := func(vaultName, name, provider string, admins ...vault.Admin) {
		t.Helper()
		in := service.IssuerInput{Provider: &provider}
		if admins != nil {
			in.Organization = &service.OrganizationInput{Admins: &admins}
		}
		_, err := h.Issuers.Put(t.Context(), nobody, vaultName, name, in)
		must(t, err)
	}
	put("default", "own", "internal", vault.Admin{Email: "pki@example.test"}, vault.Admin{FirstName: "Kim"})
	put("default", "plain", "Internal")
	put("default", "other", "DigiCert", vault.Admin{Email: "no@example.test"})
	put("far", "lonely", "Internal")
	root := vault.NewRoot{Provider: "Internal", CommonName: "Internal Root 2", File: "internal-root2.crt", Roots: "internal.pem", Thumbprint: strings.Repeat("A", 64),
		Made: noon, From: noon.AddDate(0, 6, 0), Expires: noon.AddDate(20, 0, 0)}
	must(t, h.Scheduler.AnnounceRoot(t.Context(), root))
	var events, mails []string
	must(t, h.Store.View(t.Context(), func(r vault.Reader) error {
		all, err := r.Outbox("", vault.Delivered, 0, 100)
		for _, m := range all {
			if m.Topic != vault.TopicMail {
				var data struct{ ObjectName, Root, File string }
				must(t, json.Unmarshal(m.Body, &data))
				events = append(events, m.Topic+" "+m.Ref.String()+" "+data.ObjectName+" "+data.Root+" "+data.File)
				continue
			}
			var mail vault.Mail
			must(t, json.Unmarshal(m.Body, &mail))
			mails = append(mails, strings.Join(mail.To, ",")+": "+mail.Subject)
			for _, want := range []string{root.Thumbprint, "/pki/internal.pem", "2027-05-22 12:00 UTC"} {
				if !strings.Contains(mail.Text, want) {
					t.Errorf("the mail does not say %s:\n%s", want, mail.Text)
				}
			}
		}
		return err
	}))
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
	h := newHouse(t)
	h.contacts(t)
	for name, admins := range map[string][]vault.Admin{"plain": nil, "own": {{Email: "pki@example.test"}}} {
		_, err := h.Issuers.Put(t.Context(), nobody, "default", name, service.IssuerInput{Provider: ptr("Internal"), Organization: &service.OrganizationInput{Admins: &admins}})
		must(t, err)
	}
	must(t, h.Scheduler.AnnounceRoot(t.Context(), vault.NewRoot{Provider: "Internal", CommonName: "Internal Root", Made: noon, From: noon, Expires: noon.AddDate(20, 0, 0), First: true}))
	h.wantOutbox(t, map[string]int{vault.EventNewRoot: 2, "has a new root: Internal Root": 1})
}

// An administrator whom no mail can reach is refused when the issuer is set.
func TestAdministratorsAreChecked(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	put := func(email string) error {
		_, err := h.Issuers.Put(t.Context(), nobody, "default", "own", service.IssuerInput{Provider: ptr("Internal"), Organization: &service.OrganizationInput{Admins: &[]vault.Admin{{Email: email}}}})
		return err
	}
	must(t, put("pki@example.test"))
	refused(t, put("pki"), vault.Invalid, "BadParameter")
}
