package server

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"certwright/internal/admin"
	"certwright/internal/challenge"
	"certwright/internal/config"
	"certwright/internal/must"

	"github.com/google/go-cmp/cmp"
)

const createByIssuer = `{"policy":{"issuer":{"name":"corp"},"x509_props":{"subject":"CN=www.example.org"},"key_props":{"kty":"EC","crv":"P-256"}}}`

// issue has a certificate issued by the provider and returns it.
func issue(t *testing.T, s *Server, provider, name string) *x509.Certificate {
	t.Helper()
	c, at, token := client(t, s), s.Ready.IPURL+"/certificates/", []string{"Authorization", "Bearer x"}
	if got := ask(t, c, "PUT", at+"issuers/corp?api-version=7.4", `{"provider":"`+provider+`"}`, token...); got.status != 200 {
		t.Fatalf("issuer: %d %s", got.status, got.body)
	}
	if got := ask(t, c, "POST", at+name+"/create?api-version=7.4", createByIssuer, token...); got.status != 202 {
		t.Fatalf("create: %d %s", got.status, got.body)
	}
	var issued struct {
		Cer string `json:"cer"`
	}
	got := ask(t, c, "GET", at+name+"/?api-version=7.4", "", token...)
	if err := json.Unmarshal([]byte(got.body), &issued); err != nil || issued.Cer == "" {
		t.Fatalf("get: %d %s", got.status, got.body)
	}
	der, err := base64.StdEncoding.DecodeString(issued.Cer)
	must.Do(t, err)
	leaf, err := x509.ParseCertificate(der)
	must.Do(t, err)
	return leaf
}

// What certificates point to is published under the names that they say.
func TestPublicHosts(t *testing.T) {
	t.Parallel()
	c, err := config.Parse([]byte("providers:\n  one: {kind: ca, public_url: 'http://pki.example.org:8080/below'}\n  two: {kind: ca}\n"), ".")
	must.Do(t, err)
	if got := publicHosts(c.Providers); !slices.Equal(got, []string{"pki.example.org"}) {
		t.Errorf("got %q", got)
	}
}

// Without a word of configuration Internal is the built-in CA, and every other
// provider is played; the CA stays the same in the next run, however its name
// is spelled, and publishes its root.
func TestInternalIssuesAcrossARestart(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	s := startIn(t, data, Options{})
	if got := ask(t, http.DefaultClient, "GET", s.Ready.HTTPURL+"/pki/internal.pem", ""); got.status != 404 {
		t.Errorf("before its first use: %d %s", got.status, got.body)
	}
	first := issue(t, s, "INTERNAL", "one")
	if first.Issuer.CommonName != "Internal Issuing CA" {
		t.Errorf("Internal signs as %s", first.Issuer)
	}
	if played := issue(t, s, "DigiCert", "two"); played.Issuer.CommonName != "Certwright Issuing CA" {
		t.Errorf("DigiCert signs as %s", played.Issuer)
	}
	roots := ask(t, http.DefaultClient, "GET", s.Ready.HTTPURL+"/pki/internal.pem", "").body
	stop(t, s)

	text := "providers:\n  internal: {kind: ca, common_name: Internal Issuing CA}\n"
	c, err := config.Parse([]byte(text), ".")
	must.Do(t, err)
	c.Listen, c.HTTP, c.Data = "127.0.0.1:0", "127.0.0.1:0", data
	if s, err = Start(t.Context(), c, Options{}); err != nil {
		t.Fatal(err)
	}
	defer stop(t, s)
	second := issue(t, s, "Internal", "three")
	if string(second.AuthorityKeyId) != string(first.AuthorityKeyId) {
		t.Errorf("a restart made another authority: %s", second.Issuer)
	}
	if got := ask(t, http.DefaultClient, "GET", s.Ready.HTTPURL+"/pki/internal.pem", ""); got.body != roots {
		t.Errorf("another root: %s", got.body)
	}
	if got := ask(t, http.DefaultClient, "GET", s.Ready.HTTPURL+"/pki/internal.pem", "", "Host", "evil.example"); got.status != 403 {
		t.Errorf("under a name of somebody else: %d %s", got.status, got.body)
	}
	if block, _ := pem.Decode([]byte(roots)); block == nil {
		t.Errorf("no root: %s", roots)
	}
}

