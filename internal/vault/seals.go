package vault

import "strings"

// A SealedValue is one value of a row that a Sealer sealed: where it stands, and
// the place that it is bound to.
type SealedValue struct {
	Part    string  // in words
	Value   *Sealed // never nil, nor what it points at
	Binding string
}

// seals gathers the sealed values of a row.
type seals []SealedValue

func (s *seals) add(part string, value *Sealed, binding string) {
	if *value != nil {
		*s = append(*s, SealedValue{part, value, binding})
	}
}

// Seals are the sealed values of an object: those of its operation.
func (o *Object) Seals() []SealedValue {
	var all seals
	if op := o.Operation; op != nil {
		all.add("the key of its operation", &op.Private, Binding(op.Ref, op.RequestID))
		if op.Issuer != nil {
			all.issuer("the password of its operation's issuer", op.Issuer)
		}
		if op.Staged != nil {
			all = append(all, op.Staged.Seals()...)
		}
	}
	return all
}

// Seals are the sealed values of a version.
func (v *Version) Seals() []SealedValue {
	var all seals
	if v.Key != nil {
		all.add("the private key", &v.Key.Private, Binding(v.Ref.As(Keys), v.ID))
	}
	if v.Secret != nil {
		all.add("the secret's value", &v.Secret.Value, Binding(v.Ref.As(Secrets), v.ID))
	}
	return all
}

// Seals are the sealed values of an issuer.
func (c *IssuerConfig) Seals() []SealedValue {
	var all seals
	all.issuer("the password", c)
	return all
}

func (s *seals) issuer(part string, c *IssuerConfig) {
	if c.Credentials != nil {
		s.add(part, &c.Credentials.Password, IssuerBinding(c.Vault, c.Name))
	}
}

// KeyAccounts begins the ids of accounts that hold the keys by which all others
// are sealed.
const KeyAccounts = "seal/"

// AccountBinding is the place that an account's sealed body is bound to.
func AccountBinding(id string) string { return "accounts/" + id }

// Seals are the sealed values of an account; none of one that holds keys.
func (a *Account) Seals() []SealedValue {
	var all seals
	if !strings.HasPrefix(a.ID, KeyAccounts) {
		all.add("what is sealed in it", &a.Body, AccountBinding(a.ID))
	}
	return all
}
