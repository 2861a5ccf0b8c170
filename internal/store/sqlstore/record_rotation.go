package sqlstore

import "certwright/internal/vault"

// rotationRecord is a key's rotation policy as stored, in the table that holds
// the policies of certificates.
type rotationRecord struct {
	V       int                    `json:"v"`
	Actions []rotationActionRecord `json:"actions,omitzero"`
	Expiry  string                 `json:"expiry,omitzero"` // ISO 8601; "" for never
	Created *int64                 `json:"created,omitzero"`
	Updated *int64                 `json:"updated,omitzero"`
}

type rotationActionRecord struct {
	Type         string `json:"type"`
	AfterCreate  string `json:"after_create,omitzero"`
	BeforeExpiry string `json:"before_expiry,omitzero"`
}

// policyBody returns what an object keeps in the policies table; "" for nothing.
func policyBody(o vault.Object) string {
	switch {
	case o.Policy != nil:
		return encode(fromPolicy(*o.Policy))
	case o.Rotation != nil:
		return encode(fromRotation(*o.Rotation))
	}
	return ""
}

// fillPolicy sets the policy of an object from what it keeps, by its kind.
func fillPolicy(o *vault.Object, text string) error {
	if o.Kind == vault.Keys {
		r, err := decodeRotation(text)
		o.Rotation = &r
		return err
	}
	p, err := decodePolicy(text)
	o.Policy = &p
	return err
}

func fromRotation(p vault.KeyRotationPolicy) rotationRecord {
	r := rotationRecord{V: recordVersion, Expiry: period(p.Expiry), Created: nanos(p.Created), Updated: nanos(p.Updated)}
	if p.Actions != nil {
		r.Actions = make([]rotationActionRecord, len(p.Actions))
	}
	for i, a := range p.Actions {
		r.Actions[i] = rotationActionRecord{Type: a.Type, AfterCreate: period(a.AfterCreate), BeforeExpiry: period(a.BeforeExpiry)}
	}
	return r
}

func period(p vault.Period) string {
	if p.IsZero() {
		return ""
	}
	return p.String()
}

func decodeRotation(text string) (p vault.KeyRotationPolicy, err error) {
	var r rotationRecord
	if err := decode(text, &r, &r.V); err != nil {
		return p, err
	}
	p = vault.KeyRotationPolicy{Created: atNanos(r.Created), Updated: atNanos(r.Updated)}
	if p.Expiry, err = atPeriod(r.Expiry); err != nil {
		return p, err
	}
	if r.Actions != nil {
		p.Actions = make([]vault.RotationAction, len(r.Actions))
	}
	for i, a := range r.Actions {
		p.Actions[i].Type = a.Type
		if p.Actions[i].AfterCreate, err = atPeriod(a.AfterCreate); err != nil {
			return p, err
		}
		if p.Actions[i].BeforeExpiry, err = atPeriod(a.BeforeExpiry); err != nil {
			return p, err
		}
	}
	return p, nil
}

func atPeriod(s string) (vault.Period, error) {
	if s == "" {
		return vault.Period{}, nil
	}
	return vault.ParsePeriod(s)
}
