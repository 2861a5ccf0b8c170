package openbao

import "certwright/internal/vault"

// ValidateIssuer refuses an issuer resource that can never have anything
// signed: one that names a role which is not offered, or cannot sign in.
func (i *Issuer) ValidateIssuer(cfg vault.IssuerConfig) error {
	if _, err := i.role(cfg); err != nil {
		return vault.Bad("%v.", err)
	}
	var id string
	var password bool
	if c := cfg.Credentials; c != nil {
		id, password = c.AccountID, len(c.Password) > 0
	}
	switch {
	case id != "" && !password:
		return vault.Bad("credentials.pwd is missing: with credentials.account_id, which is an AppRole's role id, it is the secret id.")
	case !password && i.Settings.TokenFile == "":
		return vault.Bad("credentials are missing: pwd alone is a token; account_id and pwd are the role id and secret id of an AppRole.")
	}
	return nil
}

// ValidatePolicy refuses the curve that the server cannot read: it answers
// "unsupported elliptic curve". What a role allows only the server knows.
func (i *Issuer) ValidatePolicy(_ vault.IssuerConfig, p vault.Policy) error {
	if p.Key.Curve == vault.P256K {
		return vault.Bad("key_props.crv P-256K cannot be certified by OpenBao and Vault; use P-256, P-384 or P-521.")
	}
	return nil
}
