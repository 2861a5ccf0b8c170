package certcentral

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"

	"github.com/google/go-cmp/cmp"
)

var began = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// a client calls the account as a person with curl does.
type client struct {
	*Server
	url string
}

func start(t *testing.T, p Play) client {
	t.Helper()
	s, err := New("k", func() time.Time { return began })
	must.Do(t, err)
	s.Set(p)
	door := httptest.NewServer(s)
	t.Cleanup(door.Close)
	return client{s, door.URL}
}

// call returns the status and the answer, as JSON or as text.
func (c client) call(t *testing.T, method, path string, body any) (int, map[string]any, string) {
	t.Helper()
	text, err := json.Marshal(body)
	must.Do(t, err)
	r, err := http.NewRequestWithContext(t.Context(), method, c.url+path, strings.NewReader(string(text)))
	must.Do(t, err)
	r.Header.Set("X-DC-DEVKEY", "k")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err.Error()
	}
	defer answer.Body.Close()
	var plain strings.Builder
	if err := answer.Write(&plain); err != nil {
		return 0, nil, err.Error()
	}
	_, text2, _ := strings.Cut(plain.String(), "\r\n\r\n")
	var parsed map[string]any
	_ = json.Unmarshal([]byte(text2), &parsed)
	return answer.StatusCode, parsed, text2
}

func body(t *testing.T, names ...string) map[string]any {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must.Do(t, err)
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "ignored.example.test"}}, key)
	must.Do(t, err)
	return object{"certificate": object{"common_name": names[0], "dns_names": names[1:], "signature_hash": "sha256",
		"csr": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr}))},
		"organization": object{"id": 90210}, "order_validity": object{"years": 1}, "skip_approval": true, "comments": "for " + names[0]}
}

func (c client) order(t *testing.T, names ...string) int64 {
	t.Helper()
	status, answer, text := c.call(t, "POST", Base+"/order/certificate/ssl_basic", body(t, names...))
	if status != http.StatusCreated {
		t.Fatalf("%d %s", status, text)
	}
	return int64(answer["id"].(float64))
}

// The list has the filters, the sorting and the pages of the documentation, and
// no comments.
func TestList(t *testing.T) {
	t.Parallel()
	c := start(t, Play{Hold: true})
	for _, name := range []string{"a.example.test", "b.example.test", "a.example.test", "c.example.org"} {
		c.order(t, name, "san."+name)
		c.Pass(24 * time.Hour)
	}
	for _, f := range []struct {
		query string
		want  string // the last digits of the ids, in order
	}{
		{"", "2 5 8 11"},
		{"sort=-order_id", "11 8 5 2"},
		{"sort=-order_id&limit=2&offset=1", "8 5"},
		{"offset=9", ""},
		{"filters[common_name]=a.example.test", "2 8"},
		{"filters[common_name]=%25.example.test", "2 5 8"},
		{"filters[search]=c.%25", "11"},
		{"filters[domain_name]=san.b.example.test", "5"},
		{"filters[status]=issued", ""},
		{"filters[status]=pending&filters[common_name]=b.example.test", "5"},
		{"filters[date_created]=>2026-11-24", "8 11"},
		{"filters[date_created]=<2026-11-23", "2"},
		{"filters[date_created]=2026-11-23...2026-11-24", "5 8"},
		{"filters[product_name_id]=ssl_plus", ""},
		{"filters[organization_id]=90210&filters[container_id]=0", "2 5 8 11"},
		{"filters[comments]=for%20a.example.test", "2 5 8 11"}, // no such filter
	} {
		query, err := url.ParseQuery(f.query)
		must.Do(t, err)
		_, answer, text := c.call(t, "GET", Base+"/order/certificate?"+query.Encode(), nil)
		var got []string
		for _, o := range answer["orders"].([]any) {
			got = append(got, fmt.Sprint(int64(o.(map[string]any)["id"].(float64))-880000))
		}
		if strings.Join(got, " ") != f.want {
			t.Errorf("%s: %v, want %s", f.query, got, f.want)
		}
		if strings.Contains(text, "for a.example") {
			t.Errorf("%s shows comments", f.query)
		}
	}
}