// What is on the board is answered at the side door, whatever name it is called by.
func TestHTTP01IsAnsweredAtTheSideDoor(t *testing.T) {
	t.Parallel()
	s := run(t)
	solver, err := challenge.New(challenge.Settings{Kind: "http"}, challenge.Means{Clock: s.clock, HTTP: surroundings{}.solverClient, Responses: s.issuers.board})
	must.Do(t, err)
	const token = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
	record := challenge.Record{Type: challenge.HTTP01, Domain: "www.example.org", Name: token, Value: token + ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"}
	at := s.Ready.HTTPURL + challenge.ChallengePath + token
	if got := ask(t, http.DefaultClient, "GET", at, "", "Host", record.Domain); got.status != 404 {
		t.Errorf("before: %d %s", got.status, got.body)
	}
	must.Do(t, solver.Present(t.Context(), record))
	if got := ask(t, http.DefaultClient, "GET", at, "", "Host", record.Domain); got.status != 200 || got.body != record.Value {
		t.Errorf("published: %d %s", got.status, got.body)
	}
	must.Do(t, solver.Cleanup(t.Context(), record))
	if got := ask(t, http.DefaultClient, "GET", at, "", "Host", record.Domain); got.status != 404 {
		t.Errorf("after: %d %s", got.status, got.body)
	}
}

// Every kind can be opened as its simplest settings have it, without a call.
func TestEveryKindOpens(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must.Do(t, os.WriteFile(filepath.Join(dir, "tsig"), []byte("c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0ISEhIQ==\n"), 0o600))
	c, err := config.Parse([]byte(everyKind), dir)
	must.Do(t, err)
	seen := map[string]bool{}
	for _, p := range c.Providers {
		seen[p.Kind] = true
	}
	for _, kind := range config.Kinds() {
		if !seen[kind] {
			t.Errorf("kind %s is not tried", kind)
		}
	}
	c.Listen, c.HTTP, c.Ephemeral = "127.0.0.1:0", "127.0.0.1:0", true
	s, err := Start(t.Context(), c, Options{})
	must.Do(t, err)
	stop(t, s)
}

// Orders of all vaults are listed page by page.
func TestOrdersAreListed(t *testing.T) {
	t.Parallel()
	s := run(t)
	c := client(t, s)
	for _, at := range []string{"a/one", "b/two", "b/Three"} {
		vaultName, name, _ := strings.Cut(at, "/")
		headers := []string{"Authorization", "Bearer x", "Host", vaultName + ".vault.localhost"}
		issuer := `{"provider":"Test","credentials":{"account_id":"hold"}}`
		if got := ask(t, c, "PUT", s.Ready.IPURL+"/certificates/issuers/corp?api-version=7.4", issuer, headers...); got.status != 200 {
			t.Fatalf("%s: %d %s", at, got.status, got.body)
		}
		if got := ask(t, c, "POST", s.Ready.IPURL+"/certificates/"+name+"/create?api-version=7.4", createByIssuer, headers...); got.status != 202 {
			t.Fatalf("%s: %d %s", at, got.status, got.body)
		}
	}
	for query, want := range map[string][]string{
		"":                 {"a/one", "b/Three", "b/two"},
		"?limit=1":         {"a/one", "b/Three", "b/two"},
		"?limit=2&vault=b": {"b/Three", "b/two"},
		"?vault=c":         nil,
		"?after=b/THREE":   {"b/two"},
	} {
		var got []string
		for more := query; ; {
			var page admin.Operations
			answer := ask(t, http.DefaultClient, "GET", s.Ready.HTTPURL+"/admin/operations"+more, "")
			if err := json.Unmarshal([]byte(answer.body), &page); err != nil || answer.status != 200 {
				t.Fatalf("%s: %d %s", more, answer.status, answer.body)
			}
			for _, o := range page.Operations {
				got = append(got, o.Vault+"/"+o.Name)
			}
			if page.Next == "" {
				break
			}
			more = query + "&after=" + page.Next
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
}

// everyKind has a provider of every kind, as a person would write them.
const everyKind = `
providers:
  Internal:  {kind: ca, profile: web, common_name: Example Issuing CA, validity_days: 90}
  DigiCert:  {kind: digicert, base_url: https://www.digicert.com/services/v2}
  LetsEncrypt: {kind: acme, directory: https://acme-v02.api.letsencrypt.org/directory, ca_bundle: "", challenge: dns-01,
                solver: {kind: rfc2136, server: 10.0.0.53:53, zone: example.org, tsig_name: k, tsig_secret_file: tsig}}
  OpenBao:   {kind: vault, address: "https://bao:8200", ca_bundle: "", mount: pki, role: web}
  Test:      {kind: scripted}
`
