package script_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"certwright/conformance/script"
	"certwright/internal/must"
)

// answers serves what answer says, with the headers of every answer.
func answers(t *testing.T, answer func(w http.ResponseWriter, r *http.Request)) *script.Target {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, h := range [][2]string{
			{"Cache-Control", "no-cache"}, {"Pragma", "no-cache"}, {"Expires", "-1"}, {"X-Content-Type-Options", "nosniff"},
			{"Strict-Transport-Security", "max-age=31536000;includeSubDomains"}, {"Content-Type", "application/json; charset=utf-8"},
			{"x-ms-keyvault-region", "local"}, {"x-ms-keyvault-service-version", "1"},
			{"x-ms-keyvault-network-info", "conn_type=Ipv4;addr=127.0.0.1;act_addr_fam=InterNetwork;"},
			{"x-ms-request-id", "01234567-89ab-cdef-0123-456789abcdef"},
		} {
			w.Header().Set(h[0], h[1])
		}
		answer(w, r)
	}))
	t.Cleanup(srv.Close)
	return &script.Target{URL: srv.URL, Side: srv.URL, Client: srv.Client()}
}

func says(status int, body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, strings.ReplaceAll(body, "HOST", r.Host))
	}
}

func run(t *testing.T, target *script.Target, text string) error {
	t.Helper()
	s, err := script.Parse("test.txt", text)
	must.Do(t, err)
	return target.Run(t.Context(), s, "v")
}

const operation = `{"id": "https://HOST/certificates/a/pending", "status": "inProgress", "n": 5, "on": true, "no": null,
 "list": [1, "b"], "request_id": "0123456789abcdef0123456789abcdef"}`

const wanted = `{"id": "https://{host}/certificates/a/pending", "status": "inProgress", "n": {number}, "on": {bool}, "no": null,
 "list": [1, "b"], "request_id": "{request_id:hex32}"}`

func TestMatchingAnswer(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"exact":              wanted,
		"open object":        `{"status": "inProgress", ...}`,
		"open array":         strings.Replace(wanted, `[1, "b"]`, `[1, ...]`, 1),
		"regexp-like string": strings.Replace(wanted, `"inProgress"`, `"in{rest}"`, 1),
		"absent member":      `{"nothing": {absent}, ...}`,
	}
	for name, want := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := run(t, answers(t, says(200, operation)), "GET /a\n---\n200\n"+want+"\n"); err != nil {
				t.Error(err)
			}
		})
	}
}

// Every way in which an answer can be wrong is seen.
func TestWrongAnswerIsSeen(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		status     int
		body, want string
	}{
		"status":         {201, operation, wanted},
		"literal":        {200, strings.Replace(operation, "inProgress", "InProgress", 1), wanted},
		"missing member": {200, strings.Replace(operation, `"n": 5,`, "", 1), wanted},
		"extra member":   {200, strings.Replace(operation, `"n": 5,`, `"n": 5, "m": 6,`, 1), wanted},
		"type":           {200, strings.Replace(operation, `"n": 5,`, `"n": "5",`, 1), wanted},
		"null":           {200, strings.Replace(operation, `"no": null,`, `"no": 0,`, 1), wanted},
		"item":           {200, strings.Replace(operation, `"b"`, `"c"`, 1), wanted},
		"item too many":  {200, strings.Replace(operation, `"b"`, `"b", 3`, 1), wanted},
		"item too few":   {200, strings.Replace(operation, `, "b"`, ``, 1), wanted},
		"kind":           {200, strings.Replace(operation, "0123456789abcdef\"", "0123456789ABCDEF\"", 1), wanted},
		"host":           {200, strings.Replace(operation, "HOST", "elsewhere", 1), wanted},
		"no body":        {200, "", wanted},
		"a body":         {200, operation, ""},
		"no JSON":        {200, "{", wanted},
		"should be away": {200, operation, `{"status": {absent}, ...}`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := run(t, answers(t, says(c.status, c.body)), "\n# why\nGET /a\n---\n200\n"+c.want+"\n")
			if err == nil {
				t.Fatal("the difference was not seen")
			}
			if !strings.HasPrefix(err.Error(), "test.txt:3: GET /a") {
				t.Errorf("the message does not begin with its place: %v", err)
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	created := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "https://"+r.Host+"/x?request_id=42")
		says(202, `{"request_id": "42"}`)(w, r)
	}
	body := "202\n%s{\"request_id\": \"{id}\"}\n"
	for want, ok := range map[string]bool{
		"Location: https://{host}/x?request_id={id}\n": true,
		"Location: https://{host}/x\n":                 false,
		"":                                             false, // an unnamed Location is not expected
		"Location: https://{host}/x?request_id={id}\nRetry-After: {any}\n": false,
	} {
		err := run(t, answers(t, created), "POST /a\n---\n"+fmt.Sprintf(body, want))
		if (err == nil) != ok {
			t.Errorf("%q: got %v", want, err)
		}
	}
	bare := answers(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Del("Pragma"); says(200, "{}")(w, r) })
	if err := run(t, bare, "GET /a\n---\n200\n{}\n"); err == nil {
		t.Error("a missing header of every answer was not seen")
	}
}

