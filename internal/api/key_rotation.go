package api

import (
	"certwright/internal/service"
	"certwright/internal/vault"
	"certwright/internal/wire"
)

// rotationJSON is a rotation policy in the recorded order of members. The policy
// that every key starts with has no id, and null for attributes (recorded by the
// SDK for Java, getKeyRotationPolicyWithNoPolicySet of February 2022).
type rotationJSON struct {
	ID         string              `json:"id,omitempty"`
	Actions    []rotationAction    `json:"lifetimeActions"`
	Attributes *rotationAttributes `json:"attributes"`
}

type rotationAction struct {
	Trigger rotationTrigger `json:"trigger"`
	Action  struct {
		Type string `json:"type"`
	} `json:"action"`
}

// rotationTrigger holds ISO 8601 durations; an empty one is as good as none.
type rotationTrigger struct {
	AfterCreate  string `json:"timeAfterCreate,omitempty"`
	BeforeExpiry string `json:"timeBeforeExpiry,omitempty"`
}

type rotationAttributes struct {
	Expiry  string       `json:"expiryTime,omitempty"`
	Created wire.Seconds `json:"created,omitzero"`
	Updated wire.Seconds `json:"updated,omitzero"`
}

func (b base) rotation(r vault.Ref) string { return b.of(r) + "/rotationpolicy" }

func (v view) rotation(ref vault.Ref, p vault.KeyRotationPolicy) rotationJSON {
	out := rotationJSON{Actions: make([]rotationAction, len(p.Actions))}
	if !p.Created.IsZero() {
		out.ID = v.base.rotation(ref)
		out.Attributes = &rotationAttributes{p.Expiry.String(), wire.Seconds(p.Created), wire.Seconds(p.Updated)}
	}
	for i, a := range p.Actions {
		out.Actions[i].Trigger = rotationTrigger{a.AfterCreate.String(), a.BeforeExpiry.String()}
		out.Actions[i].Action.Type = a.Type
	}
	return out
}

// ownRotation encodes the rotation policy of the key of the path.
func (c *call) ownRotation(p vault.KeyRotationPolicy) rotationJSON {
	return c.view().rotation(c.ref(vault.Keys), p)
}

func getRotation(s *service.Service, c *call) (answer, error) {
	return shown(c.ownRotation)(s.Keys.GetRotationPolicy(c.ctx, c.who, c.ref(vault.Keys)))
}

func putRotation(s *service.Service, c *call) (answer, error) {
	actions, expiry, err := readRotation(c.body)
	c.notes(rotationIn{}, rotationJSON{})
	if err != nil {
		return answer{}, err
	}
	return shown(c.ownRotation)(s.Keys.PutRotationPolicy(c.ctx, c.who, c.ref(vault.Keys), actions, expiry))
}

type rotationIn struct {
	Actions    []rotationAction `json:"lifetimeActions"`
	Attributes struct {
		Expiry string `json:"expiryTime"`
	} `json:"attributes"`
}

// readRotation reads a policy. Its id and dates are the server's and ignored.
func readRotation(body []byte) (actions []vault.RotationAction, expiry vault.Period, err error) {
	var in rotationIn
	if err := wire.Decode(body, &in); err != nil {
		return nil, expiry, err
	}
	if expiry, err = period(in.Attributes.Expiry); err != nil {
		return nil, expiry, err
	}
	for _, a := range in.Actions {
		out := vault.RotationAction{Type: a.Action.Type}
		if out.AfterCreate, err = period(a.Trigger.AfterCreate); err != nil {
			return nil, expiry, err
		}
		if out.BeforeExpiry, err = period(a.Trigger.BeforeExpiry); err != nil {
			return nil, expiry, err
		}
		actions = append(actions, out)
	}
	return actions, expiry, nil
}

// period reads a duration; "" is none.
func period(s string) (vault.Period, error) {
	if s == "" {
		return vault.Period{}, nil
	}
	return vault.ParsePeriod(s)
}
