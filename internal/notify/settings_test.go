package notify

import (
	"strings"
	"testing"

	"certwright/internal/must"
	"certwright/internal/setting"
	"certwright/internal/store/sqlstore/sqltest"

	"github.com/google/go-cmp/cmp"
)

// What an operator may write, as it stands in docs/notices.md.
func TestSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want []string // beginnings of the errors
	}{
		"nothing": {`{}`, nil},
		"all": {`
smtp: {host: "mail.example.org:587", from: "Certificates <certs@example.org>", user: u, password_file: f, tls: starttls, ca_bundle: ca.pem, hello: vault.example.org}
events:
  - {url: "https://hook.example.org/in?code=x", schema: eventgrid, types: [CertificateNearExpiry, Microsoft.KeyVault.KeyExpired], vaults: [web], secret_file: f, ca_bundle: ca.pem}
  - {name: local, url: "http://127.0.0.1:9000", origin: vault.example.org, skip_handshake: true}
`, nil},
		"shortest": {"smtp: {host: mail, from: a@b}\nevents: [{url: 'https://h'}]", nil},
		"IPv6":     {"smtp: {host: '::1', from: a@b, tls: none, user: u, password_file: f}", nil},
		"empty":    {"smtp: {}\nevents: [{}]", []string{"smtp: host:", "smtp: from:", "events: item 1: url:"}},
		"wrong mail": {`smtp: {host: "a b:587", from: "x", user: u, tls: maybe, hello: "a b"}`,
			[]string{`smtp: host: "a b:587"`, `smtp: from: "x"`, `smtp: tls: "maybe"`, "smtp: user:", `smtp: hello: "a b"`}},
		"wrong port":     {`smtp: {host: "mail:0", from: a@b}`, []string{`smtp: host: "mail:0"`}},
		"readable":       {`smtp: {host: mail, from: a@b, tls: none, user: u, password_file: f, ca_bundle: c}`, []string{"smtp: user: a password needs", "smtp: ca_bundle:"}},
		"injected from":  {`smtp: {host: mail, from: "\"a\\\r\\\nb\"@c"}`, []string{"smtp: from:"}},
		"plain http":     {`events: [{url: "http://hook.example.org"}]`, []string{`events: item 1: url: "http://hook.example.org" must begin with https`}},
		"user in url":    {`events: [{url: "https://u:topsecret@h/"}]`, []string{"events: item 1: url:"}},
		"fragment":       {`events: [{url: "https://h/?a=topsecret#x"}]`, []string{"events: item 1: url: it must have no fragment"}},
		"unreadable url": {`events: [{url: "https://h/?a=topsecret\x01"}]`, []string{"events: item 1: url: its query"}},
		"wrong hook": {`events: [{url: "https://h", name: mail, schema: xml, types: [Nothing], vaults: [a.b], origin: "a b"}]`,
			[]string{`events: item 1: name: "mail"`, `events: item 1: schema: "xml"`, `events: item 1: types: "Nothing"`, `events: item 1: vaults: "a.b"`, `events: item 1: origin: "a b"`}},
		"twice": {`events: [{url: "https://h"}, {url: "https://h"}, {url: "https://h", name: other}]`, []string{"events: item 2: name:"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s Settings
			must.Do(t, setting.Read([]byte(c.text), s.Fields(), "/"))
			got := s.Check()
			if len(got) != len(c.want) {
				t.Fatalf("%d errors, want %d: %v", len(got), len(c.want), got)
			}
			for i, err := range got {
				if !strings.HasPrefix(err.Error(), c.want[i]) || strings.Contains(err.Error(), "topsecret") {
					t.Errorf("%q, want %q", err, c.want[i])
				}
			}
		})
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	for tls, want := range map[string]string{"": "mail:587", "starttls": "mail:587", "tls": "mail:465", "none": "mail:25"} {
		if got := (MailSettings{Host: "mail", TLS: tls}).withDefaults().Host; got != want {
			t.Errorf("tls %q: %s, want %s", tls, got, want)
		}
	}
	if got := (WebhookSettings{URL: "https://Hook.example.org/topsecret"}).withDefaults().Name; !strings.HasPrefix(got, "hook.example.org-") || len(got) != 25 || strings.Contains(got, "topsecret") {
		t.Errorf("name %q", got)
	}
}

// Open makes a sink of each, by names that stay.
func TestOpen(t *testing.T) {
	t.Parallel()
	store, file := sqltest.Open(t), write0600(t, []byte("x"))
	s := Settings{
		SMTP:   &MailSettings{Host: "mail", From: "a@example.org", User: "u", PasswordFile: file},
		Events: []WebhookSettings{{URL: "https://h", SecretFile: file}, {Name: "other", URL: "https://h"}},
	}
	sinks, err := s.Open(means(store))
	must.Do(t, err)
	c := Delivery{Sinks: sinks}
	if diff := cmp.Diff([]string{nameOf("https://h"), "other"}, c.For(event(1))); diff != "" {
		t.Errorf("an event (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"mail"}, c.For(letterTo(1))); diff != "" {
		t.Errorf("a mail (-want +got):\n%s", diff)
	}
	for name, broken := range map[string]Settings{
		"smtp: password_file":         {SMTP: &MailSettings{Host: "mail", From: "a@example.org", User: "u", PasswordFile: "/nowhere"}},
		"events: item 1: secret_file": {Events: []WebhookSettings{{URL: "https://h", SecretFile: "/nowhere"}}},
		"events: item 2: name":        {Events: []WebhookSettings{{URL: "https://h"}, {URL: "https://h"}}},
	} {
		if _, err := broken.Open(means(store)); err == nil || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := New(Delivery{}); err == nil {
		t.Error("an empty delivery is taken")
	}
}