// A person can steer orders by the control door.
func TestControls(t *testing.T) {
	t.Parallel()
	c := start(t, Play{})
	c.call(t, "POST", "/fake/play", object{"hold": true, "delay": "1m"})
	id := c.order(t, "www.example.test", "api.example.test")
	info := fmt.Sprintf("%s/order/certificate/%d", Base, id)
	status := func() string {
		_, answer, _ := c.call(t, "GET", info, nil)
		return fmt.Sprint(answer["status"])
	}
	if got := status(); got != "pending" {
		t.Fatalf("held: %s", got)
	}
	c.call(t, "POST", fmt.Sprintf("/fake/orders/%d/issue", id), nil)
	if got := status(); got != "issued" {
		t.Fatalf("issued: %s", got)
	}
	_, _, text := c.call(t, "GET", fmt.Sprintf("%s/certificate/download/order/%d/format/pem_noroot", Base, id), nil)
	if n := strings.Count(text, "BEGIN CERTIFICATE"); n != 2 {
		t.Errorf("pem_noroot has %d certificates", n)
	}
	block, _ := pem.Decode([]byte(text))
	leaf, err := x509.ParseCertificate(block.Bytes)
	must.Do(t, err)
	if diff := cmp.Diff([]string{"www.example.test", "api.example.test"}, leaf.DNSNames); diff != "" || leaf.Subject.CommonName != "www.example.test" {
		t.Errorf("the names come from the order, not the CSR: %s%s", leaf.Subject, diff)
	}
	if code, _, text := c.call(t, "POST", fmt.Sprintf("/fake/orders/%d/lose", id), nil); code != http.StatusBadRequest {
		t.Errorf("an unknown verb: %d %s", code, text)
	}
	if _, _, text := c.call(t, "GET", "/fake/paid", nil); strings.TrimSpace(text) != `{"for www.example.test":1}` {
		t.Errorf("paid: %s", text)
	}
}

// Faults are played as they are called: also those that act and say nothing.
func TestFaults(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]struct{ status, orders int }{
		CutBefore: {0, 0}, CutAfter: {0, 1}, Truncated: {201, 1}, Limit: {429, 0}, NotOK: {406, 0}, Broken: {500, 1}, Away: {503, 0}, HTML: {503, 0}, Slow: {201, 1},
	} {
		c := start(t, Play{})
		c.Break(Fault{Kind: kind, Method: "POST", Path: "/order", Call: 1, After: Duration(time.Millisecond)})
		got, _, _ := c.call(t, "POST", Base+"/order/certificate/ssl_basic", body(t, "www.example.test"))
		if got != want.status || len(c.Orders()) != want.orders {
			t.Errorf("%s: %d and %d orders, want %+v", kind, got, len(c.Orders()), want)
		}
		if got, _, text := c.call(t, "POST", Base+"/order/certificate/ssl_basic", body(t, "www.example.test")); got != 201 {
			t.Errorf("%s, the call after: %d %s", kind, got, text)
		}
	}
}

// What the account refuses, it refuses with the documented bodies.
func TestRefusals(t *testing.T) {
	t.Parallel()
	c := start(t, Play{Limits: true})
	id := c.order(t, "www.example.test")
	issued := fmt.Sprintf("%s/order/certificate/%d", Base, id)
	c.call(t, "GET", issued, nil)
	bad := body(t, "www.example.test")
	bad["certificate"].(object)["csr"] = "none"
	for _, f := range []struct {
		method, path string
		body         any
		status       int
		code         string
	}{
		{"POST", Base + "/order/certificate/ssl_gold", body(t, "x.example.test"), 404, "not_found|product"},
		{"POST", Base + "/order/certificate/ssl_basic", bad, 400, "csr_invalid_cannot_parse"},
		{"POST", Base + "/order/certificate/ssl_basic", body(t, "caa-forbids.example.test"), 400, "caa_check_failed|caa-forbids.example.test"},
		{"POST", Base + "/order/certificate/ssl_basic", 7, 400, "bad_request_format"},
		{"GET", Base + "/order/certificate/1", nil, 404, "not_found|order"},
		{"GET", Base + "/nothing", nil, 404, "not_found|route"},
		{"PUT", issued + "/status", object{"status": "canceled", "note": "x"}, 400, "invalid_order_status"},
		{"PUT", issued + "/status", object{"status": "CANCELED", "note": "x"}, 400, "invalid_status"},
	} {
		status, _, text := c.call(t, f.method, f.path, f.body)
		if status != f.status || !strings.Contains(text, `"code":"`+f.code+`"`) {
			t.Errorf("%s %s: %d %s, want %d %s", f.method, f.path, status, text, f.status, f.code)
		}
	}
	last := 0
	for range 110 {
		last, _, _ = c.call(t, "GET", Base+"/user/me", nil)
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("110 calls at one instant: %d", last)
	}
}
