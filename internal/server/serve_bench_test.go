package server

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"certwright/internal/access"
	"certwright/internal/config"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
)

// BenchmarkGet is a GET of a secret over TLS, by clients side by side: in a
// development server, and in a production server with sign-in, permissions and
// the audit log, whose lines of reads are on the disk within a second.
func BenchmarkGet(b *testing.B) {
	dev := config.Config{Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0", Data: b.TempDir()}
	serve := production(b)
	serve.Access.Assignments = []access.Assignment{{Role: "Key Vault Administrator", To: access.Principal{Issuer: "corp", Subject: "ann"}, On: "/"}}
	serve.Audit.Reads = "1s"
	for name, c := range map[string]config.Config{"dev": dev, "serve": serve} {
		b.Run(name, func(b *testing.B) { gets(b, c) })
	}
}

// BenchmarkGetShared is the same of a production server whose database others
// share, in both modes.
func BenchmarkGetShared(b *testing.B) {
	for _, mode := range []string{config.CacheStrict, config.CacheSecond} {
		b.Run(mode, func(b *testing.B) { gets(b, sharing(b, mode)) })
	}
}

// sharing is the configuration of a production server on PostgreSQL.
func sharing(b *testing.B, mode string) config.Config {
	b.Helper()
	c := production(b)
	c.Store, c.Cache, c.Audit.Reads = sqltest.NewSchema(b, sqltest.Postgres(b)[0]).URL, mode, "1s"
	c.Access.Assignments = []access.Assignment{{Role: "Key Vault Administrator", To: access.Principal{Issuer: "corp", Subject: "ann"}, On: "/"}}
	return c
}

// gets has clients side by side get a secret over TLS.
func gets(b *testing.B, c config.Config) {
	b.Helper()
	s, err := Start(b.Context(), c, Options{})
	must.Do(b, err)
	defer func() { must.Do(b, s.Stop()) }()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, MaxIdleConnsPerHost: 64}
	defer transport.CloseIdleConnections()
	client, token := &http.Client{Transport: transport}, corp.Token("ann", nil)
	send := func(method, body string) {
		r, err := http.NewRequestWithContext(b.Context(), method, s.Ready.IPURL+"/secrets/hot?api-version=7.4", strings.NewReader(body))
		must.Do(b, err)
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		answer, err := client.Do(r)
		if err != nil {
			b.Error(err)
			return
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			b.Error(answer.Status)
		}
	}
	send(http.MethodPut, `{"value":"bench"}`)
	b.SetParallelism(8)
	b.ResetTimer()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			send(http.MethodGet, "")
		}
	})
	b.StopTimer()
}

// BenchmarkHotServe is BenchmarkHotGet in a production server with all that it
// does besides.
func BenchmarkHotServe(b *testing.B) {
	c := production(b)
	c.Access.Assignments = []access.Assignment{{Role: "Key Vault Administrator", To: access.Principal{Issuer: "corp", Subject: "ann"}, On: "/"}}
	c.Audit.Reads = "1s"
	hot(b, c)
}

// BenchmarkHotShared is the same of one whose database others share, in both modes.
func BenchmarkHotShared(b *testing.B) {
	for _, mode := range []string{config.CacheStrict, config.CacheSecond} {
		b.Run(mode, func(b *testing.B) { hot(b, sharing(b, mode)) })
	}
}

// hot gets a secret that was read before, through all that is the server's own.
func hot(b *testing.B, c config.Config) {
	b.Helper()
	s, err := Start(b.Context(), c, Options{})
	must.Do(b, err)
	b.Cleanup(func() { _ = s.Stop() })
	token := corp.Token("ann", nil)
	send := func(method, body string) int {
		r := httptest.NewRequest(method, "/secrets/hot?api-version=7.4", strings.NewReader(body))
		r.Host, r.RemoteAddr = "127.0.0.1:8443", "127.0.0.1:51234"
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		to := &nowhere{head: http.Header{}}
		if method != http.MethodGet {
			s.serveVault(to, r)
			return to.status
		}
		b.ReportAllocs()
		for b.Loop() {
			clear(to.head)
			s.serveVault(to, r)
		}
		return to.status
	}
	for _, method := range []string{http.MethodPut, http.MethodGet} {
		if status := send(method, `{"value":"bench"}`); status != http.StatusOK {
			b.Fatal(method, status)
		}
	}
}
