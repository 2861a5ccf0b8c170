package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"certwright/internal/vault"
)

// book is an Operator that holds operations and writes down what it was told.
type book struct {
	operations []vault.Operation
	told       []string
}

func (b *book) Underway(_ context.Context, vaultName string, after vault.Ref, limit int) (page []vault.Standing, next vault.Ref, err error) {
	b.told = append(b.told, fmt.Sprintf("underway %q after %q, %d", vaultName, after, limit))
	for _, o := range b.operations {
		if vaultName != "" && o.Vault != vaultName || o.String() <= after.String() {
			continue
		}
		if len(page) == limit {
			return page, page[limit-1].Ref, nil
		}
		page = append(page, vault.Standing{Operation: o})
	}
	return page, vault.Ref{}, nil
}

func (b *book) Failed(ctx context.Context, vaultName string, after vault.Ref, limit int) (page []vault.Standing, next vault.Ref, err error) {
	page, next, err = b.Underway(ctx, vaultName, after, limit)
	for i := range page {
		page[i].Operation = page[i].Fail(vault.Failure{Code: vault.RequestRejected, Message: "No."})
		page[i].Due, page[i].Tries, page[i].Next = noon, 3, noon.Add(time.Hour)
	}
	return page, next, err
}

func (b *book) History(_ context.Context, ref vault.Ref) (vault.Standing, error) {
	for _, o := range b.operations {
		if o.String() == ref.String() {
			return vault.Standing{Operation: o}, nil
		}
	}
	return vault.Standing{}, vault.NoPending(ref)
}

func (b *book) Retry(ctx context.Context, ref vault.Ref) (vault.Standing, error) {
	b.told = append(b.told, "retry "+ref.String())
	return b.History(ctx, ref)
}

func (b *book) Decide(ctx context.Context, ref vault.Ref, requestID string, approved bool, message string) (vault.Operation, error) {
	b.told = append(b.told, fmt.Sprintf("decide %s %q %v %q", ref, requestID, approved, message))
	o, err := b.History(ctx, ref)
	if err != nil {
		return o.Operation, err
	}
	return o.Decide(vault.Approval{At: noon, Approved: approved, Message: message})
}

func (b *book) Register(_ context.Context, vaultName, issuer string) (vault.IssuerConfig, string, error) {
	b.told = append(b.told, fmt.Sprintf("register %s of %s", issuer, vaultName))
	if issuer == "none" {
		return vault.IssuerConfig{}, "", vault.NoIssuerNamed(issuer)
	}
	return vault.IssuerConfig{Vault: vaultName, Name: issuer}, "https://acme.test/acct/2", nil
}

func (b *book) Revoke(_ context.Context, ref vault.Ref, version string, reason int) (vault.Version, error) {
	b.told = append(b.told, fmt.Sprintf("revoke %s %q %d", ref, version, reason))
	return vault.Version{Ref: ref, ID: strings.Repeat("a", 32)}, nil
}

func order(vaultName, name string) vault.Operation {
	return vault.Operation{
		Ref:       vault.Ref{Vault: vaultName, Kind: vault.Certificates, Name: name},
		RequestID: strings.Repeat("1", 32), Status: vault.InProgress, Detail: "waits for the authority", IssuerName: "dc",
		Issuer: &vault.IssuerConfig{Name: "dc", Provider: "DigiCert", Credentials: &vault.Credentials{AccountID: "secret-id"}}, Created: noon, Attempt: 2,
		State: []byte("secret-state"), CSR: []byte("csr"),
	}
}

