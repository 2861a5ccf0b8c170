package openbao

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"certwright/internal/certs"
	"certwright/internal/keys"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// A place is a server of the PKI engine with the same things in it, real or
// played: a root, below it an issuing CA at pki in the namespace settings name,
// the roles web, short, typed, unstored and elsewhere, and an AppRole that may
// use them.
type place struct {
	settings         Settings
	roleID, secretID string
	token            string // that may use the roles
	seal, unseal     func()
	forget           func() // the tokens that AppRole sign-ins gave end
	isRevoked        func(serial string) bool
}

// places are those that the tests of this package run at.
var places = map[string]func(t *testing.T) *place{"played": played, "real": real}

func atPlaces(t *testing.T, test func(t *testing.T, p *place)) {
	t.Helper()
	t.Parallel()
	for name, open := range places {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func (p *place) issuer(t *testing.T, change ...func(*Settings)) *Issuer {
	t.Helper()
	s := p.settings
	for _, c := range change {
		c(&s)
	}
	must.Do(t, errors.Join(s.Check()...))
	i, err := New(s)
	must.Do(t, err)
	return i
}

func (p *place) withAppRole(role string) vault.IssuerConfig {
	cfg := vault.IssuerConfig{Vault: "default", Name: "bao", Provider: "OpenBao", Enabled: true,
		Credentials: &vault.Credentials{AccountID: p.roleID, Password: vault.Sealed("sealed")}}
	if role != "" {
		cfg.Organization = &vault.Organization{ID: role}
	}
	return cfg
}

// order asks for what x says, with a key of its own.
func order(t *testing.T, cfg vault.IssuerConfig, password string, x vault.X509Props) (vault.Order, crypto.PublicKey) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must.Do(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(k)
	must.Do(t, err)
	key, err := keys.Parse(der)
	must.Do(t, err)
	csr, err := certs.Request(key, x)
	must.Do(t, err)
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	return vault.Order{ID: vault.NewID(), Ref: vault.Ref{Vault: "default", Kind: vault.Certificates, Name: "web"}, CSR: csr,
		Policy: vault.Policy{X509: x}, Issuer: cfg, Password: vault.Hidden(password), Created: now, Now: now}, k.Public()
}

func plainProps() vault.X509Props {
	return vault.X509Props{Subject: "CN=www.example.test", SANs: &vault.SANs{DNS: []string{"www.example.test"}}, ValidityMonths: 12}
}

// begun is an order whose first step was taken.
func (p *place) begun(t *testing.T, i *Issuer) vault.Order {
	t.Helper()
	o, _ := order(t, p.withAppRole(""), p.secretID, plainProps())
	first, err := i.Step(t.Context(), o)
	must.Do(t, err)
	o.State = first.State
	return o
}

// finish steps the order until it ends, or an error.
func finish(t *testing.T, i vault.Issuer, o vault.Order) (end vault.Progress, notes []string, err error) {
	t.Helper()
	for range 10 {
		p, err := i.Step(t.Context(), o)
		notes = append(notes, p.Notes...)
		if err != nil || p.Chain != nil || p.Failure != nil {
			return p, notes, err
		}
		o.State = p.State
	}
	t.Fatal("no end after 10 steps")
	return end, notes, nil
}

func leafOf(t *testing.T, p vault.Progress) *x509.Certificate {
	t.Helper()
	if len(p.Chain) == 0 {
		t.Fatalf("not issued: %+v", p.Failure)
	}
	leaf, err := x509.ParseCertificate(p.Chain[0])
	must.Do(t, err)
	return leaf
}

// before does something before each step.
type before struct {
	*Issuer
	do func()
}

func (b before) Step(ctx context.Context, o vault.Order) (vault.Progress, error) {
	b.do()
	return b.Issuer.Step(ctx, o)
}

func file(t *testing.T, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	must.Do(t, os.WriteFile(path, text, 0o600))
	return path
}

func asPEM(kind string, ders ...[]byte) []byte {
	var b bytes.Buffer
	for _, der := range ders {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return b.Bytes()
}

func decode[T any](t *testing.T, text []byte) (v T) {
	t.Helper()
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}
