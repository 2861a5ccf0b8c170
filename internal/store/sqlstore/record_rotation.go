package sqlstore

import "certwright/internal/vault"

// rotationRecord is a key's rotation policy as stored.
type rotationRecord struct {
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

func fromRotation(p vault.KeyRotationPolicy) rotationRecord {
	r := rotationRecord{Expiry: period(p.Expiry), Created: nanos(p.Created), Updated: nanos(p.Updated)}
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

func (r rotationRecord) policy() (p *vault.KeyRotationPolicy, err error) {
	p = &vault.KeyRotationPolicy{Created: atNanos(r.Created), Updated: atNanos(r.Updated)}
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
