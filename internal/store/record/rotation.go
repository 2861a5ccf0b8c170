package record

import "certwright/internal/vault"

// rotationRecord is a key's rotation policy as stored.
type rotationRecord struct {
	Actions []rotationActionRecord `json:"actions,omitzero"`
	Expiry  vault.Period           `json:"expiry,omitzero"` // ISO 8601
	Created *int64                 `json:"created,omitzero"`
	Updated *int64                 `json:"updated,omitzero"`
	Later   vault.Later            `json:"...,omitzero"`
}

type rotationActionRecord struct {
	Type         string       `json:"type"`
	AfterCreate  vault.Period `json:"after_create,omitzero"`
	BeforeExpiry vault.Period `json:"before_expiry,omitzero"`
	Later        vault.Later  `json:"...,omitzero"`
}

func fromRotation(p *vault.KeyRotationPolicy) *rotationRecord {
	if p == nil {
		return nil
	}
	r := &rotationRecord{Expiry: p.Expiry, Created: Nanos(p.Created), Updated: Nanos(p.Updated), Later: p.Later}
	if p.Actions != nil {
		r.Actions = make([]rotationActionRecord, len(p.Actions))
	}
	for i, a := range p.Actions {
		r.Actions[i] = rotationActionRecord(a)
	}
	return r
}

func (r *rotationRecord) policy() *vault.KeyRotationPolicy {
	if r == nil {
		return nil
	}
	p := &vault.KeyRotationPolicy{Expiry: r.Expiry, Created: AtNanos(r.Created), Updated: AtNanos(r.Updated), Later: r.Later}
	if r.Actions != nil {
		p.Actions = make([]vault.RotationAction, len(r.Actions))
	}
	for i, a := range r.Actions {
		p.Actions[i] = vault.RotationAction(a)
	}
	return p
}
