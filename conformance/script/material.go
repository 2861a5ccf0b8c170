package script

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

// sign issues a leaf for a request by a throwaway CA: sign {csr} as NAME. It
// binds NAME (base64 DER), NAME_ca, and the leaf's x5t, nbf and exp. With
// "foreign" as the request, the leaf is for a key that nobody else has; with
// "days N" the leaf is valid that long; "future" starts its life in a year.
func (r *run) sign(w []string) error {
	if len(w) < 3 || w[1] != "as" {
		return fmt.Errorf("write: sign {csr} as NAME")
	}
	pub, subject, err := asked(w[0])
	if err != nil {
		return err
	}
	o, err := options(w[3:])
	if err != nil {
		return err
	}
	ca, err := newAuthority("CN=Throwaway CA")
	if err != nil {
		return err
	}
	leaf := o.template(subject)
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca.cert, pub, ca.key)
	if err != nil {
		return err
	}
	if err := r.bindLeaf(w[2], der); err != nil {
		return err
	}
	r.vars[w[2]] = r.vars[w[2]+"_cer"]
	r.vars[w[2]+"_ca"] = base64.StdEncoding.EncodeToString(ca.cert.Raw)
	return nil
}

func asked(csr string) (crypto.PublicKey, pkix.Name, error) {
	if csr == "foreign" {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, pkix.Name{}, err
		}
		return k.Public(), pkix.Name{CommonName: "Somebody Else"}, nil
	}
	der, err := base64.StdEncoding.DecodeString(csr)
	if err != nil {
		return nil, pkix.Name{}, err
	}
	q, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, pkix.Name{}, err
	}
	return q.PublicKey, q.Subject, nil
}

// make makes something to import: make pfx|pem as NAME [subject S] [dns a,b]
// [key rsa|ec] [days N] [password P] [chain] [certfirst] [crlf] [pkcs1] [keyless].
// It binds NAME (base64 of the PFX, or the PEM text), NAME_64 (base64 of the PEM text),
// NAME_cer, NAME_x5t, NAME_nbf and NAME_exp.
func (r *run) make(w []string) error {
	if len(w) < 3 || w[1] != "as" {
		return fmt.Errorf("write: make pfx as NAME")
	}
	o, err := options(w[3:])
	if err != nil {
		return err
	}
	ca, err := newAuthority("CN=Throwaway CA")
	if err != nil {
		return err
	}
	key, err := newKey(o.word["key"])
	if err != nil {
		return err
	}
	der, err := x509.CreateCertificate(rand.Reader, o.template(name(o.word["subject"])), ca.cert, key.Public(), ca.key)
	if err != nil {
		return err
	}
	if err := r.bindLeaf(w[2], der); err != nil {
		return err
	}
	var chain []*x509.Certificate
	if o.flag["chain"] {
		chain = []*x509.Certificate{ca.cert}
	}
	switch w[0] {
	case "pfx":
		leaf, err := x509.ParseCertificate(der)
		if err != nil {
			return err
		}
		pfx, err := pkcs12.LegacyDES.Encode(key, leaf, chain, o.word["password"])
		r.vars[w[2]] = base64.StdEncoding.EncodeToString(pfx)
		return err
	case "pem":
		text, err := pemText(key, der, chain, o)
		r.vars[w[2]] = text
		r.vars[w[2]+"_64"] = base64.StdEncoding.EncodeToString([]byte(text))
		return err
	}
	return fmt.Errorf("%q can not be made", w[0])
}

func pemText(key crypto.Signer, leaf []byte, chain []*x509.Certificate, o *option) (string, error) {
	certs := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf}))
	for _, c := range chain {
		certs += string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", err
	}
	block := &pem.Block{Type: "PRIVATE KEY", Bytes: der}
	if k, ok := key.(*rsa.PrivateKey); ok && o.flag["pkcs1"] {
		block = &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(k)}
	}
	text := string(pem.EncodeToMemory(block)) + certs
	switch {
	case o.flag["keyless"]:
		text = certs
	case o.flag["certfirst"]:
		text = certs + string(pem.EncodeToMemory(block))
	}
	if o.flag["crlf"] {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	return text, nil
}

// bindLeaf binds what a script may want to know of a certificate it made.
func (r *run) bindLeaf(name string, der []byte) error {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return err
	}
	sum := sha1.Sum(der)
	r.vars[name+"_cer"] = base64.StdEncoding.EncodeToString(der)
	r.vars[name+"_x5t"] = base64.RawURLEncoding.EncodeToString(sum[:])
	r.vars[name+"_nbf"] = json.Number(strconv.FormatInt(c.NotBefore.Unix(), 10))
	r.vars[name+"_exp"] = json.Number(strconv.FormatInt(c.NotAfter.Unix(), 10))
	return nil
}

// An authority is a CA that lives as long as one directive.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func newAuthority(subject string) (*authority, error) {
	k, err := newKey("ec")
	if err != nil {
		return nil, err
	}
	t := (&option{word: map[string]string{"days": "3650"}}).template(name(subject))
	t.IsCA, t.BasicConstraintsValid, t.KeyUsage, t.ExtKeyUsage = true, true, x509.KeyUsageCertSign, nil
	der, err := x509.CreateCertificate(rand.Reader, t, t, k.Public(), k)
	if err != nil {
		return nil, err
	}
	c, err := x509.ParseCertificate(der)
	return &authority{c, k}, err
}

func newKey(kind string) (crypto.Signer, error) {
	switch kind {
	case "rsa":
		return rsa.GenerateKey(rand.Reader, 2048)
	case "", "ec":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ec384":
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	}
	return nil, fmt.Errorf("%q is no kind of key; use rsa, ec or ec384", kind)
}

// name reads "CN=a" or "CN=a,O=b".
func name(s string) pkix.Name {
	n := pkix.Name{CommonName: "Imported"}
	for part := range strings.SplitSeq(s, ",") {
		switch k, v, _ := strings.Cut(part, "="); k {
		case "CN":
			n.CommonName = v
		case "O":
			n.Organization = []string{v}
		}
	}
	return n
}

// option is the tail of a sign or make directive.
type option struct {
	word map[string]string
	flag map[string]bool
}

func options(w []string) (*option, error) {
	o := &option{word: map[string]string{}, flag: map[string]bool{}}
	for i := 0; i < len(w); i++ {
		switch w[i] {
		case "chain", "certfirst", "crlf", "pkcs1", "keyless", "future", "past":
			o.flag[w[i]] = true
		case "subject", "dns", "key", "days", "password":
			if i+1 == len(w) {
				return nil, fmt.Errorf("%s needs a word more", w[i])
			}
			o.word[w[i]] = w[i+1]
			i++
		default:
			return nil, fmt.Errorf("there is no option %q", w[i])
		}
	}
	return o, nil
}

// template follows real time, as any outside CA does.
func (o *option) template(subject pkix.Name) *x509.Certificate {
	days, err := strconv.Atoi(o.word["days"])
	if err != nil {
		days = 365
	}
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 100))
	from := time.Now().UTC().Truncate(time.Second).Add(-time.Hour)
	if o.flag["future"] {
		from = from.AddDate(1, 0, 0)
	}
	if o.flag["past"] {
		from = from.AddDate(0, 0, -days-30)
	}
	t := &x509.Certificate{SerialNumber: serial, Subject: subject, NotBefore: from, NotAfter: from.AddDate(0, 0, days),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true}
	if o.word["dns"] != "" {
		t.DNSNames = strings.Split(o.word["dns"], ",")
	}
	return t
}
