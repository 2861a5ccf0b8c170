package ca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// An authority is a root or an issuing CA, with its key.
type authority struct {
	name   string // "root1" or "1": the end of its file names
	recipe string // what settings it was made by
	cert   *x509.Certificate
	above  [][]byte  // DER, who signed an imported one, and so on
	list   string    // whose list of revoked certificates is also its own; "" for one of its own
	told   time.Time // when a root was announced; zero: not yet, or before that was kept
	key    crypto.Signer
}

func (a authority) root() bool { return strings.HasPrefix(a.name, rootPrefix) }

// at reports whether it is valid at a time.
func (a authority) at(t time.Time) bool {
	return !t.Before(a.cert.NotBefore) && !t.After(a.cert.NotAfter)
}

// chain is what is handed out with a leaf: it and who signed it, without a root,
// which must be known to those who check in any case.
func (a authority) chain() (raw [][]byte) {
	raw = append(raw, a.cert.Raw)
	for _, der := range a.above {
		if c, err := x509.ParseCertificate(der); err == nil && string(c.RawIssuer) != string(c.RawSubject) {
			raw = append(raw, der)
		}
	}
	return raw
}

// made reports whether its key signed the certificate.
func (a authority) made(c *x509.Certificate) bool {
	return string(c.RawIssuer) == string(a.cert.RawSubject) && a.cert.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}

const (
	// backdated is how long before its making a leaf begins to be valid, for
	// clocks that are slow (ISSUERS section 6).
	backdated = 5 * time.Minute
	// caBackdated lets leaves be backdated that are made right after their authority.
	caBackdated = 10 * time.Minute
)

// numbered tells authorities of one name apart, as lists of revoked
// certificates need it: the second is called "... 2".
func numbered(commonName string, n int) pkix.Name {
	if n > 1 {
		commonName = fmt.Sprintf("%s %d", commonName, n)
	}
	return pkix.Name{CommonName: commonName}
}

// newRoot makes a root: P-384, signed by itself.
func (i *Issuer) newRoot(n int, now time.Time) (authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		return authority{}, fmt.Errorf("make the root's key: %w", err)
	}
	return sign(authority{name: rootPrefix + strconv.Itoa(n), key: key}, authority{key: key}, &x509.Certificate{
		Subject:   numbered(i.Settings.rootName(i.Name), n),
		NotBefore: now.Add(-caBackdated), NotAfter: now.AddDate(i.Settings.rootYears(), 0, 0),
	})
}

// newIssuing makes an issuing CA below the root: P-256, with no authority below.
func (i *Issuer) newIssuing(n int, root authority, now time.Time) (authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return authority{}, fmt.Errorf("make the issuing CA's key: %w", err)
	}
	t := &x509.Certificate{
		Subject:   numbered(i.Settings.commonName(i.Name), n),
		NotBefore: now.Add(-caBackdated), NotAfter: earlier(now.AddDate(i.Settings.issuingYears(), 0, 0), root.cert.NotAfter),
		MaxPathLenZero:        true,
		CRLDistributionPoints: i.urls(root.name + ".crl"), IssuingCertificateURL: i.urls(root.name + ".crt"),
	}
	i.Settings.constraints().constrain(t)
	return sign(authority{name: strconv.Itoa(n), key: key, recipe: i.recipe()}, root, t)
}

// sign completes the template of an authority and has it signed, by itself
// where by has no certificate.
func sign(a, by authority, t *x509.Certificate) (authority, error) {
	public, err := x509.MarshalPKIXPublicKey(a.key.Public())
	if err != nil {
		return a, fmt.Errorf("write the public key: %w", err)
	}
	t.SerialNumber, t.SubjectKeyId = newSerial(), keyID(public)
	t.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature
	t.IsCA, t.BasicConstraintsValid = true, true
	t.NotBefore, t.NotAfter = t.NotBefore.UTC().Truncate(time.Second), t.NotAfter.UTC().Truncate(time.Second)
	parent := by.cert
	if parent == nil {
		parent, t.AuthorityKeyId = t, t.SubjectKeyId
	}
	der, err := x509.CreateCertificate(rand.Reader, t, parent, a.key.Public(), by.key)
	if err != nil {
		return a, fmt.Errorf("sign the certificate of %s: %w", t.Subject, err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		return a, fmt.Errorf("read the certificate of %s: %w", t.Subject, err)
	}
	return a, nil
}

// newSerial is a positive number of 20 octets, 158 bits of them random (RFC
// 5280 section 4.1.2.2 allows no more).
func newSerial() *big.Int {
	b := make([]byte, 20)
	rand.Read(b) // never fails (crypto/rand)
	b[0] = b[0]&0x3f | 0x40
	return new(big.Int).SetBytes(b)
}

// keyID is method 1 of RFC 7093 section 2: the leftmost 160 bits of the SHA-256
// of the public key's bits.
func keyID(pkixPublic []byte) []byte {
	var spki struct {
		Algorithm pkix.AlgorithmIdentifier
		Bits      asn1.BitString
	}
	if _, err := asn1.Unmarshal(pkixPublic, &spki); err != nil {
		spki.Bits.Bytes = pkixPublic
	}
	sum := sha256.Sum256(spki.Bits.Bytes)
	return sum[:20]
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
