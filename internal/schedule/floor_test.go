package schedule_test

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

	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"
)

// An authority whose certificates end as soon as they begin to be of use does
// not have its account run empty.
func TestExpiredAtBirthIsNotRenewedAtOnce(t *testing.T) {
	t.Parallel()
	h, p := Playing(t)
	p.Steps = []Step{func(o vault.Order) (vault.Progress, error) {
		return h.Deliver(o.CSR, 1, o.Now.AddDate(0, -1, 0).Add(2*time.Second))
	}}
	h.Create(t, Web, Lives("mydigicert", 1, RenewAt(80)))
	h.Pass(t, time.Hour-time.Second)
	if n := h.Made(t, Web); n < 1 || n > 60 {
		t.Errorf("%d versions in an hour: %+v", n, h.Operation(t, Web).Failure)
	}
}

// issuesFor is an authority whose certificates live so long to the second.
func issuesFor(t *testing.T, lives time.Duration) Step {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	Must(t, err)
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Short CA"}, NotBefore: Noon.Add(-Day), NotAfter: Noon.Add(3650 * Day),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, root, root, key.Public(), key)
	Must(t, err)
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
		"lives 20 s more than the days before expiry": {12, 30*Day + 20*time.Second, 30, 30 * Day, 11},
		"lives a day more":                            {4, 90 * Day, 89, 100 * Day, 12},
		"lives two days, renews a day before":         {1, 2*Day + time.Second, 2, 10 * Day, 11},
	} {
		h, p := Playing(t, issuesFor(t, c.lives))
		h.Create(t, Web, Lives("mydigicert", c.months, RenewBefore(c.daysBefore)))
		h.Pass(t, time.Minute)
		if op := h.Operation(t, Web); !strings.Contains(fmt.Sprint(op.History), "cannot be followed as written: days_before_expiry") {
			t.Errorf("%s: the history of the first version says nothing: %v", name, op.History)
		}
		h.Pass(t, c.in)
		if n := len(p.Asked); n < 3 || n > c.most {
			t.Errorf("%s: asked %d times in %v, want at most %d", name, n, c.in, c.most)
		}
		op := h.Operation(t, Web)
		if text := fmt.Sprint(op.History); !op.Renewal || strings.Count(text, "cannot be followed as written") != 2 {
			t.Errorf("%s: the renewal does not say why it comes now and when the next comes: %s", name, text)
		}
	}
}
