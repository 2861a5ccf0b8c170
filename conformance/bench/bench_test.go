// Package bench measures a running server against the bare limit of the same
// machine in the same run: benchmarks print ratios, which say more than rates.
// Run it with go test -bench . ./conformance/bench.
package bench

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"certwright/testvault"
)

const query = "?api-version=7.4"

// A target is a server under measurement.
type target struct {
	client *http.Client
	base   string
}

func (t target) send(b *testing.B, method, path, body string, want int) []byte {
	req, err := http.NewRequest(method, t.base+path, bytes.NewBufferString(body))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer x")
	req.Header.Set("Content-Type", "application/json")
	resp, err := t.client.Do(req)
	if err != nil {
		b.Error(err)
		return nil
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != want {
		b.Errorf("%s %s: %d %s %v", method, path, resp.StatusCode, got, err)
	}
	return got
}

func vault(b *testing.B) target {
	v := testvault.Start(b)
	return target{client: keepAlive(v.Client()), base: v.URL}
}

// keepAlive speaks HTTP/1.1 over enough idle connections for parallel callers.
func keepAlive(c *http.Client) *http.Client {
	trust := c.Transport.(*http.Transport).TLSClientConfig.Clone()
	trust.NextProtos = []string{"http/1.1"}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: trust, MaxIdleConnsPerHost: 64}}
}

// bare is net/http over TLS with a fixed answer: the limit of any server in Go.
func bare(b *testing.B, payload []byte) target {
	return bareHandler(b, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write(payload)
	})
}

func bareHandler(b *testing.B, answer http.HandlerFunc) target {
	s := httptest.NewUnstartedServer(answer)
	s.StartTLS()
	b.Cleanup(s.Close)
	return target{client: keepAlive(s.Client()), base: s.URL}
}

const selfEC = `{"policy":{"key_props":{"kty":"EC","crv":"P-256"},"secret_props":{"contentType":"application/x-pem-file"},"x509_props":{"subject":"CN=bench"},"issuer":{"name":"Self"}}}`

// made creates a certificate, waits for its end and returns its GET.
func (t target) made(b *testing.B, name string) []byte {
	t.send(b, "POST", "/certificates/"+name+"/create"+query, selfEC, http.StatusAccepted)
	var op struct{ Status string }
	if err := json.Unmarshal(t.send(b, "GET", "/certificates/"+name+"/pending"+query, "", http.StatusOK), &op); err != nil || op.Status != "completed" {
		b.Error(op, err)
	}
	return t.send(b, "GET", "/certificates/"+name+query, "", http.StatusOK)
}

// perSecond measures a call made by parallel callers.
func perSecond(b *testing.B, n int, call func()) float64 {
	began := time.Now()
	var left atomic.Int64
	left.Store(int64(n))
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			for left.Add(-1) >= 0 && !b.Failed() {
				call()
			}
		})
	}
	callers.Wait()
	if b.Failed() {
		b.FailNow()
	}
	return float64(n) / time.Since(began).Seconds()
}

// BenchmarkGetCertificate is a hot GET beside the same bytes from bare net/http
// over TLS; goal 0.8 of it.
func BenchmarkGetCertificate(b *testing.B) {
	v := vault(b)
	payload := v.made(b, "hot")
	limit := bare(b, payload)
	ours := perSecond(b, max(b.N, 500), func() { v.send(b, "GET", "/certificates/hot"+query, "", http.StatusOK) })
	theirs := perSecond(b, max(b.N, 500), func() { limit.send(b, "GET", "/", "", http.StatusOK) })
	b.ReportMetric(ours, "GET/s")
	b.ReportMetric(ours/theirs, "of-bare")
}

// BenchmarkCreateP256 is a Self certificate from create to readable, three
// requests, beside the raw cryptography of one.
func BenchmarkCreateP256(b *testing.B) {
	v := vault(b)
	var n atomic.Int64
	n.Store(0)
	ours := perSecond(b, max(b.N, 100), func() { v.made(b, fmt.Sprintf("c%d", n.Add(1))) })
	raw := perSecond(b, max(b.N, 500), func() { rawCreate(b) })
	b.ReportMetric(ours, "certs/s")
	b.ReportMetric(ours/raw, "of-raw-crypto")
}

func rawCreate(b *testing.B) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	t := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bench"}, NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour)}
	if _, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkListPage is a page of 25 out of a thousand, the first and the last.
func BenchmarkListPage(b *testing.B) {
	v := vault(b)
	const many = 300
	var n atomic.Int64
	perSecond(b, many, func() { v.made(b, fmt.Sprintf("l%04d", n.Add(1))) })
	last := "/certificates" + query
	for {
		var page struct{ NextLink string }
		if err := json.Unmarshal(v.send(b, "GET", last, "", http.StatusOK), &page); err != nil {
			b.Fatal(err)
		}
		if page.NextLink == "" {
			break
		}
		last = page.NextLink[len(v.base):]
	}
	first := perSecond(b, max(b.N, 300), func() { v.send(b, "GET", "/certificates"+query, "", http.StatusOK) })
	end := perSecond(b, max(b.N, 300), func() { v.send(b, "GET", last, "", http.StatusOK) })
	b.ReportMetric(first, "pages/s")
	b.ReportMetric(first/end, "first-to-last")
}