func TestListOperations(t *testing.T) {
	t.Parallel()
	h, b := newHandler(), &book{operations: []vault.Operation{order("a", "one"), order("b", "three"), order("b", "Two")}}
	h.Operator = b
	for target, want := range map[string][]string{
		"":                         {"a/one", "b/three", "b/Two"},
		"?vault=B":                 {"b/three", "b/Two"},
		"?vault=none":              {},
		"?limit=2":                 {"a/one", "b/three", "next b/three"},
		"?limit=2&after=b/three":   {"b/Two"},
		"?limit=1&after=a%2Fone":   {"b/three", "next b/three"},
		"?vault=&after=&limit=100": {"a/one", "b/three", "b/Two"},
	} {
		w := ask(h, "GET", "/admin/operations"+target, "")
		var list Operations
		if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || w.Code != 200 {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
		got := []string{}
		for _, o := range list.Operations {
			got = append(got, o.Vault+"/"+o.Name)
		}
		if list.Next != "" {
			got = append(got, "next "+list.Next)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", target, diff)
		}
		if strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s shows what only the issuer may know: %s", target, w.Body)
		}
	}
	for _, target := range []string{"?vault=a_b", "?limit=0", "?limit=101", "?limit=x", "?after=b", "?after=b/x_y", "?after=" + strings.Repeat("b", 600)} {
		if w := ask(h, "GET", "/admin/operations"+target, ""); w.Code != 400 {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
	empty := `{"operations":[]}`
	if got := strings.TrimSpace(ask(newHandler(), "GET", "/admin/operations", "").Body.String()); got != empty {
		t.Errorf("got %s, want %s", got, empty)
	}
}

func TestShowOperation(t *testing.T) {
	t.Parallel()
	failed := order("b", "two").Noted(noon, "order placed").Noted(noon, "still pending").Noted(noon.Add(time.Hour), "still pending")
	failed = failed.Fail(vault.Failure{Code: vault.RequestRejected, Message: "no"})
	failed.Approval = &vault.Approval{At: noon, Approved: true}
	h := newHandler()
	h.Operator = &book{operations: []vault.Operation{order("a", "one"), failed}}
	at := noon.Format(time.RFC3339Nano)
	for path, want := range map[string]string{
		"/admin/operations/A/ONE": `{"vault":"a","name":"one","request_id":"11111111111111111111111111111111","status":"inProgress",` +
			`"status_details":"waits for the authority","waits_for":"waits for the authority","issuer":"dc","provider":"DigiCert","since":"` + at + `","attempt":2,` +
			`"cancellation_requested":false,"waits_for_approval":false,"renewal":false}`,
		"/admin/operations/b/two": `{"vault":"b","name":"two","request_id":"11111111111111111111111111111111","status":"failed",` +
			`"error":{"code":"Request rejected","message":"no"},"issuer":"dc","provider":"DigiCert","since":"` + at + `","attempt":2,` +
			`"cancellation_requested":false,"waits_for_approval":false,"decision":{"at":"` + at + `","approved":true},"renewal":false,` +
			`"history":[{"at":"` + at + `","last":"` + at + `","times":1,"text":"order placed"},` +
			`{"at":"` + at + `","last":"` + noon.Add(time.Hour).Format(time.RFC3339Nano) + `","times":2,"text":"still pending"}]}`,
	} {
		if w := ask(h, "GET", path, ""); w.Code != 200 || strings.TrimSpace(w.Body.String()) != want {
			t.Errorf("%s: %d\ngot  %swant %s", path, w.Code, w.Body, want)
		}
	}
	for path, want := range map[string]int{
		"/admin/operations/b/none": 404, "/admin/operations/a_b/x": 400, "/admin/operations/a/x_y": 400, "/admin/operations/a/": 404, "/admin/operations/a": 404,
	} {
		if w := ask(h, "GET", path, ""); w.Code != want {
			t.Errorf("%s: %d %s, want %d", path, w.Code, w.Body, want)
		}
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	asking := order("a", "one")
	asking.WantsApproval = true
	for body, c := range map[string]struct {
		code int
		told string
	}{
		`{"decision":"approve"}`: {200, `decide a/certificates/one "" true ""`},
		`{"decision":"reject","message":"not yours","request_id":"7"}`: {200, `decide a/certificates/one "7" false "not yours"`},
		`{"decision":"maybe"}`:             {400, ""},
		`{}`:                               {400, ""},
		``:                                 {400, ""},
		`{"decision":"approve","by":"me"}`: {400, ""},
		`{"decision":"reject","message":"` + strings.Repeat("x", 501) + `"}`:       {400, ""},
		`{"decision":"reject","message":"` + strings.Repeat("x", maxBody+1) + `"}`: {413, ""},
	} {
		h, b := newHandler(), &book{operations: []vault.Operation{asking}}
		h.Operator = b
		w := ask(h, "POST", "/admin/operations/a/one", body)
		if told := strings.Join(b.told, ";"); w.Code != c.code || told != c.told {
			t.Errorf("%.60s: %d %s, told %q", body, w.Code, w.Body, told)
		}
	}
	h := newHandler()
	h.Operator = &book{operations: []vault.Operation{order("a", "one")}}
	if w := ask(h, "POST", "/admin/operations/a/one", `{"decision":"approve"}`); w.Code != 409 || !strings.Contains(w.Body.String(), "waits for no decision") {
		t.Errorf("one that does not ask: %d %s", w.Code, w.Body)
	}
	if w := ask(h, "POST", "/admin/operations/a/one", `{"decision":"approve"}`, "Sec-Fetch-Site", "cross-site"); w.Code != 403 {
		t.Errorf("a web page may decide: %d", w.Code)
	}
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	version := strings.Repeat("a", 32)
	for body, c := range map[string]struct {
		code       int
		told, want string
	}{
		`{"vault":"A","certificate":"one"}`: {200, `revoke a/certificates/one "" 0`, "unspecified"},
		`{"vault":"a","certificate":"one","reason":"KEYcompromise","version":"` + version + `"}`: {200, `revoke a/certificates/one "` + version + `" 1`, "keyCompromise"},
		`{"vault":"a","certificate":"one","reason":"4"}`:                                         {200, `revoke a/certificates/one "" 4`, "superseded"},
		`{"vault":"a","certificate":"one","reason":10,"version":null}`:                           {200, `revoke a/certificates/one "" 10`, "aACompromise"},
		`{"vault":"a","certificate":"one","reason":7}`:                                           {400, "", ""},
		`{"vault":"a","certificate":"one","reason":"certificateHold"}`:                           {400, "", ""},
		`{"vault":"a","certificate":"one","reason":8}`:                                           {400, "", ""},
		`{"vault":"a","certificate":"one","reason":-1}`:                                          {400, "", ""},
		`{"vault":"a","certificate":"one","reason":1.5}`:                                         {400, "", ""},
		`{"vault":"a","certificate":"one","reason":{}}`:                                          {400, "", ""},
		`{"vault":"a","certificate":"one","version":"latest"}`:                                   {400, "", ""},
		`{"vault":"a"}`:         {400, "", ""},
		`{"certificate":"one"}`: {400, "", ""},
	} {
		h, b := newHandler(), &book{}
		h.Operator = b
		w := ask(h, "POST", "/admin/revoke", body)
		var got Revoked
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != c.code || strings.Join(b.told, ";") != c.told || got.Reason != c.want {
			t.Errorf("%s: %d %s, told %q", body, w.Code, w.Body, b.told)
		}
		if c.code == 200 && (got.Vault != "a" || got.Certificate != "one" || got.Version != version) {
			t.Errorf("%s: %+v", body, got)
		}
	}
}

func TestRegister(t *testing.T) {
	t.Parallel()
	for path, c := range map[string]struct {
		code       int
		told, want string
	}{
		"/admin/issuers/A/le/account":    {200, "register le of a", `{"vault":"a","issuer":"le","account":"https://acme.test/acct/2"}`},
		"/admin/issuers/a/none/account":  {404, "register none of a", "Issuer none not found"},
		"/admin/issuers/a/l%21e/account": {400, "", "issuer"},
		"/admin/issuers/a_b/le/account":  {400, "", "vault"},
	} {
		h, b := newHandler(), &book{}
		h.Operator = b
		w := ask(h, "POST", path, "")
		if w.Code != c.code || strings.Join(b.told, ";") != c.told || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s: %d %s, told %q", path, w.Code, w.Body, b.told)
		}
	}
}

func TestRollover(t *testing.T) {
	t.Parallel()
	h := newHandler()
	var asked string
	h.Rollover = func(_ context.Context, provider string) error {
		asked = provider
		if provider != "Internal" {
			return &vault.Error{Reason: vault.NotFound, Code: "ProviderNotFound", Message: "none such"}
		}
		return nil
	}
	if w := ask(h, "POST", "/admin/ca/Internal/rollover", ""); w.Code != 204 || asked != "Internal" {
		t.Errorf("%d %s, asked %q", w.Code, w.Body, asked)
	}
	if w := ask(h, "POST", "/admin/ca/other/rollover", ""); w.Code != 404 || !strings.Contains(w.Body.String(), "none such") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for method, path := range map[string]string{"POST": "/admin/ca//rollover", "GET": "/admin/ca/Internal/rollover"} {
		if w := ask(h, method, path, ""); w.Code != 404 && w.Code != 405 {
			t.Errorf("%s %s: %d", method, path, w.Code)
		}
	}
}

// What anybody may ask, from any place and under any name.
func TestPublished(t *testing.T) {
	t.Parallel()
	h := newHandler()
	h.PKI = func(_ context.Context, file string) (string, []byte, error) {
		switch file {
		case "internal-1.crl":
			return "application/pkix-crl", []byte("a CRL"), nil
		case "broken.crl":
			return "", nil, errors.New("disk /secret is full")
		}
		return "", nil, vault.ErrNotFound
	}
	h.Challenge = func(token string) (string, bool) { return token + ".thumb", token == "tok-en_1" }
	h.PublicHosts = []string{"pki.example.org"}
	foreign := []string{"Host", "pki.example.org", "Sec-Fetch-Site", "cross-site"}
	for _, c := range []struct {
		method, path string
		code         int
		kind, body   string
	}{
		{"GET", "/pki/internal-1.crl", 200, "application/pkix-crl", "a CRL"},
		{"HEAD", "/pki/internal-1.crl", 200, "application/pkix-crl", ""},
		{"POST", "/pki/internal-1.crl", 405, "application/json; charset=utf-8", ""},
		{"GET", "/pki/other.crl", 404, "application/json; charset=utf-8", ""},
		{"GET", "/pki/broken.crl", 500, "application/json; charset=utf-8", ""},
		{"GET", "/pki/", 404, "application/json; charset=utf-8", ""},
		{"GET", "/pki/" + strings.Repeat("a", 300), 404, "application/json; charset=utf-8", ""},
		{"GET", "/.well-known/acme-challenge/tok-en_1", 200, "application/octet-stream", "tok-en_1.thumb"},
		{"GET", "/.well-known/acme-challenge/other", 404, "application/json; charset=utf-8", ""},
		{"GET", "/.well-known/acme-challenge/", 404, "application/json; charset=utf-8", ""},
		{"GET", "/.well-known/acme-challenge/" + strings.Repeat("a", 300), 404, "application/json; charset=utf-8", ""},
		{"PUT", "/.well-known/acme-challenge/tok-en_1", 405, "application/json; charset=utf-8", ""},
	} {
		w := ask(h, c.method, c.path, "", foreign...)
		if w.Code != c.code || w.Header().Get("Content-Type") != c.kind || c.code == 200 && c.method == "GET" && w.Body.String() != c.body {
			t.Errorf("%s %.60s: %d %s %s", c.method, c.path, w.Code, w.Header(), w.Body)
		}
		if strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s %s: %s", c.method, c.path, w.Body)
		}
	}
	w := ask(h, "GET", "/pki/internal-1.crl", "")
	tag := w.Header().Get("ETag")
	if w.Header().Get("Cache-Control") != "public, max-age=300" || tag == "" {
		t.Errorf("no cache may keep a CRL: %s", w.Header())
	}
	if w := ask(h, "GET", "/pki/internal-1.crl", "", "If-None-Match", tag); w.Code != http.StatusNotModified {
		t.Errorf("a cache that has it gets %d", w.Code)
	}
}

func FuzzOperator(f *testing.F) {
	f.Add("GET", "/admin/operations", "vault=a&after=a/b&limit=3", "")
	f.Add("POST", "/admin/operations/a/one", "", `{"decision":"approve","message":"m","request_id":"1"}`)
	f.Add("POST", "/admin/revoke", "", `{"vault":"a","certificate":"b","reason":1}`)
	f.Add("GET", "/pki/x", "", "")
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		r, err := http.NewRequest(method, "http://127.0.0.1", strings.NewReader(body))
		if err != nil || !strings.HasPrefix(path, "/") {
			return
		}
		r.URL.Path, r.URL.RawQuery = path, query
		h := newHandler()
		h.Operator = &book{operations: []vault.Operation{order("a", "one")}}
		w := serve(h, r)
		if w.Code >= 500 && path != "/readyz" {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

// What failed is listed with how often, since when and the next try; what waits
// is tried at once.
func TestFailedAndRetry(t *testing.T) {
	t.Parallel()
	h, b := newHandler(), &book{operations: []vault.Operation{order("a", "one"), order("b", "two")}}
	h.Operator = b
	w := ask(h, "GET", "/admin/operations?status=failed&vault=b", "")
	for _, part := range []string{`"name":"two"`, `"status":"failed"`, `"error":{"code":"Request rejected","message":"No."}`, `"failed_tries":3`, `"renewal_due":"2026-11-22T12:`, `"next_renewal":"2026-11-22T13:`} {
		if !strings.Contains(w.Body.String(), part) || strings.Contains(w.Body.String(), `"one"`) {
			t.Errorf("%s is not in %s", part, w.Body)
		}
	}
	for _, c := range []struct {
		method, target, body string
		code                 int
		said                 string
	}{
		{"GET", "/admin/operations?status=completed", "", 400, "status must be inProgress or failed."},
		{"POST", "/admin/retry", `{"vault":"A","certificate":"one"}`, 200, `"name":"one"`},
		{"POST", "/admin/retry", `{"vault":"a","certificate":"none"}`, 404, "PendingCertificateNotFound"},
		{"POST", "/admin/retry", `{"vault":"a","certificate":"no/ne"}`, 400, "BadParameter"},
		{"POST", "/admin/retry", `{"vault":"a","name":"one"}`, 400, "unknown field"},
		{"GET", "/admin/retry", "", 405, "MethodNotAllowed"},
	} {
		if w := ask(h, c.method, c.target, c.body); w.Code != c.code || !strings.Contains(w.Body.String(), c.said) {
			t.Errorf("%s %s %s: %d %s", c.method, c.target, c.body, w.Code, w.Body)
		}
	}
	if diff := cmp.Diff([]string{`underway "b" after "//", 100`, "retry a/certificates/one", "retry a/certificates/none"}, b.told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}
