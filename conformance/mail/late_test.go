package mail

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
	"certwright/testvault"
)

// People hear by mail, at a server by other people, of an approval that is asked
// for, and of a renewal that is refused, then late, then close to its end, with
// what they can do.
func TestLateRenewalByMail(t *testing.T) {
	t.Parallel()
	s := start(t, build(t), "-tls=false")
	v := testvault.StartWith(t, fmt.Sprintf(`
smtp: {host: %q, from: certs@example.org, user: robot, password_file: %q, ca_bundle: %q}
providers:
  Own: {kind: ca, manual_approval: true, allow_dns: ["*.example.org"]}
`, s.host, write(t, []byte(password)), s.bundle))
	send := func(method, path, body string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, v.URL+path+"?api-version=7.4", strings.NewReader(body))
		must.Do(t, err)
		r.Header.Set("Authorization", "Bearer x")
		r.Header.Set("Content-Type", "application/json")
		answer, err := v.Client().Do(r)
		must.Do(t, err)
		defer answer.Body.Close()
		if text, _ := io.ReadAll(answer.Body); answer.StatusCode/100 != 2 {
			t.Fatalf("%s %s: %d %s", method, path, answer.StatusCode, text)
		}
	}
	policy := `{"policy":{"issuer":{"name":%q},"key_props":{"kty":"EC","crv":"P-256"},"x509_props":{"subject":"CN=%s.example.org","validity_months":3},` +
		`"lifetime_actions":[{"trigger":{"lifetime_percentage":50},"action":{"action_type":"AutoRenew"}}]}}`
	send("PUT", "/certificates/contacts", `{"contacts":[{"email":"a@example.org"}]}`)
	send("PUT", "/certificates/issuers/own", `{"provider":"Own"}`)
	send("PUT", "/certificates/issuers/corp", `{"provider":"Corp"}`)
	send("POST", "/certificates/asks/create", fmt.Sprintf(policy, "own", "asks"))
	v.Advance(time.Minute)
	wants(t, s.next(t).Text, "Certificate asks in vault default waits for approval", "asks.example.org", "certwright approve asks --vault default")

	send("POST", "/certificates/site/create", fmt.Sprintf(policy, "corp", "site"))
	v.Advance(time.Minute)
	send("PATCH", "/certificates/issuers/corp", `{"credentials":{"account_id":"outcome=reject;message=CAA forbids it."}}`)
	v.Advance(89 * 24 * time.Hour)
	for _, want := range [][]string{
		{"Certificate site in vault default is being renewed", "or that it is late and what to do then"},
		{"Certificate site in vault default could not be renewed", "CAA forbids it."},
		{"Certificate site in vault default: its renewal is late", "Due since:", "the next try, after ", "Request rejected: CAA forbids it.", "certwright retry site --vault default"},
		{"Certificate site in vault default is not renewed and expires soon", "A person must look after it now", "CAA forbids it.", "Next try:"},
	} {
		wants(t, s.next(t).Text, want[0], want[1:]...)
	}
}

// wants fails unless a mail has the subject, and its text all parts.
func wants(t *testing.T, letter, want string, parts ...string) {
	t.Helper()
	_, subject, text := read(t, letter)
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if subject != want {
		t.Errorf("subject %q, want %q", subject, want)
	}
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%q is not in the mail:\n%s", p, text)
		}
	}
}
