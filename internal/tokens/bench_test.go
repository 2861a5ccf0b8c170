package tokens

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
)

// BenchmarkRefused shows that who guesses learns nothing from how long it takes:
// an unknown client and a wrong secret cost the same.
func BenchmarkRefused(b *testing.B) {
	web, _ := withSecret()
	wrong, _ := NewSecret()
	for name, id := range map[string]string{"wrong secret": "web-id", "unknown client": "web-iq"} {
		b.Run(name, func(b *testing.B) {
			s := serviceFor(b, Settings{Issuer: issuer, Clients: []ClientSettings{web}, Limits: LimitSettings{PerClient: maxRate, PerAddress: maxRate}})
			form := "grant_type=client_credentials&client_id=" + id + "&client_secret=" + wrong + "&scope=" + resource
			for b.Loop() {
				r := httptest.NewRequest("POST", "https://"+host+tokenPath, io.NopCloser(strings.NewReader(form)))
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				w := httptest.NewRecorder()
				s.ServeHTTP(w, r)
				if w.Code != 401 {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}

// BenchmarkGiven gives tokens for a secret.
func BenchmarkGiven(b *testing.B) {
	web, secret := withSecret()
	s := serviceFor(b, Settings{Issuer: issuer, Clients: []ClientSettings{web}, Limits: LimitSettings{PerClient: maxRate, PerAddress: maxRate}})
	form := "grant_type=client_credentials&client_id=web-id&client_secret=" + secret + "&scope=" + resource
	for b.Loop() {
		r := httptest.NewRequest("POST", "https://"+host+tokenPath, io.NopCloser(strings.NewReader(form)))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != 200 {
			b.Fatal(w.Code, w.Body)
		}
	}
}

// serviceFor makes a service whose clock runs, so that nobody has to wait.
func serviceFor(b *testing.B, settings Settings) *Service {
	b.Helper()
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	s, err := New(b.Context(), settings, Means{
		Accounts: sqltest.Accounts(b), Hosts: []string{"*.vault.example"},
		Now: func() time.Time { now = now.Add(time.Second); return now },
	})
	must.Do(b, err)
	return s
}
