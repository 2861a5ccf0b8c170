package server

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"certwright/internal/config"
	"certwright/internal/issuer/ca"
	"certwright/internal/issuer/openbao"
	"certwright/internal/must"
	"certwright/internal/vault"

	"github.com/google/go-cmp/cmp"
)

// rows are Accounts in memory.
type rows map[string][]byte

func (r rows) Read(_ context.Context, id string) ([]byte, int64, error) {
	if plain, ok := r[id]; ok {
		return plain, 1, nil
	}
	return nil, 0, vault.ErrNotFound
}

func (r rows) Write(_ context.Context, id string, plain []byte, _ int64) error {
	r[id] = plain
	return nil
}

// Writing a provider's name in other letters leads to the same accounts; what
// follows the name keeps its letters.
func TestAccountsFoldTheName(t *testing.T) {
	t.Parallel()
	kept := rows{}
	a := foldedAccounts{kept}
	for _, id := range []string{"acme/LetsEncrypt/Key/One", "ca/Internal", "plain"} {
		must.Do(t, a.Write(t.Context(), id, []byte(id), 0))
	}
	for id, want := range map[string]string{
		"acme/LETSENCRYPT/Key/One": "acme/LetsEncrypt/Key/One", "ca/internal": "ca/Internal", "plain": "plain",
		"acme/LetsEncrypt/key/one": "", "Plain": "",
	} {
		got, _, err := a.Read(t.Context(), id)
		if string(got) != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v, want %q", id, got, err, want)
		}
	}
}

// played is an issuer that says who it is; own is one that is a CA too.
type played string

func (played) Step(context.Context, vault.Order) (vault.Progress, error) {
	return vault.Progress{}, nil
}

type own struct {
	played
	files map[string]string
	err   error
}

// Revoked says that it revoked what is called as it is.
func (o own) Revoked(_ context.Context, c *x509.Certificate) (bool, error) {
	return c.Subject.CommonName == string(o.played), o.err
}

func (o own) Rollover(context.Context) error { return o.err }

func (o own) Standing(context.Context) (ca.Standing, error) { return ca.Standing{}, o.err }

var _ builtInCA = own{}

func (o own) File(_ context.Context, name string) (string, []byte, error) {
	if text, ok := o.files[name]; ok {
		return "text/plain", []byte(text), nil
	}
	if o.err != nil {
		return "", nil, o.err
	}
	return "", nil, vault.ErrNotFound
}

// A client certificate is revoked if any built-in CA says so; where one cannot
// be asked, it counts as revoked.
func TestRevokedAtAnyAuthority(t *testing.T) {
	t.Parallel()
	p := &providers{named: map[string]vault.Issuer{"a": own{played: "a"}, "b": own{played: "b"}, "bao": played("bao")}}
	for name, want := range map[string]bool{"a": true, "b": true, "bao": false, "c": false} {
		if is, err := p.revoked(t.Context(), &x509.Certificate{Subject: pkix.Name{CommonName: name}}); is != want || err != nil {
			t.Errorf("%s: %v, %v", name, is, err)
		}
	}
	p.named["sick"] = own{err: vault.Bad("not now")}
	if is, err := p.revoked(t.Context(), &x509.Certificate{Subject: pkix.Name{CommonName: "c"}}); !is || err == nil {
		t.Errorf("while one cannot be asked: %v, %v", is, err)
	}
}

func TestProvidersAreFound(t *testing.T) {
	t.Parallel()
	p := &providers{played: played("any"), named: map[string]vault.Issuer{
		"corp":   own{played: "corp", files: map[string]string{"corp.pem": "corp"}},
		"corp-1": own{played: "corp-1", files: map[string]string{"corp-1.pem": "the first"}},
		"bao":    played("bao"),
		"sick":   own{played: "sick", err: vault.Bad("not now")},
	}}
	for name, want := range map[string]string{"CORP": "corp", "corp-1": "corp-1", "Bao": "bao", "DigiCert": "any", "": "any"} {
		if got := fmt.Sprint(p.issuer(name)); !strings.Contains(got, want) {
			t.Errorf("%s leads to %s", name, got)
		}
	}
	for file, want := range map[string]string{"corp.pem": "corp", "corp-1.pem": "the first", "corp-2.pem": "", "bao.pem": "", "": "", "corp": "", "other.pem": ""} {
		_, body, err := p.published(t.Context(), file)
		if string(body) != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", file, body, err)
		}
	}
	if _, _, err := p.published(t.Context(), "sick.pem"); err == nil || err == vault.ErrNotFound {
		t.Errorf("a fault is %v", err)
	}
	for name, want := range map[string]string{"Corp": "", "sick": "not now", "bao": "not of kind ca", "none": "none is unknown; of kind ca there are corp, corp-1, sick"} {
		err := p.rollover(t.Context(), name)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

func TestInternalIsTheOwnCAUnlessConfigured(t *testing.T) {
	t.Parallel()
	script := config.Provider{Kind: "scripted", Settings: &config.Scripted{}}
	for _, c := range []struct {
		all  map[string]config.Provider
		want map[string]string
	}{
		{nil, map[string]string{"Internal": "ca"}},
		{map[string]config.Provider{"Test": script}, map[string]string{"Internal": "ca", "Test": "scripted"}},
		{map[string]config.Provider{"INTERNAL": script}, map[string]string{"INTERNAL": "scripted"}},
	} {
		got := map[string]string{}
		for name, p := range withInternal(c.all) {
			got[name] = p.Kind
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", c.all, diff)
		}
	}
}

// A file that a setting names and that cannot be read keeps the server from
// starting, and the error says whose it is.
func TestStartNamesTheProviderThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "none.pem")
	c := config.Config{Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0", Data: t.TempDir(), Providers: map[string]config.Provider{
		"Bao": {Kind: "vault", Settings: &openbao.Settings{Address: "https://bao:8200", Role: "web", CABundle: missing}},
	}}
	s, err := Start(t.Context(), c, Options{})
	if err == nil {
		_ = s.Stop()
	}
	if err == nil || !strings.Contains(err.Error(), "open provider Bao: ") || !strings.Contains(err.Error(), missing) {
		t.Errorf("got %v", err)
	}
}
