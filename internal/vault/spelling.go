package vault

import (
	"slices"
	"strings"
)

// What the members of a policy may be, spelled as published.
var (
	keyTypes = []KeyType{RSA, RSAHSM, EC, ECHSM, Oct, OctHSM}
	curves   = []Curve{P256, P384, P521, P256K}
	actions  = []string{AutoRenew, EmailContacts}
)

// Spelled returns the patch with the values of enumerations spelled as
// published: the service compares them without case, and .NET's client writes
// crlSign. What is no value stays as it is, to be refused by its own name.
func (p PolicyPatch) Spelled() PolicyPatch {
	if k := p.Key; k != nil {
		next := *k
		next.Type, next.Curve = spelledAt(k.Type, keyTypes), spelledAt(k.Curve, curves)
		p.Key = &next
	}
	if x := p.X509; x != nil && x.Usage != nil {
		next, usage := *x, slices.Clone(*x.Usage)
		for i, u := range usage {
			usage[i] = spelled(u, Usages)
		}
		next.Usage, p.X509 = &usage, &next
	}
	if p.Lifetime != nil {
		list := slices.Clone(*p.Lifetime)
		for i, a := range list {
			list[i].Action = spelled(a.Action, actions)
		}
		p.Lifetime = &list
	}
	return p
}

func spelledAt[T ~string](v *T, published []T) *T {
	if v == nil {
		return nil
	}
	as := spelled(*v, published)
	return &as
}

func spelled[T ~string](v T, published []T) T {
	for _, p := range published {
		if strings.EqualFold(string(v), string(p)) {
			return p
		}
	}
	return v
}
