package ca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"strconv"
	"strings"
	"time"

	"certwright/internal/authority"
)

// A member is a root or an issuing CA of the provider.
type member struct {
	authority.Authority
	name      string    // "root1" or "1": the end of its file names
	recipe    string    // what settings it was made by
	above     [][]byte  // DER, who signed an imported one, and so on
	list      string    // whose list of revoked certificates is also its own; "" for one of its own
	announced time.Time // of a root; zero: not yet, or before that was kept
}

func (a member) root() bool { return strings.HasPrefix(a.name, rootPrefix) }

// at reports whether it is valid at a time.
func (a member) at(t time.Time) bool {
	return !t.Before(a.Certificate.NotBefore) && !t.After(a.Certificate.NotAfter)
}

// chain is what is handed out with a leaf: it and who signed it, without a root,
// which must be known to those who check in any case.
func (a member) chain() (raw [][]byte) {
	raw = append(raw, a.Certificate.Raw)
	for _, der := range a.above {
		if c, err := x509.ParseCertificate(der); err == nil && string(c.RawIssuer) != string(c.RawSubject) {
			raw = append(raw, der)
		}
	}
	return raw
}

// made reports whether its key signed the certificate.
func (a member) made(c *x509.Certificate) bool {
	return string(c.RawIssuer) == string(a.Certificate.RawSubject) && a.Certificate.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}

// backdated is how long before its making a leaf begins to be valid, for
// clocks that are slow (docs/issuers/ca.md). An authority is older, so that
// leaves can be backdated that are made right after it.
const backdated = 5 * time.Minute

// numbered tells authorities of one name apart, as lists of revoked
// certificates need it: the second is called "... 2".
func numbered(commonName string, n int) pkix.Name {
	if n > 1 {
		commonName = fmt.Sprintf("%s %d", commonName, n)
	}
	return pkix.Name{CommonName: commonName}
}

// newRoot makes a root: P-384, signed by itself.
func (i roots) newRoot(n int, now time.Time) (member, error) {
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		return member{}, fmt.Errorf("make the root's key: %w", err)
	}
	form := ownForm(i.Settings.rootName(i.Name), n, now, i.Settings.rootYears())
	if form.AuthorityKeyId, err = authority.KeyID(key.Public()); err != nil {
		return member{}, err
	}
	made, err := authority.Root(key, form)
	if err != nil {
		return member{}, fmt.Errorf("make the root %s: %w", form.Subject, err)
	}
	return member{Authority: made, name: rootPrefix + strconv.Itoa(n)}, nil
}

// newIssuing makes an issuing CA below the root: P-256, with no authority below.
func (i *Issuer) newIssuing(n int, root member, now time.Time) (member, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return member{}, fmt.Errorf("make the issuing CA's key: %w", err)
	}
	form := ownForm(i.Settings.commonName(i.Name), n, now, i.Settings.issuingYears())
	form.NotAfter = earlier(form.NotAfter, root.Certificate.NotAfter)
	form.MaxPathLenZero = true
	form.CRLDistributionPoints, form.IssuingCertificateURL = i.urls(root.name+".crl"), i.urls(root.name+".crt")
	i.Settings.constraints().constrain(&form)
	made, err := root.Below(key, form)
	if err != nil {
		return member{}, fmt.Errorf("make the issuing CA %s: %w", form.Subject, err)
	}
	return member{Authority: made, name: strconv.Itoa(n), recipe: i.recipe()}, nil
}

// serialOctets is how long serial numbers are, of authorities and of leaves.
const serialOctets = 20

// ownForm is what a root and an issuing CA have in common.
func ownForm(commonName string, n int, now time.Time, years int) x509.Certificate {
	return x509.Certificate{
		SerialNumber: authority.NewSerial(serialOctets), Subject: numbered(commonName, n),
		NotBefore: now.Add(-authority.Backdate), NotAfter: now.AddDate(years, 0, 0),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
