package certs

import (
	"crypto/sha1"
	encoding "encoding/asn1"
	"errors"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"certwright/internal/certs/dn"
	"certwright/internal/keys"
	"certwright/internal/vault"
)

// A Certificate is an X.509 certificate as far as the vault looks into it.
type Certificate struct {
	Raw                   []byte // DER, as given
	Subject               string // as dn.Render writes it
	SubjectDER, IssuerDER []byte
	Serial                []byte // big-endian, as in the DER
	NotBefore, NotAfter   time.Time
	Public                []byte // PKIX DER
	IsCA                  bool   // basic constraints say so

	usage               []vault.KeyUsage
	ekus                []string
	sans                *vault.SANs
	subjectID, issuerID []byte // key identifiers; nil: absent
	tbs, signature      []byte
	algorithm           oid
}

var errCertificate = errors.New("read the certificate: not an X.509 certificate")

// Parse reads one X.509 certificate in DER. Its key may be of any kind; whether
// anyone signed it is not checked. Anything after the signature is ignored,
// and so are bits that fill up a byte, as the standard library does.
func Parse(der []byte) (Certificate, error) {
	in := cryptobyte.String(der)
	var outer, tbs, alg cryptobyte.String
	var signature encoding.BitString
	c := Certificate{Raw: der}
	if !in.ReadASN1(&outer, asn1.SEQUENCE) || !in.Empty() || !outer.ReadASN1Element(&tbs, asn1.SEQUENCE) ||
		!outer.ReadASN1(&alg, asn1.SEQUENCE) || !alg.ReadASN1ObjectIdentifier((*oid)(&c.algorithm)) ||
		!outer.ReadASN1BitString(&signature) {
		return Certificate{}, errCertificate
	}
	c.tbs, c.signature = tbs, signature.RightAlign()
	var version int
	if !tbs.ReadASN1(&tbs, asn1.SEQUENCE) ||
		!tbs.ReadOptionalASN1Integer(&version, asn1.Tag(0).ContextSpecific().Constructed(), 0) ||
		!c.readHead(&tbs) || version == 2 && !c.readTail(&tbs) {
		return Certificate{}, errCertificate
	}
	return c, nil
}

// readHead reads from the serial number up to the public key.
func (c *Certificate) readHead(tbs *cryptobyte.String) bool {
	var serial, alg, issuer, dates, subject, spki, body, keyAlg cryptobyte.String
	var bits encoding.BitString
	ok := tbs.ReadASN1(&serial, asn1.INTEGER) && len(serial) > 0 && tbs.ReadASN1(&alg, asn1.SEQUENCE) &&
		tbs.ReadASN1Element(&issuer, asn1.SEQUENCE) &&
		tbs.ReadASN1(&dates, asn1.SEQUENCE) && readTime(&dates, &c.NotBefore) && readTime(&dates, &c.NotAfter) &&
		tbs.ReadASN1Element(&subject, asn1.SEQUENCE) && tbs.ReadASN1Element(&spki, asn1.SEQUENCE)
	if !ok {
		return false
	}
	whole := spki
	if !whole.ReadASN1(&body, asn1.SEQUENCE) || !body.ReadASN1(&keyAlg, asn1.SEQUENCE) || !body.ReadASN1BitString(&bits) {
		return false
	}
	c.Serial, c.IssuerDER, c.SubjectDER, c.Public = serial, issuer, subject, spki
	c.Subject = dn.Render(subject)
	return true
}

// readTail reads the extensions, which are the last thing in a certificate of
// version 3. Anything after them is ignored, as the
// standard library does.
func (c *Certificate) readTail(tbs *cryptobyte.String) bool {
	var exts cryptobyte.String
	var present bool
	if !tbs.SkipOptionalASN1(asn1.Tag(1).ContextSpecific()) || !tbs.SkipOptionalASN1(asn1.Tag(2).ContextSpecific()) ||
		!tbs.ReadOptionalASN1(&exts, &present, asn1.Tag(3).ContextSpecific().Constructed()) {
		return false
	}
	if !present {
		return true
	}
	list, err := readExtensions(exts)
	if err != nil {
		return false
	}
	for _, e := range list {
		if c.readExtension(e) != nil {
			return false
		}
	}
	return true
}

func (c *Certificate) readExtension(e extension) (err error) {
	switch {
	case e.id.Equal(oidKeyUsage):
		c.usage, err = readUsage(e.value)
	case e.id.Equal(oidEKU):
		c.ekus, err = readEKUs(e.value)
	case e.id.Equal(oidSAN):
		c.sans, err = readSANs(e.value)
	case e.id.Equal(oidBasicConstraints):
		c.IsCA, err = readBasicConstraints(e.value)
	case e.id.Equal(oidSKI):
		in := cryptobyte.String(e.value)
		var id cryptobyte.String
		if in.ReadASN1(&id, asn1.OCTET_STRING) {
			c.subjectID = id
		}
	case e.id.Equal(oidAKI):
		in := cryptobyte.String(e.value)
		var seq, id cryptobyte.String
		if in.ReadASN1(&seq, asn1.SEQUENCE) && seq.ReadASN1(&id, asn1.Tag(0).ContextSpecific()) {
			c.issuerID = id
		}
	}
	return err
}

func readTime(in *cryptobyte.String, t *time.Time) bool {
	if in.PeekASN1Tag(asn1.UTCTime) {
		return in.ReadASN1UTCTime(t)
	}
	return in.ReadASN1GeneralizedTime(t)
}

// Props returns the certificate as an import fills a policy with it
// (docs/contract/certificates.md): lists are empty, not nil, where the
// certificate has no such extension, but SANs is nil where it has none; months
// are rounded up.
func (c Certificate) Props() vault.X509Props {
	x := vault.X509Props{Subject: c.Subject, EKUs: []string{}, Usage: []vault.KeyUsage{}, CA: c.IsCA,
		ValidityMonths: monthsBetween(c.NotBefore, c.NotAfter)}
	x.EKUs = append(x.EKUs, c.ekus...)
	x.Usage = append(x.Usage, c.usage...)
	if !c.sans.Empty() {
		x.SANs = c.sans
	}
	return x
}

// Usage returns the key usage; nil for a certificate without that extension.
func (c Certificate) Usage() []vault.KeyUsage { return c.usage }

// KeyProps returns type, curve and size in bits of the certificate's key; all
// are zero for a key of a kind that the API does not have.
func (c Certificate) KeyProps() (vault.KeyType, vault.Curve, int) {
	p, err := keys.ParsePublic(c.Public)
	if err != nil {
		return "", "", 0
	}
	return p.Type(), p.Curve(), p.Size()
}

// Thumbprint returns the SHA-1 of a certificate's DER, the x5t of the wire.
func Thumbprint(der []byte) []byte {
	sum := sha1.Sum(der)
	return sum[:]
}
