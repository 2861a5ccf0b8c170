package vaults

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"certwright/internal/client/keyvault"
)

// policyFlags say by which policy a certificate is made; what is not said stays,
// or has the vault's default.
type policyFlags struct {
	Issuer     string          `help:"Who issues it: Self, Unknown (an authority of your own, by hand), or an issuer of the vault." placeholder:"NAME" group:"Policy"`
	Subject    string          `help:"The subject, as in \"CN=www.example.org\"." placeholder:"DN" group:"Policy"`
	DNS        []string        `name:"dns" aliases:"san" help:"A DNS name that it is for; may be said again, or with commas." placeholder:"NAME" group:"Policy"`
	Email      []string        `help:"An e-mail address that it is for." placeholder:"ADDRESS" group:"Policy"`
	UPN        []string        `name:"upn" help:"A user principal name that it is for." placeholder:"NAME" group:"Policy"`
	IP         []string        `name:"ip" help:"An IP address that it is for." placeholder:"ADDRESS" group:"Policy"`
	URI        []string        `name:"uri" help:"A URI that it is for." placeholder:"URI" group:"Policy"`
	Key        string          `help:"The key: rsa-2048, rsa-3072, rsa-4096, ec-p256, ec-p384, ec-p521 or ec-p256k." placeholder:"KIND" enum:",rsa-2048,rsa-3072,rsa-4096,ec-p256,ec-p384,ec-p521,ec-p256k" default:"" group:"Policy"`
	HSM        bool            `name:"hsm" help:"Keep the key in a hardware security module." group:"Policy"`
	KeepKey    *bool           `name:"reuse-key" negatable:"" help:"Use the same key again when it renews." group:"Policy"`
	Exportable *bool           `negatable:"" help:"Let the key out with the certificate's secret." group:"Policy"`
	As         string          `name:"secret" help:"How the secret holds certificate and key: pfx or pem." enum:",pfx,pem" default:"" placeholder:"FORM" group:"Policy"`
	Validity   keyvault.Months `help:"For how many months it is valid." placeholder:"MONTHS" group:"Policy"`
	RenewAt    string          `help:"When it renews by itself: 80% of its validity, or 30d before it expires; never has people told instead, at 80%." placeholder:"WHEN" group:"Policy"`
	EKU        []string        `name:"eku" help:"An extended key usage: server, client, or an OID." placeholder:"USE" group:"Policy"`
	KeyUsage   []string        `help:"A key usage, as digitalSignature." placeholder:"USE" group:"Policy"`
	Type       string          `name:"certificate-type" help:"The type of certificate at the authority, as OV-SSL." placeholder:"TYPE" group:"Policy"`
	PolicyFile string          `name:"policy" help:"A file with a policy (YAML or JSON), as cert policy get prints it; what other flags say counts more." placeholder:"FILE" group:"Policy"`
}

var ekus = map[string]string{"server": "1.3.6.1.5.5.7.3.1", "client": "1.3.6.1.5.5.7.3.2", "code": "1.3.6.1.5.5.7.3.3", "email": "1.3.6.1.5.5.7.3.4"}

// names reports whether it is said what the certificate is for.
func (f policyFlags) names() bool {
	return f.Subject != "" || len(f.DNS)+len(f.Email)+len(f.UPN)+len(f.IP)+len(f.URI) > 0
}

// onto puts what the flags say onto a policy.
func (f policyFlags) onto(p *keyvault.Policy) error {
	if err := f.x509(p); err != nil {
		return err
	}
	f.key(p)
	if f.As != "" {
		p.Secret = &keyvault.SecretProps{ContentType: map[string]string{"pfx": keyvault.TypePFX, "pem": keyvault.TypePEM}[f.As]}
	}
	if f.Issuer != "" || f.Type != "" {
		i := keyvault.IssuerParams{}
		if p.Issuer != nil {
			i = *p.Issuer
		}
		i.Name, i.CertType = or(f.Issuer, i.Name), or(f.Type, i.CertType)
		p.Issuer = &i
	}
	if f.RenewAt == "" {
		return nil
	}
	action, err := keyvault.ParseRenewal(f.RenewAt)
	if err != nil {
		return misuse(fmt.Errorf("--renew-at %w", err))
	}
	p.Lifetime = []keyvault.LifetimeAction{action}
	return nil
}

func or[T comparable](said, had T) T {
	var none T
	if said != none {
		return said
	}
	return had
}

func (f policyFlags) x509(p *keyvault.Policy) error {
	if !f.names() && f.Validity == 0 && len(f.EKU) == 0 && len(f.KeyUsage) == 0 {
		return nil
	}
	if f.Subject != "" && !strings.Contains(f.Subject, "=") {
		return misused("--subject %q is not a distinguished name\nhint: --subject CN=%[1]s, or for a host --dns %[1]s", f.Subject)
	}
	x := keyvault.X509Props{}
	if p.X509 != nil {
		x = *p.X509
	}
	x.Subject, x.ValidityMonths = or(f.Subject, x.Subject), or(int(f.Validity), x.ValidityMonths)
	for _, e := range f.EKU {
		x.EKUs = append(x.EKUs[:len(x.EKUs):len(x.EKUs)], or(ekus[e], e))
	}
	if len(f.KeyUsage) > 0 {
		x.Usage = f.KeyUsage
	}
	if len(f.DNS)+len(f.Email)+len(f.UPN)+len(f.IP)+len(f.URI) > 0 {
		x.SANs = &keyvault.SANs{DNS: f.DNS, Emails: f.Email, UPNs: f.UPN, IPs: f.IP, URIs: f.URI}
		for _, ip := range f.IP {
			if _, err := netip.ParseAddr(ip); err != nil {
				return misused("--ip %q is not an IP address\nhint: names go with --dns", ip)
			}
		}
	}
	if x.Subject == "" && len(f.DNS) > 0 {
		x.Subject = "CN=" + f.DNS[0]
	}
	p.X509 = &x
	return nil
}

func (f policyFlags) key(p *keyvault.Policy) {
	if f.Key == "" && !f.HSM && f.KeepKey == nil && f.Exportable == nil {
		return
	}
	k := keyvault.KeyProps{}
	if p.Key != nil {
		k = *p.Key
	}
	if kind, size, found := strings.Cut(f.Key, "-"); found {
		k.Type, k.Size, k.Curve = strings.ToUpper(kind), 0, ""
		if kind == "rsa" {
			k.Size, _ = strconv.Atoi(size) // the flag's enum has numbers alone
		} else {
			k.Curve = "P-" + strings.ToUpper(strings.TrimPrefix(size, "p"))
		}
	}
	if f.HSM {
		k.Type = strings.TrimSuffix(or(k.Type, "RSA"), "-HSM") + "-HSM"
	}
	if f.KeepKey != nil {
		k.Reuse = f.KeepKey
	}
	if f.Exportable != nil {
		k.Exportable = f.Exportable
	}
	p.Key = &k
}
