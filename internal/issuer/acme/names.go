package acme

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"net/netip"
	"strings"

	"github.com/mholt/acmez/v3/acme"

	"certwright/internal/certs"
	"certwright/internal/certs/dn"
	"certwright/internal/vault"
)

// The types of an identifier (RFC 8555 section 9.7.7, RFC 8738).
const (
	dnsName = "dns"
	ipName  = "ip"
)

// requested returns the identifiers that a certificate request stands for: its
// DNS names, IP addresses and common name, each once, in lower case.
func requested(csr []byte) ([]acme.Identifier, error) {
	r, err := certs.ParseRequest(csr)
	if err != nil {
		return nil, err
	}
	return identify(commonName(r.SubjectDER), r.SANs)
}

// identify returns the identifiers of a common name and alternative names, or
// the refusal of one that no ACME authority can prove.
func identify(cn string, sans *vault.SANs) ([]acme.Identifier, error) {
	var ids []acme.Identifier
	seen := map[acme.Identifier]bool{}
	add := func(name string) bool {
		id, ok := identifier(name)
		if ok && !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
		return ok
	}
	if sans != nil {
		if len(sans.Emails)+len(sans.UPNs)+len(sans.URIs) > 0 {
			return nil, vault.Bad("An ACME issuer doesn't support emails, user principal names and URIs in subject alternative names.")
		}
		for _, n := range append(append([]string{}, sans.DNS...), sans.IPs...) {
			if !add(n) {
				return nil, vault.Bad("The subject alternative name '%s' is not a DNS name or IP address that an ACME issuer can certify.", n)
			}
		}
	}
	if cn != "" && !add(cn) {
		return nil, vault.Bad("The common name '%s' is not a DNS name or IP address, which an ACME issuer needs it to be. Leave it out, or write international names in their ASCII form (xn--...).", cn)
	}
	if len(ids) == 0 {
		return nil, vault.Bad("An ACME issuer needs at least one DNS name or IP address in subject alternative names or as common name.")
	}
	return ids, nil
}

// identifier reads one name; false if it is neither a DNS name nor an address.
func identifier(name string) (acme.Identifier, bool) {
	if ip, err := netip.ParseAddr(name); err == nil && ip.Zone() == "" {
		return acme.Identifier{Type: ipName, Value: ip.Unmap().String()}, true
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if !isHost(strings.TrimPrefix(name, "*.")) {
		return acme.Identifier{}, false
	}
	return acme.Identifier{Type: dnsName, Value: name}, true
}

// isHost reports whether name has the shape of a DNS name in ASCII (RFC 1123
// section 2.1). Whether it may be certified is for the authority to say.
func isHost(name string) bool {
	if len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		if strings.ContainsFunc(label, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
		}) {
			return false
		}
	}
	return true
}

// commonName returns the last common name of a subject in DER; "" for none.
func commonName(subject []byte) string {
	var rdns pkix.RDNSequence
	if rest, err := asn1.Unmarshal(subject, &rdns); err != nil || len(rest) > 0 {
		return ""
	}
	var name pkix.Name
	name.FillFromRDNSequence(&rdns)
	return name.CommonName
}

// values lists identifiers for people, the first few of many.
func values(ids []acme.Identifier) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = id.Value
	}
	return some(names)
}

// Names implements vault.Namer: an ACME authority is asked for the common name
// too, one of a single label among them.
func (i *Issuer) Names(x vault.X509Props) []string {
	subject, err := dn.Parse(x.Subject)
	if err != nil {
		return nil
	}
	if id, ok := identifier(commonName(subject)); ok && id.Type == dnsName {
		return []string{id.Value}
	}
	return nil
}
