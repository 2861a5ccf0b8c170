package server

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"certwright/internal/access"
	"certwright/internal/config"
)

// names are those that a list links to, in its order.
func names(page string) (all []string) {
	for _, m := range regexp.MustCompile(`<th scope="row"><a href="[^"]*">([^<]*)</a>`).FindAllStringSubmatch(page, -1) {
		all = append(all, m[1])
	}
	return all
}

// Keys and secrets are listed with filters, in order, and a page at a time; what
// belongs to a certificate only where it is asked for, and no value anywhere.
func TestConsoleObjects(t *testing.T) {
	t.Parallel()
	s := run(t)
	v := visit(t, s)
	put := func(path, body string) {
		t.Helper()
		if got := ask(t, client(t, s), "PUT", s.Ready.IPURL+path+"?api-version=7.4", body, "Authorization", "Bearer x"); got.status != 200 {
			t.Fatal(got.body)
		}
	}
	at, _ := s.Now()
	for i, day := range []int{40, 0, 10} {
		exp := ""
		if day > 0 {
			exp = fmt.Sprintf(`,"exp":%d`, at.AddDate(0, 0, day).Unix())
		}
		put(fmt.Sprintf("/secrets/s%d", i), `{"value":"hunter2","contentType":"text/plain","tags":{"team":"t`+fmt.Sprint(i)+`"},"attributes":{"enabled":true`+exp+`}}`)
	}
	put("/secrets/s1", `{"value":"hunter2 again"}`)
	if got := ask(t, client(t, s), "POST", s.Ready.IPURL+"/keys/signer/create?api-version=7.4", `{"kty":"EC","crv":"P-256"}`, "Authorization", "Bearer x"); got.status != 200 {
		t.Fatal(got.body)
	}
	v.sends("/ui/new", "The certificate was ordered.", newForm("web", "Self")...)
	if moved := ask(t, http.DefaultClient, "POST", v.base+"/admin/clock", `{"advance":"1m"}`); moved.status != 200 {
		t.Fatal(moved.body)
	}
	for query, want := range map[string]string{
		"/ui/secrets": "s0 s1 s2", "/ui/secrets?sort=expires": "s2 s0 s1", "/ui/secrets?text=team%3DT1": "", "/ui/secrets?text=team%3DT2": "s2", "/ui/secrets?state=soon": "s2",
		"/ui/secrets?state=disabled": "", "/ui/secrets?of=all": "s0 s1 s2 web", "/ui/secrets?of=certificates": "web", "/ui/secrets?after=default/s0": "s1 s2", "/ui/secrets?vault=default": "s0 s1 s2",
		"/ui/keys": "signer", "/ui/keys?of=certificates": "web", "/ui/keys?text=ec": "signer", "/ui/keys?vault=nowhere": "",
	} {
		page := v.page(query)
		if got := strings.Join(names(page), " "); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
		if strings.Contains(page, "hunter2") {
			t.Errorf("%s shows a value", query)
		}
	}
	if page := v.page("/ui/keys?vault=nowhere"); !strings.Contains(page, "You may not list the keys of the vault nowhere, or there is no such vault.") {
		t.Error("a vault that is not there: no sentence")
	}
	if page := v.page("/ui/secrets?text=s1"); !strings.Contains(page, `data-label="Versions">2</td>`) || !strings.Contains(page, "1 secret shown.") {
		t.Errorf("versions: %s", page)
	}
	for i := range 51 {
		put(fmt.Sprintf("/secrets/many-%02d", i), `{"value":"x"}`)
	}
	sorted := v.page("/ui/secrets?text=many&sort=expires")
	if !strings.Contains(sorted, "1 to 50 of 51 found.") || !strings.Contains(sorted, "skip=50") {
		t.Errorf("51 by expiry: %s", sorted)
	}
	if rest := v.page("/ui/secrets?text=many&sort=expires&skip=50"); len(names(rest)) != 1 || slices.Contains(names(sorted), names(rest)[0]) || strings.Contains(rest, "Next page") || !strings.Contains(rest, "First page") {
		t.Errorf("the rest by expiry: %s", rest)
	}
	for skip, want := range map[string]int{"999999": 0, "-5": 50, "x": 50} {
		if page := v.page("/ui/secrets?text=many&sort=expires&skip=" + skip); len(names(page)) != want {
			t.Errorf("skip %s: %d rows", skip, len(names(page)))
		}
	}
	page := v.page("/ui/secrets?text=many")
	next := regexp.MustCompile(`href="([^"]*after=[^"]*)"`).FindStringSubmatch(page)
	if len(names(page)) != 50 || next == nil {
		t.Fatalf("51 on a page: %d, next %v", len(names(page)), next)
	}
	if page := v.page(strings.ReplaceAll(next[1], "&amp;", "&")); strings.Join(names(page), " ") != "many-50" || !strings.Contains(page, "First page") || strings.Contains(page, "Next page") {
		t.Errorf("the next page: %q", names(page))
	}
}

