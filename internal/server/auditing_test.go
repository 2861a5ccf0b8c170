package server

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"certwright/internal/access"
	"certwright/internal/audit"
	"certwright/internal/config"
	"certwright/internal/folder"
	"certwright/internal/must"
)

// An audited is a production server, and somebody who may do everything there.
type audited struct {
	*Server
	t     *testing.T
	http  *http.Client
	token string
	path  string // of the log
}

func serveAudited(t *testing.T, change func(*config.Config)) *audited {
	t.Helper()
	c := production(t)
	for _, role := range []string{"Key Vault Administrator", "Certwright Administrator"} {
		c.Access.Assignments = append(c.Access.Assignments, access.Assignment{Role: role, To: access.Principal{Issuer: "corp", Subject: "ann"}, On: "/"})
	}
	if change != nil {
		change(&c)
	}
	return &audited{Server: serveIn(t, c, Options{}), t: t, http: anyway(t), token: corp.Token("ann", nil), path: filepath.Join(c.Data, "audit", "audit.jsonl")}
}

// call asks a vault, and returns the answer's members.
func (a *audited) call(method, path, body string, want int) map[string]any {
	a.t.Helper()
	got := a.send(method, a.Ready.IPURL+path, body, want)
	members := map[string]any{}
	if got.body != "" && json.Unmarshal([]byte(got.body), &members) != nil {
		a.t.Errorf("%s %s: %s", method, path, got.body)
	}
	return members
}

func (a *audited) send(method, url, body string, want int) reply {
	a.t.Helper()
	got := ask(a.t, a.http, method, url, body, "Authorization", "Bearer "+a.token, "Cookie", "c="+marker("cookie"), "X-Ms-Client-Request-Id", "client-1")
	if got.status != want && want != 0 {
		a.t.Errorf("%s %s: %d %s, want %d", method, url, got.status, got.body, want)
	}
	return got
}

// marker is a text that must not be found in the log.
func marker(of string) string { return "MARKER-" + of }

// log is the text of the log.
func (a *audited) log() []byte {
	a.t.Helper()
	text, err := os.ReadFile(a.path)
	must.Do(a.t, err)
	return text
}

