package openbao

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"certwright/internal/certs"
	"certwright/internal/vault"
)

// An ask is the body of a call to sign. A role takes names from the request or
// from here (use_csr_common_name, use_csr_sans), so both have the same. User
// principal names are in the request only: a role that reads them there would
// write them twice (measured, OpenBao 2.7.2).
type ask struct {
	CSR        string `json:"csr"`
	CommonName string `json:"common_name,omitempty"`
	AltNames   string `json:"alt_names,omitempty"` // DNS names and e-mail addresses
	IPSANs     string `json:"ip_sans,omitempty"`
	URISANs    string `json:"uri_sans,omitempty"`
	TTL        string `json:"ttl,omitempty"`
	ExcludeCN  bool   `json:"exclude_cn_from_sans,omitempty"`
}

// request says what is to be signed, for as long as the policy says; the role
// may shorten it.
func (i *Issuer) request(o vault.Order) (ask, error) {
	csr, err := certs.ParseRequest(o.CSR)
	if err != nil {
		return ask{}, err
	}
	a := ask{CSR: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: o.CSR})),
		CommonName: commonName(csr.SubjectDER), ExcludeCN: i.Settings.ExcludeCNFromSANs}
	if s := csr.SANs; s != nil {
		a.AltNames = strings.Join(slices.Concat(s.DNS, s.Emails), ",")
		a.IPSANs, a.URISANs = strings.Join(s.IPs, ","), strings.Join(s.URIs, ",")
	}
	if months := o.Policy.X509.ValidityMonths; months > 0 {
		a.TTL = fmt.Sprintf("%ds", o.Now.AddDate(0, months, 0).Sub(o.Now)/time.Second)
	}
	return a, nil
}

// commonName is the last one of a subject; "" if there is none.
func commonName(subject []byte) string {
	var names pkix.RDNSequence
	var n pkix.Name
	if _, err := asn1.Unmarshal(subject, &names); err == nil {
		n.FillFromRDNSequence(&names)
	}
	return n.CommonName
}

// readChain reads what was signed: the certificate, then issuer by issuer. The
// server sends the issuing CA twice, and with ca_chain perhaps a root.
func readChain(data json.RawMessage) ([][]byte, error) {
	var said struct {
		Certificate string   `json:"certificate"`
		IssuingCA   string   `json:"issuing_ca"`
		Chain       []string `json:"ca_chain"`
	}
	if err := json.Unmarshal(data, &said); err != nil {
		return nil, errors.New("its answer cannot be read")
	}
	leaf := blocks(said.Certificate)
	if len(leaf) == 0 {
		return nil, errors.New("its answer has no certificate")
	}
	var all [][]byte
	for _, der := range slices.Concat(leaf, blocks(said.IssuingCA), blocks(strings.Join(said.Chain, "\n"))) {
		if _, err := certs.Parse(der); err != nil {
			return nil, errors.New("its answer holds something that is not a certificate")
		}
		if !slices.ContainsFunc(all, func(b []byte) bool { return bytes.Equal(b, der) }) {
			all = append(all, der)
		}
	}
	return connected(certs.Order(all, 0)), nil
}

// connected leaves out what is not of the chain: certs.Order puts it last.
func connected(chain [][]byte) [][]byte {
	for i := 1; i < len(chain); i++ {
		child, err := certs.Parse(chain[i-1])
		parent, err2 := certs.Parse(chain[i])
		if err != nil || err2 != nil || !bytes.Equal(child.IssuerDER, parent.SubjectDER) || bytes.Equal(child.IssuerDER, child.SubjectDER) {
			return chain[:i]
		}
	}
	return chain
}

func blocks(text string) (found [][]byte) {
	for rest := []byte(text); ; {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			return found
		}
		if b.Type == "CERTIFICATE" {
			found = append(found, b.Bytes)
		}
	}
}

// serial writes a certificate's serial number as the server does: "04:a1:09".
func serial(der []byte) string {
	c, err := certs.Parse(der)
	if err != nil {
		return ""
	}
	var pairs []string
	for _, b := range new(big.Int).SetBytes(c.Serial).Bytes() {
		pairs = append(pairs, fmt.Sprintf("%02x", b))
	}
	return strings.Join(pairs, ":")
}
