package server

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"certwright/internal/access"
	"certwright/internal/audit"
	"certwright/internal/audit/line"
	"certwright/internal/config"
	"certwright/internal/must"
)

// deedLines are the lines of the log since a place in it, in words: phase, name,
// vault, object, facts, status. Pages and the server's own work are left out.
func deedLines(t *testing.T, s *Server, after int) (lines []string, end int) {
	t.Helper()
	text, err := os.ReadFile(s.config.Audit.Path(s.folder.Path))
	must.Do(t, err)
	for raw := range bytes.Lines(text[after:]) {
		var l line.Line
		must.Do(t, json.Unmarshal(raw, &l))
		if l.OperationName == audit.ConsoleRead || !strings.Contains(string(raw), "keeper") {
			continue
		}
		_, in, _ := strings.Cut(l.ResourceID, "/VAULTS/")
		words := []string{string(l.Certwright.Phase), l.OperationName, strings.ToLower(in), l.Property("id")}
		for _, fact := range []string{"provider", "seq", "sink"} {
			if said := l.Property(fact); said != "" {
				words = append(words, fact+"="+said)
			}
		}
		lines = append(lines, strings.Join(strings.Fields(strings.Join(append(words, l.ResultSignature), " ")), " "))
	}
	return lines, len(text)
}

// What is done at the console is in the audit log as what it is, for each object
// that it is done with, before and after; and under the name that the API has for it.
func TestConsoleAuditNamesObjects(t *testing.T) {
	t.Parallel()
	s, secrets := consoled(t, func(c *config.Config) {
		c.Access.Assignments = append(c.Access.Assignments, access.Assignment{Role: "Certwright Administrator", To: access.Principal{Client: "keeper"}, On: "/"})
	})
	g := guestOf(t, s)
	g.signsIn("keeper", secrets["keeper"])
	does := func(path string, status int, want []string, form ...string) {
		t.Helper()
		_, at := deedLines(t, s, 0)
		if got, where, page := g.go1("POST", path, form...); got != status {
			t.Errorf("%s: %d at %s: %.300s", path, got, where, page)
		}
		got, _ := deedLines(t, s, at)
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n%s\nwant\n%s", path, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	done := func(what string) []string { return []string{"begin " + what, "end " + what + " OK"} }
	for _, name := range []string{"one", "two"} {
		in := newForm(name, "Unknown") // whose orders wait
		in[1] = "web"
		does("/ui/new", 200, done("CertificateCreate web certificates/"+name), in...)
	}
	one, two := "CertificateUpdate web certificates/one", "CertificateUpdate web certificates/two"
	chosen := []string{"on", "web/one", "on", "web/two"}
	does("/ui/certificates", 200, slices.Concat(done(one), done(two)), append(chosen, "do", "disable")...)
	does("/ui/certificates", 200, slices.Concat(done(one), done(two)), append(chosen, "do", "tag", "tag", "a=b")...)
	taken := func(name string) []string {
		return []string{"begin CertificateCreate web certificates/" + name, "end CertificateCreate web certificates/" + name + " Conflict"}
	}
	does("/ui/certificates", 409, append(taken("one"), taken("two")...), append(chosen, "do", "renew")...)
	does("/ui/certificates", 409, append(done(one), "begin CertificateUpdate web certificates/gone", "end CertificateUpdate web certificates/gone Not Found"), "on", "web/one", "on", "web/gone", "do", "enable")
	does("/ui/certificates/web/two/delete", 400, []string{"end CertificateDelete web certificates/two Bad Request"}, "name", "one")
	does("/ui/certificates/web/two/delete", 200, done("CertificateDelete web certificates/two"), "name", "two")
	does("/ui/deleted/web/certificates/two/recover", 200, done("CertificateRecover web certificates/two"))
	does("/ui/certificates/web/two/key", 404, []string{"end SecretGet web secrets/two Not Found"}, "name", "two")
	does("/ui/issuers", 200, done("CertificateIssuerSet web certificates/issuers/mine"), "vault", "web", "name", "mine", "provider", "internal")
	does("/ui/issuers/web/mine/disable", 200, done("CertificateIssuerUpdate web certificates/issuers/mine"))
	does("/ui/issuers/web/mine/delete", 200, done("CertificateIssuerDelete web certificates/issuers/mine"))
	does("/ui/notices/contacts", 200, done("CertificateContactsSet web certificates/contacts"), "vault", "web", "emails", "a@example.org")
	does("/ui/notices/contacts", 200, done("CertificateContactsDelete web certificates/contacts"), "vault", "web", "emails", "")
	does("/ui/issuers/rollover", 400, []string{"begin CertwrightRollover provider=internal", "end CertwrightRollover provider=internal Bad Request"}, "provider", "internal")
	does("/ui/notices/resend", 404, []string{"begin CertwrightOutboxResend seq=7", "end CertwrightOutboxResend seq=7 Not Found"}, "seq", "7")
	does("/ui/signout", 200, []string{"event CertwrightConsoleSignOut OK"})
}
