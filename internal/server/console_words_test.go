package server

import (
	"html"
	"net/http"
	"strings"
	"testing"
)

// What is refused of several for the same reason is said once, with their names;
// with none chosen the list stays as it was filtered, and says so.
func TestConsoleManyRefused(t *testing.T) {
	t.Parallel()
	v := visit(t, run(t))
	for _, name := range []string{"a", "b", "c"} {
		v.sends("/ui/new", "The certificate was ordered.", newForm(name, "Unknown")...)
	}
	status, _, page := v.send("/ui/certificates", "do", "renew", "on", "default/a", "on", "default/nobody", "on", "default/b", "on", "default/c")
	if status != 409 || !strings.Contains(page, "Done with 0, not done with 4") || !strings.Contains(page, "is inProgress: a, b, c.") || strings.Count(page, "can not be created or imported") != 1 || !strings.Contains(page, "nobody") {
		t.Errorf("refused for one reason: %d %s", status, page)
	}
	for name, form := range map[string][]string{"tick the boxes": {"do", "renew"}, "Choose what to do": {"do", "sing", "on", "default/a"}} {
		status, at, page := v.send("/ui/certificates", append(form, "back", "/ui/certificates?text=zebra")...)
		if status != 400 || at != "/ui/certificates?" || !strings.Contains(page, name) || !strings.Contains(page, `name="text" value="zebra"`) {
			t.Errorf("%s: %d at %s: %s", name, status, at, page)
		}
	}
}

// A list of keys or secrets in which only those of certificates are found leads to them.
func TestConsoleObjectsOfCertificates(t *testing.T) {
	t.Parallel()
	v := visit(t, run(t))
	if page := v.page("/ui/keys"); strings.Contains(page, "There are only those of certificates") {
		t.Errorf("an empty vault: %s", page)
	}
	v.sends("/ui/new", "The certificate was ordered.", newForm("web", "Self")...)
	if moved := ask(t, http.DefaultClient, "POST", v.base+"/admin/clock", `{"advance":"1m"}`); moved.status != 200 {
		t.Fatal(moved.body)
	}
	for _, kind := range []string{"keys", "secrets"} {
		if page := v.page("/ui/" + kind); !strings.Contains(page, `<a href="/ui/`+kind+`?of=certificates">show them</a>`) {
			t.Errorf("%s: %s", kind, page)
		}
		if got := names(v.page("/ui/" + kind + "?of=certificates")); len(got) != 1 || got[0] != "web" {
			t.Errorf("%s of certificates: %q", kind, got)
		}
		if page := v.page("/ui/" + kind + "?text=zebra"); strings.Contains(page, "There are only those of certificates") {
			t.Errorf("what no certificate has either: %s", page)
		}
	}
}

// A name that cannot be used is answered with those that can, for certificates and issuers alike.
func TestConsoleNames(t *testing.T) {
	t.Parallel()
	v := visit(t, run(t))
	const says = `The name "my_site" cannot be used: names are 1 to 127 letters, digits and hyphens (a-z, A-Z, 0-9 and -).`
	if page := html.UnescapeString(v.page("/ui/new/name?vault=default&name=my_site")); !strings.Contains(page, says) {
		t.Errorf("while it is typed: %s", page)
	}
	for path, form := range map[string][]string{"/ui/new": newForm("my_site", "Self"), "/ui/issuers": {"vault", "default", "name", "my_site", "provider", "Internal"}} {
		if status, _, page := v.send(path, form...); status != 400 || !strings.Contains(html.UnescapeString(page), says) || !strings.Contains(page, `value="my_site"`) {
			t.Errorf("%s: %d %s", path, status, page)
		}
	}
	if page := v.page("/ui/new"); strings.Contains(page, "pattern=") {
		t.Error("the browser judges names itself")
	}
	if page := v.page("/ui/new?issuer=Unknown"); !strings.Contains(page, `<option value="EmailContacts" selected>`) {
		t.Errorf("who signs by hand is offered that it renews by itself: %s", page)
	}
}