// names are the operationNames in the log, each once.
func (a *audited) names() (names []string) {
	for line := range bytes.Lines(a.log()) {
		var l struct{ OperationName string }
		must.Do(a.t, json.Unmarshal(line, &l))
		names = append(names, l.OperationName)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

const v = "?api-version=7.6"

// Every operation of the API and of the side door is in the log by its name, and
// nothing secret that was sent or shown is: not one of the markers, the token or
// a part of it.
func TestNothingSecretInTheAudit(t *testing.T) {
	t.Parallel()
	a := serveAudited(t, nil)
	secret := map[string]string{"token": a.token, "signature": a.token[strings.LastIndexByte(a.token, '.')+1:], "claims": strings.Split(a.token, ".")[1]}
	shown := func(name string, members map[string]any, at ...string) string {
		t.Helper()
		for _, k := range at[:len(at)-1] {
			members, _ = members[k].(map[string]any)
		}
		text, _ := members[at[len(at)-1]].(string)
		if text == "" {
			t.Fatalf("%s is not shown", name)
		}
		secret[name] = text
		return text
	}
	b64 := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	tags := `,"tags":{"t":"` + marker("tag") + `"}`

	a.call("PUT", "/secrets/open-name"+v, `{"value":"`+marker("value")+`","contentType":"`+marker("content-type")+`"`+tags+`}`, 200)
	a.call("GET", "/secrets/open-name"+v+"&$skiptoken="+marker("skip")+"&x="+marker("query"), "", 200)
	a.call("GET", "/secrets/open-name"+v, "", 200) // as rendered before
	a.call("PATCH", "/secrets/open-name"+v, `{"contentType":"`+marker("content-type-2")+`"`+tags+`}`, 200)
	a.call("GET", "/secrets"+v+"&maxresults=5", "", 200)
	a.call("GET", "/secrets/open-name/versions"+v, "", 200)
	a.life("secrets", "open-name", shown)

	a.call("POST", "/keys/k/create"+v, `{"kty":"RSA"`+tags+`}`, 200)
	own, err := ecdh.P256().GenerateKey(rand.Reader)
	must.Do(t, err)
	secret["imported key"] = b64(string(own.Bytes()))
	point := string(own.PublicKey().Bytes()[1:])
	a.call("PUT", "/keys/imported"+v, `{"key":{"kty":"EC","crv":"P-256","x":"`+b64(point[:32])+`","y":"`+b64(point[32:])+`","d":"`+secret["imported key"]+`"}}`, 200)
	a.call("GET", "/keys/k"+v, "", 200)
	a.call("PATCH", "/keys/k"+v, `{"attributes":{"enabled":true}`+tags+`}`, 200)
	a.call("GET", "/keys"+v, "", 200)
	a.call("GET", "/keys/k/versions"+v, "", 200)
	a.call("POST", "/keys/k/rotate"+v, "", 200)
	a.call("GET", "/keys/k/rotationpolicy"+v, "", 200)
	a.call("PUT", "/keys/k/rotationpolicy"+v, `{"lifetimeActions":[{"trigger":{"timeAfterCreate":"P90D"},"action":{"type":"Rotate"}}],"attributes":{"expiryTime":"P2Y"}}`, 200)
	a.call("GET", "/keys/k/attestation"+v, "", 0)
	plain := b64(marker("plaintext"))
	secret["plaintext"] = plain
	cipher := shown("ciphertext", a.call("POST", "/keys/k/encrypt"+v, `{"alg":"RSA-OAEP","value":"`+plain+`"}`, 200), "value")
	a.call("POST", "/keys/k/decrypt"+v, `{"alg":"RSA-OAEP","value":"`+cipher+`"}`, 200)
	wrapped := shown("wrapped key", a.call("POST", "/keys/k/wrapkey"+v, `{"alg":"RSA-OAEP","value":"`+plain+`"}`, 200), "value")
	a.call("POST", "/keys/k/unwrapkey"+v, `{"alg":"RSA-OAEP","value":"`+wrapped+`"}`, 200)
	digest := b64("0123456789abcdef0123456789abcdef")
	secret["digest"] = digest
	signature := shown("signature of a digest", a.call("POST", "/keys/k/sign"+v, `{"alg":"RS256","value":"`+digest+`"}`, 200), "value")
	a.call("POST", "/keys/k/verify"+v, `{"alg":"RS256","digest":"`+digest+`","value":"`+signature+`"}`, 200)
	a.call("POST", "/keys/k/release"+v, `{"target":"`+marker("attestation")+`"}`, 0)
	a.call("POST", "/rng"+v, `{"count":32}`, 404) // a managed HSM has it alone
	a.life("keys", "k", shown)

	a.call("PUT", "/certificates/contacts"+v, `{"contacts":[{"email":"ops@example.org","name":"`+marker("contact")+`"}]}`, 200)
	a.call("GET", "/certificates/contacts"+v, "", 200)
	a.call("DELETE", "/certificates/contacts"+v, "", 200)
	a.call("PUT", "/certificates/issuers/own"+v, `{"provider":"Internal","credentials":{"account_id":"x","pwd":"`+marker("issuer-password")+`"}}`, 200)
	a.call("PATCH", "/certificates/issuers/own"+v, `{"credentials":{"pwd":"`+marker("issuer-password-2")+`"}}`, 200)
	a.call("GET", "/certificates/issuers/own"+v, "", 200)
	a.call("GET", "/certificates/issuers"+v, "", 200)
	a.call("DELETE", "/certificates/issuers/own"+v, "", 200)

	self := `{"policy":{"x509_props":{"subject":"CN=` + marker("subject") + `"},"issuer":{"name":"Self"},"key_props":{"kty":"EC"}}` + tags + `}`
	shown("request", a.call("POST", "/certificates/c/create"+v, self, 202), "csr")
	a.call("GET", "/certificates/c/pending"+v, "", 200)
	a.call("PATCH", "/certificates/c/pending"+v, `{"cancellation_requested":true}`, 0)
	a.call("DELETE", "/certificates/c/pending"+v, "", 200)
	pfx := shown("private key and chain", a.call("GET", "/secrets/c"+v, "", 200), "value")
	a.call("POST", "/certificates/brought/import"+v, `{"value":"`+pfx+`","pwd":""`+tags+`}`, 200)
	a.call("POST", "/certificates/wrong/import"+v, `{"value":"`+pfx+`","pwd":"`+marker("pfx-password")+`"}`, 400)
	a.call("GET", "/certificates/c"+v, "", 200)
	a.call("PATCH", "/certificates/c"+v, `{"attributes":{"enabled":true}`+tags+`}`, 200)
	a.call("GET", "/certificates"+v, "", 200)
	a.call("GET", "/certificates/c/versions"+v, "", 200)
	a.call("GET", "/certificates/c/policy"+v, "", 200)
	a.call("PATCH", "/certificates/c/policy"+v, `{"x509_props":{"subject":"CN=`+marker("subject-2")+`"}}`, 200)
	a.call("POST", "/certificates/m/create"+v, strings.Replace(self, "Self", "Unknown", 1), 202)
	a.call("POST", "/certificates/m/pending/merge"+v, `{"x5c":["`+base64.StdEncoding.EncodeToString([]byte(marker("x5c")))+`"]}`, 400)
	a.life("certificates", "c", shown)

	a.call("GET", "/no/such/path"+v, "", 404)
	a.token = "not." + a.token // refused
	secret["forged"] = a.token
	a.call("GET", "/secrets/open-name"+v, "", 401)
	a.token = secret["token"]
	for _, path := range []string{"operations", "outbox", "outbox/dead"} {
		a.send("GET", a.Ready.HTTPURL+"/admin/"+path, "", 200)
	}
	a.send("POST", a.Ready.HTTPURL+"/admin/retry", `{"vault":"web","certificate":"c"}`, 0)
	a.send("POST", a.Ready.HTTPURL+"/admin/revoke", `{"vault":"web","certificate":"c"}`, 0)

	must.Do(t, a.audit.Event(audit.Entry{Operation: "Last"})) // all before it is in the file
	text, names := a.log(), a.names()
	for _, name := range audit.OperationNames() {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not in the log", name)
		}
	}
	for _, name := range []string{"CertwrightStart", "Authentication", "CertwrightOperationsList", "CertwrightOutboxList", "CertwrightRetry", "CertwrightRevoke"} {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not in the log", name)
		}
	}
	if !bytes.Contains(text, []byte("open-name")) {
		t.Error("what is no secret is not found: the search finds nothing")
	}
	for name, s := range secret {
		for _, form := range []string{s, s[:min(len(s), 24)], s[max(0, len(s)-24):]} {
			if bytes.Contains(text, []byte(form)) {
				t.Errorf("the log has the %s, %.40s", name, form)
			}
		}
	}
	for _, form := range []string{"MARKER", b64("MARKER-pl")[:10], base64.StdEncoding.EncodeToString([]byte("MARKER-x5c"))[:10]} {
		if at := bytes.Index(text, []byte(form)); at >= 0 {
			t.Errorf("the log has a marker: %s", text[max(0, at-300):at+40])
		}
	}
}

