package acme

import (
	"net/mail"
	"strings"

	"certwright/internal/certs/dn"
	"certwright/internal/challenge"
	"certwright/internal/vault"
)

// ValidateIssuer implements vault.Validator: account_id and pwd are the key id
// and HMAC key of an external account binding, account_id alone a contact's
// e-mail address.
func (i *Issuer) ValidateIssuer(cfg vault.IssuerConfig) error {
	c := cfg.Credentials
	switch {
	case c == nil:
		return nil
	case c.Password != nil && c.AccountID == "":
		return vault.Bad("The pwd of an ACME issuer is the HMAC key of an external account binding; its key id must be given as account_id.")
	case c.Password == nil && c.AccountID != "" && !isEmail(c.AccountID):
		return vault.Bad("The account_id of an ACME issuer is an e-mail address, or, together with pwd, the key id of an external account binding.")
	}
	return nil
}

// ValidatePolicy implements vault.Validator: only names that an ACME authority
// can prove, by the challenge that is set up.
func (i *Issuer) ValidatePolicy(_ vault.IssuerConfig, p vault.Policy) error {
	if p.Key.Curve == vault.P256K {
		return vault.Bad("An ACME issuer doesn't support keys on curve P-256K.")
	}
	subject, err := dn.Parse(p.X509.Subject)
	if err != nil {
		return err
	}
	ids, err := identify(commonName(subject), p.X509.SANs)
	if err != nil {
		return err
	}
	for _, id := range ids {
		switch proof := i.Settings.challenge(); {
		case proof == challenge.HTTP01 && strings.HasPrefix(id.Value, "*."):
			return vault.Bad("The wildcard name '%s' cannot be proved by http-01, which this issuer is set up for.", id.Value)
		case proof == challenge.DNS01 && id.Type == ipName:
			return vault.Bad("The IP address '%s' cannot be proved by dns-01, which this issuer is set up for.", id.Value)
		}
	}
	return nil
}

func isEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}