// Every button of a key's and a secret's page does what it says; what belongs to
// a certificate has none.
func TestConsoleObjectButtons(t *testing.T) {
	t.Parallel()
	s := run(t)
	v := visit(t, s)
	well := func(got reply) {
		t.Helper()
		if got.status != 200 {
			t.Fatal(got.body)
		}
	}
	well(ask(t, client(t, s), "PUT", s.Ready.IPURL+"/secrets/pass?api-version=7.4", `{"value":"hunter2","tags":{"team":"mail"}}`, "Authorization", "Bearer x"))
	well(ask(t, client(t, s), "POST", s.Ready.IPURL+"/keys/signer/create?api-version=7.4", `{"kty":"RSA","key_size":2048,"key_ops":["sign","verify"]}`, "Authorization", "Bearer x"))
	v.sends("/ui/new", "The certificate was ordered.", newForm("web", "Self")...)
	well(ask(t, http.DefaultClient, "POST", v.base+"/admin/clock", `{"advance":"1m"}`))
	for _, at := range []string{"/ui/keys/default/signer", "/ui/secrets/default/pass"} {
		v.sends(at+"/disable", "It was disabled.")
		if page := v.page(at); !strings.Contains(page, "</span>disabled</span>") || !strings.Contains(page, ">Enable<") || strings.Contains(page, "hunter2") {
			t.Errorf("%s disabled: %s", at, page)
		}
		v.sends(at+"/enable", "It was enabled.")
		if status, _, page := v.send(at+"/delete", "name", "other"); status != 400 || !strings.Contains(page, "Type the name") {
			t.Errorf("%s deleted without its name: %d %s", at, status, page)
		}
	}
	if page := v.page("/ui/keys/default/signer"); !strings.Contains(page, "RSA 2048") || !strings.Contains(page, "sign, verify") || strings.Count(page, "(current)") != 1 {
		t.Errorf("the key: %s", page)
	}
	if page := v.page("/ui/secrets/default/pass"); !strings.Contains(page, "team=mail") {
		t.Errorf("the secret: %s", page)
	}
	if status, _, page := v.send("/ui/secrets/default/pass/value", "name", "no"); status != 400 || strings.Contains(page, "hunter2") {
		t.Errorf("a value without its name: %d", status)
	}
	if status, _, file := v.send("/ui/secrets/default/pass/value", "name", "pass"); status != 200 || file != "hunter2" {
		t.Errorf("the value: %d %q", status, file)
	}
	for _, at := range []string{"/ui/keys/default/web", "/ui/secrets/default/web"} {
		page := v.page(at)
		if strings.Contains(page, `method="post" action="`+at) || !strings.Contains(page, `href="/ui/certificates/default/web"`) || strings.Contains(page, "Download the value") {
			t.Errorf("%s: %s", at, page)
		}
		if status, _, page := v.send(at+"/disable", "name", "web"); status < 400 {
			t.Errorf("%s disabled: %d %s", at, status, page)
		}
	}
	if status, _, file := v.send("/ui/secrets/default/web/value", "name", "web"); status != 400 || strings.Contains(file, "PRIVATE KEY") || strings.Contains(file, "MII") {
		t.Errorf("the value of a certificate's secret: %d", status)
	}
	v.sends("/ui/keys/default/signer/delete", "It was deleted.", "name", "signer")
	v.sends("/ui/secrets/default/pass/delete", "It was deleted.", "name", "pass")
	v.sends("/ui/deleted/default/secrets/pass/recover", "It was recovered.")
}

// Who may not list a vault's keys or secrets reads why, and who may only look has
// no buttons; what is done is in the audit log with its object, and so is a value
// that was given out, to who showed just now who he is.
func TestConsoleObjectsServe(t *testing.T) {
	t.Parallel()
	s, secrets := consoled(t, func(c *config.Config) {
		c.Access.Assignments = append(c.Access.Assignments[:1:1], access.Assignment{Role: "Key Vault Certificates Officer", To: access.Principal{Client: "reader"}, On: "/"},
			access.Assignment{Role: "Certwright Auditor", To: access.Principal{Client: "keeper"}, On: "/"},
			access.Assignment{Role: "Key Vault Secrets Officer", To: access.Principal{Issuer: "corp", Subject: "ann"}, On: "/"})
	})
	keeper, reader := guestOf(t, s), guestOf(t, s)
	keeper.signsIn("keeper", secrets["keeper"])
	reader.signsIn("reader", secrets["reader"])
	secretAt(t, s, "pass", "hunter2")
	for path, want := range map[string]string{
		"/ui/secrets": "You may list the secrets of no vault: nobody gave you the permission secrets/list.", "/ui/keys": "You may list the keys of no vault", "/ui/secrets?vault=web": "You may not list the secrets of the vault web",
	} {
		if status, _, page := reader.go1("GET", path); status != 200 || !strings.Contains(page, want) || strings.Contains(page, "<table") {
			t.Errorf("%s: %d %s", path, status, page)
		}
	}
	for _, at := range []string{"", "/value"} {
		if status, _, page := reader.go1("GET", "/ui/secrets/web/pass"+at); status != 403 || strings.Contains(page, "(current)") {
			t.Errorf("pass%s without permission: %d %s", at, status, page)
		}
	}
	for _, do := range []string{"disable", "delete", "value"} {
		if status, _, page := reader.go1("POST", "/ui/secrets/web/pass/"+do, "name", "pass"); status != 403 || strings.Contains(page, "hunter2") {
			t.Errorf("%s without permission: %d %s", do, status, page)
		}
	}
	if _, _, page := keeper.go1("GET", "/ui/secrets"); strings.Join(names(page), " ") != "pass" || strings.Contains(page, "hunter2") {
		t.Errorf("the keeper's list: %s", page)
	}
	if status, _, file := keeper.go1("POST", "/ui/secrets/web/pass/value", "name", "pass"); status != 200 || file != "hunter2" {
		t.Errorf("the value: %d %s", status, file)
	}
	keeper.go1("POST", "/ui/secrets/web/pass/disable")
	for _, operation := range []string{"SecretGet", "SecretUpdate"} {
		_, _, page := keeper.go1("GET", "/ui/audit?person=keeper&object=web/secrets/pass&operation="+operation)
		if !strings.Contains(page, `data-label="Operation">`+operation+`</td>`) {
			t.Errorf("the audit log has no %s: %s", operation, page)
		}
	}
}
