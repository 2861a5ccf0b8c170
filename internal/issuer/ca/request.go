package ca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"certwright/internal/certs"
	"certwright/internal/certs/dn"
	"certwright/internal/vault"
)

// A request is what a policy or a CSR asks for, in the form that rules are
// held against.
type request struct {
	subject []byte // DER
	public  any    // of a CSR; nil for a policy
	ec      bool
	names   vault.SANs // those of the subject among them
	added   []string   // names that stood in the subject only
	odd     []string   // common names that are no name of a thing
	bare    []string   // common names that are addresses
	emails  []string   // in the subject; not certified as names
	ekus    []string
	usage   []vault.KeyUsage
	ca      bool
}

// requestOfPolicy reads a policy. The error is a refusal.
func requestOfPolicy(p vault.Policy) (request, error) {
	subject, err := dn.Parse(p.X509.Subject)
	if err != nil {
		return request{}, err
	}
	w := request{subject: subject, ec: p.Key.Type.IsEC(), ekus: p.X509.EKUs, usage: p.X509.Usage, ca: p.X509.CA}
	switch {
	case p.Key.Curve == vault.P256K:
		return w, errors.New("key_props.crv P-256K is not a curve that this authority signs; use P-256, P-384 or P-521")
	case p.Key.Type.IsRSA() && p.Key.Size < minRSA:
		return w, fmt.Errorf("key_props.key_size %d is less than this authority signs, which is %d", p.Key.Size, minRSA)
	}
	return w, w.readNames(p.X509.SANs)
}

// requestOfCSR reads a CSR, whose signature must be good.
func requestOfCSR(csr []byte) (request, error) {
	r, err := certs.ParseRequest(csr)
	if err != nil {
		return request{}, errors.New("the certificate request cannot be read or is not signed by its own key")
	}
	w := request{subject: r.SubjectDER, ekus: r.EKUs, usage: r.Usage, ca: r.CA}
	if w.public, err = x509.ParsePKIXPublicKey(r.Public); err != nil {
		return w, errors.New("the key is of a kind that this authority does not sign; it signs RSA, P-256, P-384 and P-521")
	}
	switch k := w.public.(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() < minRSA {
			return w, fmt.Errorf("the RSA key has %d bits, less than the %d that this authority signs", k.N.BitLen(), minRSA)
		}
	case *ecdsa.PublicKey:
		w.ec = true
		if k.Curve == elliptic.P224() {
			return w, errors.New("the key's curve is P-224; this authority signs P-256, P-384 and P-521")
		}
	default:
		return w, errors.New("the key is of a kind that this authority does not sign; it signs RSA, P-256, P-384 and P-521")
	}
	return w, w.readNames(r.SANs)
}

const minRSA = 2048 // bits

var (
	oidCommonName = asn1.ObjectIdentifier{2, 5, 4, 3}
	oidEmail      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}
)

// readNames takes the alternative names, and the subject's common names to
// them: those that check names look there only (RFC 9525 section 6.3).
func (w *request) readNames(sans *vault.SANs) error {
	if sans != nil {
		w.names = vault.SANs{DNS: slices.Clone(sans.DNS), Emails: slices.Clone(sans.Emails), UPNs: slices.Clone(sans.UPNs),
			URIs: slices.Clone(sans.URIs), IPs: slices.Clone(sans.IPs)}
	}
	var rdns pkix.RDNSequence
	if rest, err := asn1.Unmarshal(w.subject, &rdns); err != nil || len(rest) > 0 {
		return errors.New("the subject is not a distinguished name that this authority can read")
	}
	var name pkix.Name
	name.FillFromRDNSequence(&rdns)
	for _, a := range name.Names {
		value := fmt.Sprint(a.Value)
		switch {
		case a.Type.Equal(oidEmail):
			w.emails = append(w.emails, value)
		case a.Type.Equal(oidCommonName):
			w.addCommonName(value)
		}
	}
	return nil
}

func (w *request) addCommonName(cn string) {
	n := &w.names
	all := slices.Concat(n.DNS, n.Emails, n.UPNs, n.URIs)
	if isDNS(cn) || isIP(cn) {
		all = n.DNS // programs take it for such, whatever other kind of name it is as well
	}
	if slices.ContainsFunc(all, func(s string) bool { return strings.EqualFold(s, cn) }) {
		return
	}
	a, err := netip.ParseAddr(cn)
	switch {
	case err == nil && a.Zone() == "":
		w.bare = append(w.bare, cn)
		if slices.ContainsFunc(n.IPs, func(s string) bool { b, err := netip.ParseAddr(s); return err == nil && a == b }) {
			return
		}
		n.IPs = append(n.IPs, cn)
	case isDNS(cn):
		n.DNS = append(n.DNS, cn)
	case strings.Count(cn, "@") == 1 && matchMail("*", cn) && visible(cn):
		n.Emails = append(n.Emails, cn)
	default:
		w.odd = append(w.odd, cn)
		return
	}
	w.added = append(w.added, cn)
}

// all are the subject and all names, for people.
func (w request) all() (shown []string) {
	n := w.names
	names := slices.Concat(n.DNS, n.IPs, n.Emails, n.UPNs, n.URIs)
	if len(w.subject) > 2 {
		shown = append(shown, "subject "+dn.Render(w.subject))
	}
	if len(names) > 0 {
		what := "1 name"
		if len(names) > 1 {
			what = fmt.Sprintf("%d names", len(names))
		}
		shown = append(shown, what+": "+strings.Join(names, ", "))
	}
	return shown
}
