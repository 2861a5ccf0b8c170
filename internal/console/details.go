package console

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"

	"certwright/internal/certs"
	"certwright/internal/certs/dn"
	"certwright/internal/console/view"
	"certwright/internal/vault"
)

// detailsTab is what the current version says of itself.
func (c *Console) detailsTab(r *http.Request, got reading, m *view.Certificate) error {
	if !got.Exists() || got.Version.Certificate == nil {
		return nil
	}
	v := got.Version
	x, err := certs.Parse(v.Certificate.Leaf)
	if err != nil {
		return fmt.Errorf("read the stored certificate of %s: %w", got.Ref, err)
	}
	props := x.Props()
	d := &view.Details{ID: v.ID, Subject: x.Subject, Issuer: dn.Render(x.IssuerDER), Serial: fmt.Sprintf("%X", x.Serial), Key: keyWords(x),
		SHA1: fmt.Sprintf("%X", v.Certificate.Thumbprint), SHA256: fmt.Sprintf("%X", sha256.Sum256(v.Certificate.Leaf)),
		From: c.moment(x.NotBefore), To: c.moment(x.NotAfter), Made: c.moment(v.Attributes.Created)}
	if s := props.SANs; s != nil {
		d.Names = slices.Concat(s.DNS, s.IPs, s.Emails, s.URIs, s.UPNs)
	}
	for _, u := range props.Usage {
		d.Usage = append(d.Usage, string(u))
	}
	for _, e := range props.EKUs {
		d.EKUs = append(d.EKUs, purpose(e))
	}
	for _, k := range []vault.Kind{vault.Certificates, vault.Keys, vault.Secrets} {
		d.Identifiers = append(d.Identifiers, view.Identifier{Word: k.Noun(), ID: "address-" + k.Noun(), URL: c.URL(got.Vault) + "/" + string(k) + "/" + got.Name})
	}
	m.Details, m.Chain, m.Readers = d, c.chain(v), c.readers(r, got.Ref, m.Key)
	return nil
}

// chain is who signed whom, the root first.
func (c *Console) chain(v vault.Version) (all []view.Link509) {
	for _, der := range certs.LeafFirst(v.Certificate.Chain, v.Certificate.Leaf) {
		x, err := certs.Parse(der)
		if err != nil {
			continue
		}
		all = append(all, view.Link509{Subject: x.Subject, Issuer: dn.Render(x.IssuerDER), To: c.moment(x.NotAfter), Self: string(x.SubjectDER) == string(x.IssuerDER)})
	}
	if n := len(all); n > 0 && !all[n-1].Self {
		all = append(all, view.Link509{Subject: all[n-1].Issuer + " (not in the chain)"})
	}
	slices.Reverse(all)
	return all
}

func keyWords(x certs.Certificate) string {
	kind, curve, size := x.KeyProps()
	if curve != "" {
		return fmt.Sprintf("%s %s", kind, curve)
	}
	return fmt.Sprintf("%s %d", kind, size)
}

// purposes are the extended key usages that people know by a name.
var purposes = map[string]string{"1.3.6.1.5.5.7.3.1": "TLS server", "1.3.6.1.5.5.7.3.2": "TLS client", "1.3.6.1.5.5.7.3.3": "code signing",
	"1.3.6.1.5.5.7.3.4": "mail", "1.3.6.1.5.5.7.3.8": "time stamping", "1.3.6.1.5.5.7.3.9": "OCSP", "2.5.29.37.0": "any"}

func purpose(oid string) string {
	if name, ok := purposes[oid]; ok {
		return name
	}
	return oid
}
