package digicert

import (
	"crypto/x509/pkix"
	"encoding/asn1"

	"certwright/internal/certs/dn"
	"certwright/internal/vault"
)

// ValidateIssuer implements vault.Validator.
func (i *Issuer) ValidateIssuer(cfg vault.IssuerConfig) error {
	if _, err := organization(cfg); err != nil {
		return err
	}
	if cfg.Credentials == nil || len(cfg.Credentials.Password) == 0 {
		return vault.Bad("credentials.pwd must be a CertCentral API key.")
	}
	return nil
}

// ValidatePolicy implements vault.Validator: what DigiCert will not put into a
// TLS certificate is refused before anything is ordered.
func (i *Issuer) ValidatePolicy(cfg vault.IssuerConfig, p vault.Policy) error {
	if err := i.ValidateIssuer(cfg); err != nil {
		return vault.SetupFault(err)
	}
	sans := vault.SANs{}
	if p.X509.SANs != nil {
		sans = *p.X509.SANs
	}
	switch {
	case len(sans.Emails) > 0:
		return vault.NoEmailsAtDigiCert()
	case len(sans.UPNs) > 0:
		return vault.Bad("DigiCert doesn't support UPNs in subject alternate names with order for a Ssl certificate")
	case len(sans.IPs) > 0:
		return vault.Bad("DigiCert doesn't support IP addresses in subject alternate names with order for a Ssl certificate")
	case len(sans.URIs) > 0:
		return vault.Bad("DigiCert doesn't support URIs in subject alternate names with order for a Ssl certificate")
	case len(sans.DNS) == 0 && commonName(p.X509.Subject) == "":
		return vault.Bad("x509_props needs a common name or a DNS name for DigiCert.")
	case p.Key.Curve == vault.P256K:
		return vault.Bad("key_props.crv P-256K is not issued by DigiCert; use RSA, P-256 or P-384.")
	case p.Key.Reuse && p.Key.Type.IsRSA() && p.Renews():
		return vault.Bad("DigiCert takes a certificate signing request once, and that of an RSA key that is used again is the same: with key_props.reuse_key every renewal would be refused. Turn it off, use an EC key, or EmailContacts instead of AutoRenew.")
	}
	_, err := i.product(p.Issuer.CertType)
	return err
}

// commonName returns a subject's first common name; "" if there is none.
func commonName(subject string) string {
	der, err := dn.Parse(subject)
	if err != nil {
		return ""
	}
	var rdns pkix.RDNSequence
	if _, err := asn1.Unmarshal(der, &rdns); err != nil {
		return ""
	}
	var name pkix.Name
	name.FillFromRDNSequence(&rdns)
	return name.CommonName
}