func TestVariablesTravel(t *testing.T) {
	t.Parallel()
	target := answers(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		switch {
		case r.Method == "POST":
			says(200, string(b))(w, r)
		case r.URL.Query().Get("id") == "7" && r.Header.Get("X-Mine") == "7" && strings.HasPrefix(r.Host, "v."):
			says(200, `{"next": "https://HOST:443/a?id=7"}`)(w, r)
		default:
			says(400, `{"error": {"code": "BadParameter", "message": "no\r\n", "innererror": {"code": "Inner"}}}`)(w, r)
		}
	})
	err := run(t, target, `
POST /a
{"id": "7", "text": "a\nb"}
---
200
{"id": "{id}", "text": "{t}"}

POST /a
{"again": "{t}"}
---
200
{"again": "{t}"}

GET /a?id={id}
X-Mine: {id}
---
200
{"next": "{next}"}

GET /a?id=8
---
400 BadParameter [Inner]: no\r\n

expect {id} + 3 = 10

expect {t} != {id}

repeat i 08..11
POST /a
{"i": "{i}"}
---
200
{"i": "{i}"}
`[1:])
	if err != nil {
		t.Error(err)
	}
}

func TestShapes(t *testing.T) {
	t.Parallel()
	text := "shape inner\n{\"b\": {number}}\n\nshape outer\n{\"a\": {inner}}\n\nGET /a\n---\n200\n[{outer}, {inner}]\n"
	if err := run(t, answers(t, says(200, `[{"a": {"b": 1}}, {"b": 2}]`)), text); err != nil {
		t.Error(err)
	}
	if err := run(t, answers(t, says(200, `[{"a": {"b": "1"}}, {"b": 2}]`)), text); err == nil {
		t.Error("a wrong member in a shape was not seen")
	}
}

func TestWatchSeesAChange(t *testing.T) {
	t.Parallel()
	n := 0
	target := answers(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "DELETE" {
			n++
			says(400, `{"error": {"code": "BadParameter", "message": "no"}}`)(w, r)
			return
		}
		says(200, fmt.Sprintf(`{"n": %d}`, n))(w, r)
	})
	err := run(t, target, "watch /a\n\nDELETE /a\n---\n400 BadParameter: no\n")
	if err == nil || !strings.Contains(err.Error(), "changed by a refused request") {
		t.Errorf("got %v, want the change", err)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing":           "# only talk\n",
		"no answer":         "GET /a\n",
		"answer without":    "GET /a\n---\n",
		"odd status":        "GET /a\n---\nfine\n",
		"unknown kind":      "GET /a\n---\n200\n{\"a\": {b:nosuch}}\n",
		"comma":             "GET /a\n---\n200\n{\"a\": 1 \"b\": 2}\n",
		"trailing":          "GET /a\n---\n200\n{} {}\n",
		"open quote":        "let a = \"b\n",
		"directive too far": "let a = b\nGET /a\n---\n200\n",
		"short with body":   "GET /a\n---\n400 Code: text\n{}\n",
	} {
		if _, err := script.Parse("test.txt", text); err == nil {
			t.Errorf("%s: parsed", name)
		} else if !strings.HasPrefix(err.Error(), "test.txt") {
			t.Errorf("%s: %v names no place", name, err)
		}
	}
}

func TestDirectives(t *testing.T) {
	t.Parallel()
	csr := requestFor(t)
	target := answers(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/admin/clock" {
			says(200, `{}`)(w, r)
			return
		}
		says(200, fmt.Sprintf(`{"csr": %q}`, csr))(w, r)
	})
	ok := `
GET /csr
---
200
{"csr": "{csr:csr}"}

decode csr {csr} as q

expect "{q_dns}" = a.example

sign {csr} as leaf days 30

decode cer {leaf} as c

expect {c_spki} = {q_spki}

expect {c_exp} - {c_nbf} = 2592000

expect {c_self} = false

sign foreign as other

decode cer {other} as o

expect {o_spki} != {q_spki}

make pfx as p subject "CN=x,O=y" dns a.example,b.example key rsa chain

open pkcs12 {p} as s

expect {s_cer} = {p_cer}

expect {s_count} = 2

expect "{s_key}" = RSA 2048

make pem as m key ec384 certfirst crlf

open pem {m} as n

expect "{n_blocks}" = CERTIFICATE, PRIVATE KEY

make pem as k keyless

open pem {k} as l

expect {l_spki} = none

let long = a * 4

expect {long} = aaaa

advance 5s

vault other

vault main
`
	if err := run(t, target, ok); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"expect a = b", "expect 1 >= 2", "nosuch", "decode cer AAAA as c", "sign x as y", "advance", "file x = nosuch.txt",
		"open pem nothing as s", "make pdf as x", "make pfx as p colour red", "watch", "vault a b", "issuer x"} {
		if err := run(t, target, bad+"\n"); err == nil {
			t.Errorf("%s: went through", bad)
		}
	}
}

func requestFor(t *testing.T) string {
	t.Helper()
	q := &x509.CertificateRequest{DNSNames: []string{"a.example"}}
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must.Do(t, err)
	der, err := x509.CreateCertificateRequest(rand.Reader, q, k)
	must.Do(t, err)
	return base64.StdEncoding.EncodeToString(der)
}

// Patterns come from people's files; a broken one must be told, not crash.
func FuzzParse(f *testing.F) {
	f.Add("GET /a\n---\n200\n{\"a\": [1, {any}, ...], ...}\n")
	f.Add("# why\nrepeat i 1..3\nPOST /a\nX: y\n\nlet a = \"b c\" * 3\n")
	f.Add("GET /a\n---\n404 CertificateNotFound [X]: a {name} b\\r\\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := script.Parse("fuzz.txt", text)
		if err == nil && len(s.Steps) == 0 {
			t.Error("a script without a step")
		}
	})
}
