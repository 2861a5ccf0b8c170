package digicert

import (
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strconv"
	"strings"
	"time"

	"certwright/internal/vault"
)

// wanted is what an order asks for.
type wanted struct {
	product      string
	commonName   string
	dnsNames     []string // without the common name
	public       []byte   // PKIX
	organization int64
	months       int
}

// wanted reads an order's CSR and policy. The names and the key are there also
// where the error says that nothing can be ordered.
func (i *Issuer) wanted(o vault.Order) (wanted, error) {
	csr, err := x509.ParseCertificateRequest(o.CSR)
	if err != nil {
		return wanted{}, vault.Bad("The certificate signing request is not acceptable to DigiCert: %v.", err)
	}
	w := wanted{public: csr.RawSubjectPublicKeyInfo, commonName: csr.Subject.CommonName, months: o.Policy.X509.ValidityMonths}
	if w.commonName == "" {
		w.commonName = goesBy(csr.DNSNames)
	}
	for _, name := range csr.DNSNames {
		if !strings.EqualFold(name, w.commonName) && !slices.Contains(w.dnsNames, name) {
			w.dnsNames = append(w.dnsNames, name)
		}
	}
	if w.product, err = i.product(o.Policy.Issuer.CertType); err != nil {
		return w, err
	}
	if w.organization, err = organization(o.Issuer); err != nil {
		return w, err
	}
	if w.commonName == "" {
		return w, vault.Bad("DigiCert needs a common name or a DNS name.")
	}
	return w, nil
}

// maxCommonName is how many characters a common name may have (RFC 5280
// appendix A.1).
const maxCommonName = 64

// goesBy is the name that an order goes by where the subject has none: the
// first that a certificate can carry as its common name, or else the first.
func goesBy(names []string) string {
	for _, name := range names {
		if len(name) <= maxCommonName {
			return name
		}
	}
	if len(names) > 0 {
		return names[0]
	}
	return ""
}

// product returns the product of a cty; letter case does not matter.
func (i *Issuer) product(cty string) (string, error) {
	if cty == "" {
		return i.Settings.Product, nil
	}
	var known []string
	for name, product := range i.Settings.Products {
		if strings.EqualFold(name, cty) {
			return product, nil
		}
		known = append(known, name)
	}
	slices.Sort(known)
	return "", vault.Bad("issuer.cty '%s' has no DigiCert product here; use one of %s.", vault.Clip(cty, 40), strings.Join(known, ", "))
}

// organization reads org_details.id: the number of a CertCentral organization.
func organization(c vault.IssuerConfig) (int64, error) {
	if c.Organization == nil || strings.TrimSpace(c.Organization.ID) == "" {
		return 0, vault.Bad("Id in organization details is not set") // as recorded: docs/issuers/digicert.md
	}
	id, err := strconv.ParseInt(strings.TrimSpace(c.Organization.ID), 10, 64)
	if err != nil || id <= 0 {
		return 0, vault.Bad("Id in organization details must be the number of a CertCentral organization.")
	}
	return id, nil
}

// body writes the order, or the reissue.
func (s *step) body() placing {
	w, set := s.want, s.Settings
	p := placing{
		Certificate: asked{
			CommonName: w.commonName, DNSNames: w.dnsNames, SignatureHash: set.SignatureHash, Platform: plainID{ID: -1},
			CSR: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: s.order.CSR})),
		},
		SkipApproval: *set.SkipApproval,
		Comments:     s.tag() + " " + s.order.Ref.String(),
	}
	if set.ServerAuthOnly {
		p.Certificate.Profile = "server_auth_only_eku"
	}
	years, days := set.length(w.product, w.months, s.order.Now)
	if days > 0 {
		p.Certificate.Validity = &validity{Days: days}
	}
	if s.notes.Reissue != 0 {
		return p
	}
	p.OrderValidity, p.Alternative, p.NoReminders = &validity{Years: years}, s.order.ID, true
	p.DCVMethod, p.Payment, p.RenewalOf = set.DCVMethod, set.PaymentMethod, s.notes.RenewalOf
	if !strings.Contains(w.product, "_dv_") {
		p.Organization = &plainID{ID: w.organization}
	}
	if set.Container != 0 {
		p.Container = &plainID{ID: set.Container}
	}
	if strings.HasPrefix(w.product, "private_") {
		p.Product = &productHint{TypeHint: "private"}
	}
	return p
}

// length returns how many years to order and how many days a certificate is to
// live, 0 for as long as may be. Public certificates live 199 days at most, 99
// from 2027-03-15, 46 from 2029-03-15 (docs/issuers/digicert.md), with a day to spare.
func (s Settings) length(product string, months int, now time.Time) (years, days int) {
	years = s.OrderYears
	if years == 0 {
		years = min(max((months+11)/12, 1), 3)
	}
	most := s.MaxDays
	if most == 0 && !strings.HasPrefix(product, "private_") {
		switch {
		case now.Before(time.Date(2027, 3, 15, 0, 0, 0, 0, time.UTC)):
			most = 199
		case now.Before(time.Date(2029, 3, 15, 0, 0, 0, 0, time.UTC)):
			most = 99
		default:
			most = 46
		}
	}
	days = int(now.AddDate(0, months, 0).Sub(now).Hours() / 24)
	if most > 0 {
		days = min(days, most)
	}
	return years, min(days, years*365)
}
