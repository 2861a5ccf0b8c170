package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"html"
	"net/http"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
)

// What is no answer to the request is said for what it is, and the form has it
// still, on the certificate's page; but a private key is nowhere.
func TestConsoleMergeOfSomethingElse(t *testing.T) {
	t.Parallel()
	v := visit(t, run(t))
	for _, name := range []string{"mail", "other"} {
		v.sends("/ui/new", "The certificate was ordered.", newForm(name, "Unknown")...)
	}
	at := "/ui/certificates/default/mail"
	csr, csrOfOther := v.page(at+"/download?form=csr"), v.page("/ui/certificates/default/other/download?form=csr")
	leaf, authority := signedAs(t, csr, func(*x509.Certificate) {})
	leafOfOther, _ := signedAs(t, csrOfOther, func(*x509.Certificate) {})
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must.Do(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	must.Do(t, err)
	key := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
	for name, c := range map[string]struct{ given, says, keeps string }{
		"nothing":                 {"", "Paste the signed certificate, or choose its file.", ""},
		"junk":                    {"please sign this", "There is no certificate in that.", "please sign this"},
		"the request":             {csr, "That is a certificate signing request, not a certificate", csr},
		"a private key":           {key, "That is a private key, not a certificate", ""},
		"of another key":          {leafOfOther, "That certificate (CN=other.example.test) is for another key", leafOfOther},
		"with a key":              {leafOfOther + key, "is for another key", ""},
		"a chain without a leaf":  {authority, "Those are certificates of authorities alone (CN=Elsewhere)", authority},
		"half of the certificate": {leaf[:len(leaf)/2], "it was cut off", leaf[:len(leaf)/2]},
	} {
		status, _, page := v.send(at+"/merge", "signed", c.given)
		if status != 400 || !strings.Contains(html.UnescapeString(page), c.says) || !strings.Contains(page, "Merge the signed certificate") {
			t.Errorf("%s: %d, which does not say %q: %s", name, status, c.says, page)
		}
		if !strings.Contains(html.UnescapeString(page), ">"+strings.TrimSpace(c.keeps)+"</textarea>") {
			t.Errorf("%s: the form has something else than %q: %s", name, c.keeps, page)
		}
		if body := strings.Split(key, "\n")[1]; strings.Contains(html.UnescapeString(page), body) {
			t.Errorf("%s: the page has a key", name)
		}
	}
	v.sends(at+"/merge", "The certificate was merged.", "signed", leaf+authority)
}

// A certificate that deserves a warning is merged, and the page says what to know.
func TestConsoleMergeWarns(t *testing.T) {
	t.Parallel()
	v := visit(t, run(t))
	for name, c := range map[string]struct {
		change func(leaf *x509.Certificate)
		alone  bool
		says   string
	}{
		"good":    {func(*x509.Certificate) {}, false, ""},
		"alone":   {func(*x509.Certificate) {}, true, "Its chain is missing"},
		"expired": {func(l *x509.Certificate) { l.NotAfter = time.Now().Add(-time.Minute) }, false, "It has expired already"},
		"early":   {func(l *x509.Certificate) { l.NotBefore = time.Now().Add(24 * time.Hour) }, false, "It is not valid before"},
		"subject": {func(l *x509.Certificate) { l.Subject.CommonName = "somebody" }, false, "Its subject is not the one that was asked for, but CN=somebody."},
		"names":   {func(l *x509.Certificate) { l.DNSNames = []string{"x.example.test"} }, false, "It is not for all names that were asked for: names.example.test. It is for names too that were not asked for: x.example.test."},
	} {
		at := "/ui/certificates/default/" + name
		v.sends("/ui/new", "The certificate was ordered.", newForm(name, "Unknown")...)
		leaf, authority := signedAs(t, v.page(at+"/download?form=csr"), c.change)
		if c.alone {
			authority = ""
		}
		page := v.sends(at+"/merge", "The certificate was merged.", "signed", leaf+authority)
		if warns := strings.Contains(page, `class="say warn"`); warns != (c.says != "") || !strings.Contains(page, c.says) {
			t.Errorf("%s: %s", name, page)
		}
	}
}

// A certificate has one word for how it is: in the list, above its parts and among its versions.
func TestConsoleOneStateEverywhere(t *testing.T) {
	t.Parallel()
	v := visit(t, run(t))
	at := func(name string) string { return "/ui/certificates/default/" + name }
	for name, c := range map[string]struct {
		change func(leaf *x509.Certificate)
		word   string
	}{
		"good":    {func(*x509.Certificate) {}, "valid"},
		"expired": {func(l *x509.Certificate) { l.NotAfter = time.Now().Add(-time.Minute) }, "expired"},
		"early":   {func(l *x509.Certificate) { l.NotBefore = time.Now().Add(24 * time.Hour) }, "not valid yet"},
	} {
		v.sends("/ui/new", "The certificate was ordered.", newForm(name, "Unknown")...)
		if page := v.page(at(name) + "?tab=order"); strings.Count(page, "It waits for you: have its request signed, then merge.") != 3 || strings.Contains(page, "Perform Merge") || strings.Contains(page, "It is being issued") { // above, below, and for who hears it
			t.Errorf("%s waits: %s", name, page)
		}
		leaf, _ := signedAs(t, v.page(at(name)+"/download?form=csr"), c.change)
		v.sends(at(name)+"/merge", "The certificate was merged.", "signed", leaf)
		v.says(name, c.word)
	}
	v.sends("/ui/issuers", "The issuer was added.", "vault", "default", "name", "ca", "provider", "Internal")
	v.sends("/ui/new", "The certificate was ordered.", newForm("bad", "ca")...)
	waitUntil(t, 20*time.Second, func() bool {
		return strings.Contains(v.page(at("bad")), "The certificate was issued.") || strings.Contains(v.page(at("bad")), "Chain")
	})
	v.sends(at("bad")+"/revoke", "The certificate was revoked.", "name", "bad", "reason", "keyCompromise")
	v.says("bad", "revoked")
	v.sends(at("bad")+"/discard", "The order was removed.") // its history is gone: the authority knows
	v.says("bad", "revoked")
}

// says checks the word for a certificate's state wherever there is one.
func (v visitor) says(name, word string) {
	v.t.Helper()
	badge := "</span>" + word + "</span>"
	for _, page := range []string{"", "?tab=order", "?tab=versions", "?tab=manage"} {
		want := 1
		if page == "?tab=versions" {
			want = 2
		}
		if got := v.page("/ui/certificates/default/" + name + page); strings.Count(got, badge) < want {
			v.t.Errorf("%s%s does not say %s: %s", name, page, word, got)
		}
	}
	row := ""
	waitUntil(v.t, 20*time.Second, func() bool { // what is listed is counted beside the requests
		list := v.page("/ui/certificates?text=" + name + ".example.test&state=")
		_, after, found := strings.Cut(list, `href="/ui/certificates/default/`+name+`"`)
		row, _, _ = strings.Cut(after, "</tr>")
		return found
	})
	if !strings.Contains(row, badge) {
		v.t.Errorf("the list has another word than %s for %s: %s", word, name, row)
	}
}

// Who merges again in another window learns that it was done, and sees where.
func TestConsoleMergeTwice(t *testing.T) {
	t.Parallel()
	v := visit(t, run(t))
	v.sends("/ui/new", "The certificate was ordered.", newForm("mail", "Unknown")...)
	at := "/ui/certificates/default/mail"
	leaf := signed(t, v.page(at+"/download?form=csr"))
	v.sends(at+"/merge", "The certificate was merged.", "signed", leaf)
	status, _, page := v.send(at+"/merge", "signed", leaf)
	if status != 409 || !strings.Contains(page, "It is complete already") || !strings.Contains(page, `<a href="`+at+`?tab=versions">`) || strings.Contains(page, "You may not do that") {
		t.Errorf("merged again: %d %s", status, page)
	}
	v.sends("/ui/new", "The certificate was ordered.", newForm("own", "Self")...)
	if status, _, page := v.send("/ui/certificates/default/own/merge", "signed", leaf); status != 403 && status != 409 || strings.Contains(page, "You may not do that") {
		t.Errorf("merged into what needs no merge: %d %s", status, page)
	}
}

// The address of a form leads to the page that has it, for who reloads it or goes back to it.
func TestConsoleFormsLead(t *testing.T) {
	t.Parallel()
	s := run(t)
	v := visit(t, s)
	v.sends("/ui/new", "The certificate was ordered.", newForm("web", "Unknown")...)
	hop := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	web := "/ui/certificates/default/web"
	for path, want := range map[string]string{
		web + "/merge": web + "?tab=order", web + "/decide": web + "?tab=order", web + "/policy-json": web + "?tab=policy", web + "/tags": web + "?tab=manage", web + "/revoke": web + "?tab=manage",
		"/ui/keys/default/k/disable": "/ui/keys/default/k", "/ui/secrets/default/s/delete": "/ui/secrets/default/s",
		"/ui/issuers/rollover": "/ui/issuers", "/ui/issuers/default/ca/delete": "/ui/issuers", "/ui/deleted/default/keys/k/purge": "/ui/deleted",
		"/ui/notices/resend": "/ui/notices", "/ui/notices/test": "/ui/notices", "/ui/notices/contacts": "/ui/notices",
	} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", v.base+path, nil)
		must.Do(t, err)
		answer, err := hop.Do(r)
		must.Do(t, err)
		answer.Body.Close()
		if got := answer.Header.Get("Location"); answer.StatusCode != 303 || got != want {
			t.Errorf("%s: %d to %q, want %q", path, answer.StatusCode, got, want)
		}
	}
	got := ask(t, http.DefaultClient, "GET", v.base+web+"/nothing", "")
	if got.status != 404 || !strings.Contains(got.body, "no such page") {
		t.Errorf("what is no form: %d %s", got.status, got.body)
	}
}

// So do those of who signs in, for who is signed in and who is not.
func TestConsoleDoorLeads(t *testing.T) {
	t.Parallel()
	s, secrets := consoled(t, nil)
	g := guestOf(t, s)
	if status, at, page := g.go1("GET", "/ui/certificates/web/www/merge"); status != 200 || !strings.HasPrefix(at, "/ui/signin") {
		t.Errorf("signed out: %d at %s: %s", status, at, page)
	}
	g.signsIn("keeper", secrets["keeper"])
	if status, at, page := g.go1("GET", "/ui/signout"); status != 200 || at != "/ui/" || !strings.Contains(page, "Sign out") {
		t.Errorf("the address that signs out: %d at %s: %s", status, at, page)
	}
}
