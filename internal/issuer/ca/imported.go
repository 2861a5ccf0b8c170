package ca

import (
	"bytes"
	"cmp"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"time"

	"certwright/internal/authority"
	"certwright/internal/vault"
)

// adopt reads the files of an imported issuing CA and keeps a sealed copy of
// its key. Other files than at the last start are a rollover. The key's file
// may be gone once it was read.
func (i *Issuer) adopt(ctx context.Context) error {
	from := i.Settings.Import
	chain, err := readChain(from.Certificate)
	if err != nil {
		return fmt.Errorf("import.certificate: %w", err)
	}
	i.imported = chain
	key, err := readKey(from.Key)
	gone := errors.Is(err, fs.ErrNotExist)
	switch {
	case err != nil && !gone:
		return fmt.Errorf("import.key: %w", err)
	case !gone && !sameKey(key.Public(), chain[0].PublicKey):
		return fmt.Errorf("import.key: %s is not the key of the first certificate in %s", from.Key, from.Certificate)
	}
	return i.keep(ctx, key)
}

// keep stores an imported issuing CA, unless it is kept already; key is nil
// where its file is gone.
func (i *Issuer) keep(ctx context.Context, key crypto.Signer) error {
	for {
		l, err := i.load(ctx)
		if err != nil {
			return err
		}
		above := rawOf(i.imported[1:])
		at := slices.IndexFunc(l.all, func(a member) bool { return a.recipe == i.recipe() })
		switch {
		case at >= 0 && slices.EqualFunc(l.all[at].above, above, bytes.Equal):
			return nil
		case at >= 0:
			l.all = slices.Clone(l.all)
			l.all[at].above = above
		case key == nil:
			return fmt.Errorf("import.key: there is no file %s, and the key was not imported before", i.Settings.Import.Key)
		default:
			a := member{Authority: authority.Authority{Certificate: i.imported[0], Key: key}, name: strconv.Itoa(l.next), recipe: i.recipe(), above: above}
			a.list = l.listOf(a)
			l = l.with(a, i.Clock.Now())
		}
		if err = i.save(ctx, l); !errors.Is(err, vault.ErrStale) {
			return err
		}
	}
}

// listOf returns the name of the authority with the same name and key, if there
// is one: a renewed certificate goes on with the old one's list, since those
// who read lists do not tell the two apart.
func (l members) listOf(a member) string {
	for _, old := range l.all {
		if bytes.Equal(old.Certificate.RawSubject, a.Certificate.RawSubject) && sameKey(old.Certificate.PublicKey, a.Certificate.PublicKey) {
			return cmp.Or(old.list, old.name)
		}
	}
	return ""
}

// importedNow returns the imported issuing CA, if it is valid.
func (i *Issuer) importedNow(ctx context.Context, now time.Time) (a member, err error) {
	l, err := i.load(ctx)
	if err != nil {
		return a, err
	}
	if a, ok := l.issuing(i.recipe(), now, now); ok {
		return a, nil
	}
	c := i.imported[0]
	switch {
	case now.After(c.NotAfter):
		return a, lacking{fmt.Sprintf("The issuing CA %s expired on %s; import a new one.", c.Subject, c.NotAfter.Format(time.DateOnly))}
	case now.Before(c.NotBefore):
		return a, lacking{fmt.Sprintf("The issuing CA %s is not valid before %s.", c.Subject, c.NotBefore.Format(time.DateOnly))}
	}
	return a, lacking{fmt.Sprintf("The key of the issuing CA %s is missing; import it again.", c.Subject)}
}

func rawOf(chain []*x509.Certificate) (raw [][]byte) {
	for _, c := range chain {
		raw = append(raw, c.Raw)
	}
	return raw
}

// readChain reads the issuing CA and who stands above it, and checks that they are.
func readChain(path string) (chain []*x509.Certificate, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the certificate: %w", err)
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d in %s cannot be read: %w", len(chain)+1, path, err)
		}
		chain = append(chain, c)
	}
	if len(chain) == 0 {
		return nil, fmt.Errorf("%s holds no certificate in PEM", path)
	}
	for n, c := range chain {
		if err := checkAuthority(c); err != nil {
			return nil, fmt.Errorf("certificate %d in %s, %s, %w", n+1, path, c.Subject, err)
		}
		if n > 0 && chain[n-1].CheckSignatureFrom(c) != nil {
			return nil, fmt.Errorf("certificate %d in %s, %s, did not sign the one before it; put the issuing CA first, then who signed it, and so on", n+1, path, c.Subject)
		}
	}
	return chain, nil
}

func checkAuthority(c *x509.Certificate) error {
	switch {
	case !c.BasicConstraintsValid || !c.IsCA:
		return errors.New("is not an authority's: its basic constraints lack CA:TRUE")
	case c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageCertSign == 0:
		return errors.New("may not sign certificates: its key usage lacks keyCertSign")
	case c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageCRLSign == 0:
		return errors.New("may not sign lists of revoked certificates: its key usage lacks cRLSign")
	case len(c.UnhandledCriticalExtensions) > 0:
		return fmt.Errorf("has a critical extension that is not known here: %v", c.UnhandledCriticalExtensions[0])
	case len(c.SubjectKeyId) == 0:
		return errors.New("has no subject key identifier")
	}
	return nil
}

// readKey reads a private key of a kind that certificates are signed with.
func readKey(path string) (crypto.Signer, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the key: %w", err)
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		var key any
		switch block.Type {
		case "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case "ENCRYPTED PRIVATE KEY":
			return nil, fmt.Errorf("%s is encrypted; write it without a passphrase, in a file that only this server reads", path)
		default:
			continue // such as EC PARAMETERS
		}
		if err != nil || block.Headers["DEK-Info"] != "" {
			return nil, fmt.Errorf("%s holds no private key that can be read; it must be PEM without a passphrase", path)
		}
		return signer(path, key)
	}
	return nil, fmt.Errorf("%s holds no private key in PEM", path)
}

func signer(path string, key any) (crypto.Signer, error) {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if k.N.BitLen() >= minRSA {
			return k, nil
		}
	case *ecdsa.PrivateKey:
		if k.Curve != elliptic.P224() {
			return k, nil
		}
	}
	return nil, fmt.Errorf("%s is not a key to sign certificates with; use RSA of 2048 bits or more, P-256, P-384 or P-521", path)
}

func sameKey(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}
