package service_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"certwright/internal/vault"
)

// issuesFor is an authority whose certificates live so long to the second.
func issuesFor(t *testing.T, lives time.Duration) step {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Short CA"}, NotBefore: noon.Add(-day), NotAfter: noon.Add(3650 * day),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, root, root, key.Public(), key)
	must(t, err)
	serial := int64(1)
	return func(o vault.Order) (vault.Progress, error) {
		csr, err := x509.ParseCertificateRequest(o.CSR)
		if err != nil {
			return vault.Progress{}, err
		}
		serial++
		leaf, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: csr.Subject, DNSNames: csr.DNSNames,
			NotBefore: o.Now, NotAfter: o.Now.Add(lives)}, root, csr.PublicKey, key)
		return vault.Progress{Chain: [][]byte{leaf, der}}, err
	}
}

// An authority whose certificates live a little longer than the trigger needs, or
// a trigger that asks for a renewal every day, makes no storm of versions, and
// the history says why the policy is not followed.
func TestRenewalNeverSpins(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		months     int
		lives      time.Duration
		daysBefore int
		in         time.Duration
		most       int
	}{
		"lives 20 s more than the days before expiry": {12, 30*day + 20*time.Second, 30, 30 * day, 11},
		"lives a day more":                            {4, 90 * day, 89, 100 * day, 12},
		"lives two days, renews a day before":         {1, 2*day + time.Second, 2, 10 * day, 11},
	} {
		h := newHouse(t)
		p := &played{steps: []step{issuesFor(t, c.lives)}}
		h.Orders.Issuers.Find = func(string) vault.Issuer { return p }
		h.issuer(t, "")
		h.create(t, web, lives("mydigicert", c.months, vault.LifetimeAction{Action: vault.AutoRenew, Trigger: vault.Trigger{DaysBeforeExpiry: c.daysBefore}}))
		h.pass(t, time.Minute)
		if op := h.status(t, web); !strings.Contains(fmt.Sprint(op.History), "cannot be followed as written: days_before_expiry") {
			t.Errorf("%s: the history of the first version says nothing: %v", name, op.History)
		}
		h.pass(t, c.in)
		if n := len(p.asked); n < 3 || n > c.most {
			t.Errorf("%s: asked %d times in %v, want at most %d", name, n, c.in, c.most)
		}
		op := h.status(t, web)
		if text := fmt.Sprint(op.History); !op.Renewal || strings.Count(text, "cannot be followed as written") != 2 {
			t.Errorf("%s: the renewal does not say why it comes now and when the next comes: %s", name, text)
		}
	}
}
