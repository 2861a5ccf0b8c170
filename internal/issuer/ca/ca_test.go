package ca

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"certwright/internal/authority"
	"certwright/internal/certs"
	"certwright/internal/issuer/issuertest"
	"certwright/internal/keys"
	"certwright/internal/must"
	"certwright/internal/policy"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

var begin = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// A watch is a clock that a test moves.
type watch struct {
	mu sync.Mutex
	at time.Time
}

func (w *watch) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *watch) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

// newIssuer is an authority of those settings at the beginning of time.
func newIssuer(t testing.TB, s Settings) (*Issuer, *watch) {
	t.Helper()
	w := &watch{at: begin}
	return open(t, Issuer{Name: "Internal", Settings: s, Accounts: sqltest.Accounts(t), Clock: w}), w
}

func open(t testing.TB, i Issuer) *Issuer {
	t.Helper()
	opened, err := New(t.Context(), i)
	must.Do(t, err)
	return opened
}

func config(profile string) vault.IssuerConfig {
	cfg := vault.IssuerConfig{Vault: "default", Name: "own", Provider: "Internal", Enabled: true}
	if profile != "" {
		cfg.Organization = &vault.Organization{ID: profile}
	}
	return cfg
}

// policyOf is a policy as the service makes one, for a P-256 key.
func policyOf(subject string, names vault.SANs) vault.Policy {
	p := policy.New(policy.Patch{}, begin)
	p.Key = vault.KeyProps{Type: vault.EC, Curve: vault.P256, Size: 256}
	p.X509.Subject, p.X509.SANs, p.X509.Usage = subject, &names, policy.DefaultUsage(vault.EC)
	return p
}

// orderOf is an order with a request as the service makes it.
func orderOf(t testing.TB, profile string, p vault.Policy, now time.Time) vault.Order {
	t.Helper()
	key, err := keys.New(p.Key)
	must.Do(t, err)
	csr, err := certs.Request(key, p.X509)
	must.Do(t, err)
	return vault.Order{ID: vault.NewID(), Ref: vault.Ref{Vault: "default", Kind: vault.Certificates, Name: "web"}, CSR: csr,
		Policy: p, Issuer: config(profile), Created: now, Now: now}
}

// issue takes an order to its end, which must be a certificate.
func issue(t *testing.T, i *Issuer, o vault.Order) (*x509.Certificate, vault.Progress) {
	t.Helper()
	p, err := i.Step(t.Context(), o)
	if err != nil || len(p.Chain) == 0 {
		t.Fatalf("not issued: %+v, %+v, %v", p, p.Failure, err)
	}
	leaf, err := x509.ParseCertificate(p.Chain[0])
	must.Do(t, err)
	return leaf, p
}

func issueFor(t *testing.T, i *Issuer, name string, now time.Time) (*x509.Certificate, vault.Progress) {
	t.Helper()
	return issue(t, i, orderOf(t, "", policyOf("CN="+name, vault.SANs{}), now))
}

func newKey(t *testing.T) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must.Do(t, err)
	return key
}

// flaky accounts are out of reach a few times.
type flaky struct {
	vault.Accounts
	mu   sync.Mutex
	left int
}

func (f *flaky) Read(ctx context.Context, id string) ([]byte, int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left > 0 {
		f.left--
		return nil, 0, context.DeadlineExceeded
	}
	return f.Accounts.Read(ctx, id)
}

func TestContract(t *testing.T) {
	t.Parallel()
	with := func(s Settings) func(*testing.T) (vault.Issuer, vault.IssuerConfig) {
		return func(t *testing.T) (vault.Issuer, vault.IssuerConfig) {
			i, _ := newIssuer(t, s)
			return i, config("")
		}
	}
	issuertest.Run(t, issuertest.Case{
		New: with(Settings{}),
		Again: func(t *testing.T, first vault.Issuer) vault.Issuer {
			i := *first.(*Issuer)
			return open(t, Issuer{Name: i.Name, Settings: i.Settings, Accounts: i.Accounts, Clock: i.Clock})
		},
		Reject: with(Settings{Own: Profile{AllowDNS: []string{"*.example.org"}}}),
		Fault: func(t *testing.T) (vault.Issuer, vault.IssuerConfig) {
			old := begin.AddDate(-3, 0, 0)
			s := Settings{Import: writeImport(t, t.TempDir(), newImport(t, "Old Issuing CA", old, old.AddDate(1, 0, 0)))}
			i, _ := newIssuer(t, s)
			return i, config("")
		},
		Unreachable: func(t *testing.T) (vault.Issuer, vault.IssuerConfig) {
			i, w := newIssuer(t, Settings{})
			return open(t, Issuer{Name: i.Name, Accounts: &flaky{Accounts: i.Accounts, left: 2}, Clock: w}), config("")
		},
		Hold: with(Settings{ManualApproval: true}),
	})
}

// What this process has signed itself is not checked again when it comes back: the
// request of the vault, the certificate that goes to it. Changed by a bit it is.
func TestOwnSignaturesAreKnown(t *testing.T) {
	t.Parallel()
	i, _ := newIssuer(t, Settings{})
	o := orderOf(t, "", policyOf("CN=www.example.org", vault.SANs{}), begin)
	r, err := certs.ParseRequest(o.CSR)
	if err != nil || !authority.Known(r.Public, o.CSR) {
		t.Errorf("the request is not known (%v)", err)
	}
	_, p := issue(t, i, o)
	above, err := certs.Parse(p.Chain[1])
	if err != nil || !authority.Known(above.Public, p.Chain[0]) {
		t.Errorf("the certificate is not known (%v)", err)
	}
	if _, err := certs.Delivered(p.Chain, r.Public, begin); err != nil {
		t.Error(err)
	}
	last := len(p.Chain[0]) - 1
	forged := [][]byte{slices.Concat(p.Chain[0][:last], []byte{p.Chain[0][last] ^ 1}), p.Chain[1]}
	if _, err := certs.Delivered(forged, r.Public, begin); !errors.Is(err, certs.ErrNotSigned) {
		t.Errorf("another signature passes: %v", err)
	}
	last = len(o.CSR) - 1
	o.CSR = slices.Concat(o.CSR[:last], []byte{o.CSR[last] ^ 1})
	if p, err := i.Step(t.Context(), o); err != nil || p.Failure == nil || !strings.Contains(p.Failure.Message, "not signed by its own key") {
		t.Errorf("a request that is not signed by its own key: %+v, %v", p, err)
	}
}
