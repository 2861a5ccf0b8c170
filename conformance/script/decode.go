package script

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"software.sslmate.com/src/go-pkcs12"
)

// decode takes a request or certificate apart: decode csr|cer {it} as NAME. It
// binds NAME_subject, _dns, _emails, _upns, _uris, _ips, _usage, _ekus, _ca, _key,
// _n, _e, _x, _y, _spki; for a certificate also _issuer, _nbf, _exp, _x5t, _self, _serial_bytes.
func (r *run) decode(w []string) error {
	if len(w) != 4 || w[2] != "as" {
		return fmt.Errorf("write: decode cer {cer} as NAME")
	}
	der, err := base64.StdEncoding.DecodeString(w[1])
	if err != nil {
		return err
	}
	switch w[0] {
	case "csr":
		q, err := x509.ParseCertificateRequest(der)
		if err != nil {
			return err
		}
		r.bindNames(w[3], q.RawSubject, q.Extensions)
		return r.bindKey(w[3], q.PublicKey)
	case "cer":
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return err
		}
		r.bindNames(w[3], c.RawSubject, c.Extensions)
		if err := r.bindLeaf(w[3], der); err != nil {
			return err
		}
		r.bind(w[3], "issuer", distinguished(c.RawIssuer))
		r.bind(w[3], "self", strconv.FormatBool(c.CheckSignatureFrom(c) == nil || selfSigned(c)))
		r.bind(w[3], "serial_bytes", strconv.Itoa(len(c.SerialNumber.Bytes())))
		r.bind(w[3], "algorithm", c.SignatureAlgorithm.String())
		r.bind(w[3], "aki_is_ski", strconv.FormatBool(len(c.SubjectKeyId) > 0 && bytes.Equal(c.SubjectKeyId, c.AuthorityKeyId)))
		return r.bindKey(w[3], c.PublicKey)
	}
	return fmt.Errorf("write: decode csr or decode cer")
}

// selfSigned also takes leaves, which CheckSignatureFrom refuses as parents.
func selfSigned(c *x509.Certificate) bool {
	return c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}

func (r *run) bind(name, part, value string) { r.vars[name+"_"+part] = value }

// distinguished prints a name as RFC 4514 does: the last of the DER comes first.
func distinguished(der []byte) string {
	var names pkix.RDNSequence
	if _, err := asn1.Unmarshal(der, &names); err != nil {
		return "unreadable"
	}
	return names.String()
}

func (r *run) bindNames(name string, subject []byte, ext []pkix.Extension) {
	r.bind(name, "subject", distinguished(subject))
	r.bind(name, "critical_usage", "false")
	for _, part := range []string{"dns", "emails", "upns", "uris", "ips", "usage", "ekus", "ca"} {
		r.bind(name, part, "none")
	}
	for _, e := range ext {
		switch e.Id.String() {
		case "2.5.29.15":
			r.bind(name, "usage", usages(e.Value))
			r.bind(name, "critical_usage", strconv.FormatBool(e.Critical))
		case "2.5.29.17":
			for part, names := range alternatives(e.Value) {
				r.bind(name, part, strings.Join(names, ","))
			}
		case "2.5.29.37":
			var ids []asn1.ObjectIdentifier
			asn1.Unmarshal(e.Value, &ids)
			r.bind(name, "ekus", strings.Trim(strings.ReplaceAll(fmt.Sprint(ids), " ", ","), "[]"))
		case "2.5.29.19":
			var bc struct {
				CA bool `asn1:"optional"`
			}
			asn1.Unmarshal(e.Value, &bc)
			r.bind(name, "ca", strconv.FormatBool(bc.CA))
		}
	}
}

var usageNames = []string{"digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement",
	"keyCertSign", "cRLSign", "encipherOnly", "decipherOnly"}

func usages(der []byte) string {
	var bits asn1.BitString
	asn1.Unmarshal(der, &bits)
	var out []string
	for i, n := range usageNames {
		if bits.At(i) == 1 {
			out = append(out, n)
		}
	}
	return strings.Join(out, ",")
}

func alternatives(der []byte) map[string][]string {
	out := map[string][]string{}
	var seq []asn1.RawValue
	asn1.Unmarshal(der, &seq)
	for _, v := range seq {
		switch v.Tag {
		case 0:
			out["upns"] = append(out["upns"], principal(v.Bytes))
		case 1:
			out["emails"] = append(out["emails"], string(v.Bytes))
		case 2:
			out["dns"] = append(out["dns"], string(v.Bytes))
		case 6:
			out["uris"] = append(out["uris"], string(v.Bytes))
		case 7:
			out["ips"] = append(out["ips"], hex.EncodeToString(v.Bytes))
		}
	}
	return out
}