// life takes an object through what all kinds have alike.
func (a *audited) life(kind, name string, shown func(string, map[string]any, ...string) string) {
	a.t.Helper()
	at, gone := "/"+kind+"/"+name, "/deleted"+kind+"/"+name
	blob := shown("backup of "+kind, a.call("POST", at+"/backup"+v, "", 200), "value")
	a.call("DELETE", at+v, "", 200)
	a.call("GET", "/deleted"+kind+v, "", 200)
	a.call("GET", gone+v, "", 200)
	a.call("POST", gone+"/recover"+v, "", 200)
	a.call("DELETE", at+v, "", 200)
	a.call("DELETE", gone+v, "", 204)
	a.call("POST", "/"+kind+"/restore"+v, `{"value":"`+blob+`"}`, 200)
	a.call("GET", at+v, "", 200)
}

// A request's lines are in one order: a write begins on the disk, with who, what
// and why, and ends with the version that it made; a GET that nobody may ends
// with the refusal; what a worker does is there as well.
func TestAuditOfARequest(t *testing.T) {
	t.Parallel()
	a := serveAudited(t, nil)
	a.call("PUT", "/secrets/s"+v, `{"value":"x"}`, 200)
	a.call("POST", "/certificates/c/create"+v, `{"policy":{"x509_props":{"subject":"CN=x"},"issuer":{"name":"Self"}}}`, 202)
	a.call("GET", "/certificates/c/pending"+v, "", 200)
	a.token = corp.Token("bob", nil)
	a.call("GET", "/secrets/s"+v, "", 403)
	must.Do(t, a.audit.Event(audit.Entry{Operation: "Last"}))
	type entry struct {
		OperationName, ResultSignature, ResultDescription, CallerIPAddress, CorrelationID string
		ResourceID                                                                        string
		Identity                                                                          struct{ Claim map[string]string }
		Properties                                                                        map[string]any
		Certwright                                                                        struct{ Phase, Issuer, Decision, Order string }
	}
	var got []string
	for line := range bytes.Lines(a.log()) {
		var e entry
		must.Do(t, json.Unmarshal(line, &e))
		if e.Identity.Claim["appid"] == "certwright" || e.OperationName == "CertificatePendingGet" && e.Certwright.Phase == "begin" {
			continue // a worker may finish the order before the GET does
		}
		if e.OperationName == "Authentication" || strings.HasPrefix(e.OperationName, "Certwright") || e.OperationName == "Last" {
			continue
		}
		id, _ := e.Properties["id"].(string)
		id = strings.TrimPrefix(id, a.Ready.IPURL)
		if parts := strings.Split(id, "/"); len(parts) == 4 && len(parts[3]) == 32 {
			parts[3] = "VERSION"
			id = strings.Join(parts, "/")
		}
		if e.CallerIPAddress != "127.0.0.1" || e.CorrelationID == "" || !strings.HasSuffix(e.ResourceID, "/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/WEB") || e.Certwright.Issuer != "corp" {
			t.Errorf("%s", line)
		}
		who := e.Identity.Claim["http://schemas.microsoft.com/identity/claims/objectidentifier"]
		got = append(got, strings.Join([]string{e.OperationName, e.Certwright.Phase, who, id, e.ResultSignature, e.ResultDescription}, " "))
		if allowed := who == "ann"; allowed != strings.Contains(e.Certwright.Decision, "Key Vault Administrator") {
			t.Errorf("decision %q: %s", e.Certwright.Decision, line)
		}
	}
	want := []string{
		"SecretSet begin ann /secrets/s  ", "SecretSet end ann /secrets/s/VERSION OK ",
		"CertificateCreate begin ann /certificates/c  ", "CertificateCreate end ann /certificates/c/pending Accepted ",
		"CertificatePendingGet end ann /certificates/c OK ",
		"SecretGet end bob /secrets/s Forbidden Forbidden: ForbiddenByRbac",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// What a worker does for an object is in the log, with what it came to.
func TestAuditOfJobs(t *testing.T) {
	t.Parallel()
	a := serveAudited(t, nil)
	a.call("PUT", "/certificates/issuers/own"+v, `{"provider":"Internal"}`, 200)
	a.call("POST", "/certificates/c/create"+v, `{"policy":{"x509_props":{"subject":"CN=x","sans":{"dns_names":["x.example.org"]}},"issuer":{"name":"own"}}}`, 202)
	a.call("POST", "/keys/k/create"+v, `{"kty":"EC"}`, 200)
	a.call("PUT", "/keys/k/rotationpolicy"+v, `{"lifetimeActions":[{"trigger":{"timeAfterCreate":"P60D"},"action":{"type":"Rotate"}}]}`, 200)
	a.call("POST", "/keys/gone/create"+v, `{"kty":"EC"}`, 200)
	a.call("DELETE", "/keys/gone"+v, "", 200)
	must.Do(t, a.Advance(t.Context(), 340*24*time.Hour))
	must.Do(t, a.audit.Event(audit.Entry{Operation: "Last"}))
	seen := map[string]bool{}
	for line := range bytes.Lines(a.log()) {
		var e struct {
			OperationName, ResultType, ResultDescription string
			Identity                                     struct{ Claim map[string]string }
			Certwright                                   struct{ Phase, Order string }
		}
		must.Do(t, json.Unmarshal(line, &e))
		if e.Identity.Claim["appid"] == "certwright" {
			seen[e.OperationName+" "+e.Certwright.Phase+" "+e.ResultDescription] = e.ResultType != "Failure"
		}
	}
	for _, want := range []string{"CertificateEnroll begin ", "CertificateEnroll end completed", "CertificateRenewIfDue begin ", "CertificateRenew end announced",
		"KeyRotateIfDue begin ", "KeyRotateIfDue end ", "KeyPurge begin ", "KeyPurge end "} {
		if !seen[want] {
			t.Errorf("%q is not there; there is %v", want, slices.Sorted(maps.Keys(seen)))
		}
	}
}

// While the log cannot be written no write is done and no secret shown, the server
// is alive and not ready; then it goes on by itself.
func TestAuditFailsClosed(t *testing.T) {
	t.Parallel()
	a := serveAudited(t, nil)
	a.call("PUT", "/secrets/s"+v, `{"value":"x"}`, 200)
	folder := filepath.Dir(a.path)
	must.Do(t, os.Rename(folder, folder+".away"))
	must.Do(t, os.WriteFile(folder, nil, 0o600))
	a.audit.Reopen()
	for a.audit.Event(audit.Entry{Operation: "X"}) == nil { // until the file is left
	}
	a.call("PUT", "/secrets/s"+v, `{"value":"y"}`, 503)
	a.call("GET", "/secrets/s"+v, "", 503)
	a.call("GET", "/secrets"+v, "", 200)
	a.send("GET", a.Ready.HTTPURL+"/healthz", "", 200)
	a.send("GET", a.Ready.HTTPURL+"/readyz", "", 503)
	if got := a.send("GET", a.Ready.HTTPURL+"/metrics", "", 200); !strings.Contains(got.body, `certwright_audit_errors_total{sink="file"}`) {
		t.Error("no metric tells it")
	}
	must.Do(t, os.Remove(folder))
	must.Do(t, os.Rename(folder+".away", folder))
	for a.audit.Trouble() != nil {
		runtime.Gosched()
	}
	if got := a.call("GET", "/secrets/s"+v, "", 200)["value"]; got != "x" {
		t.Errorf("the refused write was done: %v", got)
	}
	a.send("GET", a.Ready.HTTPURL+"/readyz", "", 200)
}

// Several servers on one database have names of their own in the log, each the
// same at every start.
func TestAuditNames(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for range 2 {
		s := &storage{config: config.Config{Store: "postgres://db.example/certwright"}, folder: &folder.Folder{Path: t.TempDir()}}
		first, err := s.auditSettings(audit.Settings{})
		must.Do(t, err)
		again, err := s.auditSettings(audit.Settings{})
		must.Do(t, err)
		if first.Server != again.Server || len(first.Check()) > 0 {
			t.Errorf("%q, then %q: %v", first.Server, again.Server, first.Check())
		}
		names[first.Server] = true
		if given, err := s.auditSettings(audit.Settings{Server: "b2"}); err != nil || given.Server != "b2" {
			t.Errorf("%v, %v", given, err)
		}
	}
	if len(names) != 2 {
		t.Errorf("%v", names)
	}
}

// A configuration that is read while the server runs is in the log, and whether
// it changes who may do what; one that will not do as well.
func TestAuditOfReloads(t *testing.T) {
	t.Parallel()
	a := serveAudited(t, nil)
	good, bad := a.config, a.config
	if _, err := a.Reload(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	good.Vaults = slices.Clone(good.Vaults)
	good.Vaults[0].Access.Assignments = []access.Assignment{{Role: "Key Vault Reader", To: access.Principal{Issuer: "corp", Subject: "bob"}}}
	if _, err := a.Reload(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	bad.Vaults = nil
	if _, err := a.Reload(t.Context(), bad); err == nil {
		t.Error("a bad one was taken")
	}
	must.Do(t, a.audit.Event(audit.Entry{Operation: "Last"}))
	var got []string
	for line := range bytes.Lines(a.log()) {
		var l audit.Line
		must.Do(t, json.Unmarshal(line, &l))
		got = append(got, strings.TrimSpace(l.OperationName+" "+l.ResultDescription))
	}
	want := []string{"CertwrightStart", "CertwrightConfigLoaded", "CertwrightConfigLoaded", "CertwrightAccessChanged", "CertwrightConfigLoaded it will not do, and was not taken", "Last"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
