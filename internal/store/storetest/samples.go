package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"certwright/internal/vault"
)

// second is a time as attributes carry it, instant one as everything else does.
var (
	second  = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	instant = time.Date(2026, 11, 22, 12, 0, 0, 123456789, time.UTC)
)

func update(t *testing.T, s vault.Store, fn func(vault.Tx) error) {
	t.Helper()
	if err := s.Update(context.Background(), fn); err != nil {
		t.Fatalf("Update: %v", err)
	}
}

func view(t *testing.T, s vault.Store, fn func(vault.Reader) error) {
	t.Helper()
	if err := s.View(context.Background(), fn); err != nil {
		t.Fatalf("View: %v", err)
	}
}

// get reads one thing in a View of its own.
func get[T any](t *testing.T, s vault.Store, read func(vault.Reader) (T, error)) T {
	t.Helper()
	var got T
	view(t, s, func(r vault.Reader) (err error) {
		got, err = read(r)
		return err
	})
	return got
}

// wantErr reads and expects exactly that error, from the method and from View.
func wantErr[T any](t *testing.T, s vault.Store, want error, read func(vault.Reader) (T, error)) {
	t.Helper()
	err := s.View(context.Background(), func(r vault.Reader) error {
		_, err := read(r)
		return err
	})
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}

// refused writes and expects that error.
func refused(t *testing.T, s vault.Store, want error, write func(vault.Tx) error) {
	t.Helper()
	if err := s.Update(context.Background(), write); !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func ref(name string) vault.Ref {
	return vault.Ref{Vault: "web", Kind: vault.Certificates, Name: name}
}

// id returns a version id; ids of higher numbers sort later.
func id(n int) string { return fmt.Sprintf("%032x", n) }

func yes() *bool { b := true; return &b }

func fullPolicy() vault.Policy {
	return vault.Policy{
		Key:    vault.KeyProps{Type: vault.EC, Curve: vault.P384, Size: 384, Exportable: true, Reuse: true},
		Secret: vault.SecretProps{ContentType: vault.PKCS12},
		X509: vault.X509Props{
			Subject: "CN=ä, O=\"x, <y> & z\"",
			SANs:    &vault.SANs{DNS: []string{"a.example", "b.example"}, Emails: []string{}, UPNs: nil, URIs: []string{"urn:x"}, IPs: []string{"::1"}},
			EKUs:    []string{"1.3.6.1.5.5.7.3.1"}, Usage: []vault.KeyUsage{vault.DigitalSignature}, ValidityMonths: 12, CA: true,
		},
		Lifetime: []vault.LifetimeAction{
			{Trigger: vault.Trigger{LifetimePercentage: 80}, Action: vault.AutoRenew},
			{Trigger: vault.Trigger{DaysBeforeExpiry: 30}, Action: vault.EmailContacts},
		},
		Issuer:   vault.IssuerParams{Name: "MyIssuer", CertType: "OV-SSL", Transparency: yes()},
		Platform: &vault.PlatformManaged{CertificateUsage: "x", Metadata: []byte("{ \"a\" : 1 }\n")},
		Enabled:  true, Created: instant, Updated: instant.Add(time.Hour),
	}
}

// emptyPolicy has empty lists where barePolicy has none.
func emptyPolicy() vault.Policy {
	return vault.Policy{X509: vault.X509Props{SANs: &vault.SANs{}, EKUs: []string{}, Usage: []vault.KeyUsage{}},
		Lifetime: []vault.LifetimeAction{}, Platform: &vault.PlatformManaged{Metadata: []byte{}}}
}

func fullIssuer(vaultName, name string) vault.IssuerConfig {
	return vault.IssuerConfig{Vault: vaultName, Name: name, Provider: "DigiCert",
		Credentials: &vault.Credentials{AccountID: "acc", Password: vault.Sealed{0, 1, 2, 255}},
		Organization: &vault.Organization{ID: "org", Admins: []vault.Admin{
			{FirstName: "Ada", LastName: "L", Email: "ada@example.org", Phone: "1"}, {}}},
		Enabled: true, Created: instant, Updated: instant.Add(time.Minute)}
}

// certificate returns a version of a certificate; its bytes follow from n.
func certificate(r vault.Ref, n int) vault.Version {
	leaf, ca := []byte(fmt.Sprintf("leaf %d", n)), []byte("ca")
	return vault.Version{Ref: r, ID: id(n),
		Attributes: vault.Attributes{Enabled: true, NotBefore: second, Expires: second.AddDate(1, 0, 0), Created: second, Updated: second.Add(time.Second)},
		Tags:       map[string]string{"n": fmt.Sprint(n), "": "empty", "ä": "ö"},
		Certificate: &vault.CertificateBody{Leaf: leaf, Chain: [][]byte{ca, leaf}, Thumbprint: []byte{byte(n), 0, 255},
			Subject: fmt.Sprintf("CN=%d", n), PreserveOrder: true, IssuerRef: []byte(`{"order":7}`)},
	}
}

// put stores a live head with one version, and returns the head with its Rev.
func put(t *testing.T, s vault.Store, v vault.Version) vault.Object {
	t.Helper()
	o := vault.Object{Ref: v.Ref, Latest: v.ID, Pending: v.Pending, Managed: v.Managed, Created: instant}
	update(t, s, func(tx vault.Tx) (err error) {
		if o.Rev, err = tx.PutObject(o); err != nil {
			return err
		}
		return tx.PutVersion(v)
	})
	return o
}