// principal reads the text of an otherName: an OID, then an explicitly tagged UTF8String.
func principal(der []byte) string {
	var id asn1.ObjectIdentifier
	rest, err := asn1.Unmarshal(der, &id)
	if err != nil {
		return "unreadable"
	}
	var outer, inner asn1.RawValue
	if _, err := asn1.Unmarshal(rest, &outer); err != nil {
		return "unreadable"
	}
	if _, err := asn1.Unmarshal(outer.Bytes, &inner); err != nil || id.String() != "1.3.6.1.4.1.311.20.2.3" {
		return "unreadable"
	}
	return string(inner.Bytes)
}

func (r *run) bindKey(name string, pub crypto.PublicKey) error {
	spki, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(spki)
	r.bind(name, "spki", hex.EncodeToString(sum[:]))
	b64 := base64.RawURLEncoding.EncodeToString
	switch k := pub.(type) {
	case *rsa.PublicKey:
		r.bind(name, "key", "RSA "+strconv.Itoa(k.N.BitLen()))
		r.bind(name, "n", b64(k.N.Bytes()))
		r.bind(name, "e", b64(big.NewInt(int64(k.E)).Bytes()))
	case *ecdsa.PublicKey:
		size := (k.Curve.Params().BitSize + 7) / 8
		r.bind(name, "key", "EC "+k.Curve.Params().Name)
		r.bind(name, "x", b64(k.X.FillBytes(make([]byte, size))))
		r.bind(name, "y", b64(k.Y.FillBytes(make([]byte, size))))
	}
	return nil
}

// open opens the value of a certificate's secret: open pkcs12|pem {value} as
// NAME. It binds NAME_cer and NAME_x5t of the first certificate, NAME_count of
// certificates, NAME_spki of the private key ("none" without), and for PEM
// NAME_blocks, the block types in their order.
func (r *run) open(w []string) error {
	if len(w) != 4 || w[2] != "as" {
		return fmt.Errorf("write: open pkcs12 {value} as NAME")
	}
	var key any
	var certs [][]byte
	var err error
	switch w[0] {
	case "pkcs12":
		key, certs, err = openPFX(w[1])
	case "pem":
		var types string
		key, certs, types, err = openPEM(w[1])
		r.bind(w[3], "blocks", types)
	default:
		err = fmt.Errorf("write: open pkcs12 or open pem")
	}
	if err != nil {
		return err
	}
	if err := r.bindLeaf(w[3], certs[0]); err != nil {
		return err
	}
	r.vars[w[3]+"_count"] = json.Number(strconv.Itoa(len(certs)))
	r.bind(w[3], "spki", "none")
	if signer, ok := key.(crypto.Signer); ok {
		return r.bindKey(w[3], signer.Public())
	}
	return nil
}

func openPFX(value string) (key any, certs [][]byte, err error) {
	der, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		return nil, nil, err
	}
	key, leaf, chain, err := pkcs12.DecodeChain(der, "")
	if err != nil { // perhaps one without a key
		blocks, err2 := pkcs12.ToPEM(der, "")
		for _, b := range blocks {
			if b.Type == "CERTIFICATE" {
				certs = append(certs, b.Bytes)
			} else {
				return nil, nil, err
			}
		}
		if err2 != nil || len(certs) == 0 {
			return nil, nil, err
		}
		return nil, certs, nil
	}
	certs = append(certs, leaf.Raw)
	for _, c := range chain {
		certs = append(certs, c.Raw)
	}
	return key, certs, nil
}

func openPEM(value string) (key any, certs [][]byte, types string, err error) {
	var names []string
	for rest := []byte(value); ; {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			break
		}
		names = append(names, b.Type)
		if b.Type == "CERTIFICATE" {
			certs = append(certs, b.Bytes)
			continue
		}
		if key, err = x509.ParsePKCS8PrivateKey(b.Bytes); err != nil {
			return nil, nil, "", err
		}
	}
	if len(certs) == 0 {
		return nil, nil, "", fmt.Errorf("no certificate in it")
	}
	return key, certs, strings.Join(names, ", "), nil
}
