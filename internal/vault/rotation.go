package vault

import (
	"slices"
	"time"
)

// The actions of a rotation policy, spelled as the service gives them back; a
// caller may write them in any case (OpenAPI 7.4, LifetimeActionsType).
const (
	Rotate = "Rotate" // make a new version
	Notify = "Notify" // tell that the key is near its expiry
)

// A KeyRotationPolicy says when a key gets a new version and when its expiry is
// announced. There is one per key name; it is not versioned.
type KeyRotationPolicy struct {
	Actions          []RotationAction // Rotate at most once, then Notify
	Expiry           Period           // expiryTime: how long a new version lives; zero: for ever
	Created, Updated time.Time        // zero on the default policy
	Later            Later            `json:"-"`
}

// A RotationAction is done when its trigger fires; exactly one trigger is set.
type RotationAction struct {
	Type         string // Rotate or Notify
	AfterCreate  Period // timeAfterCreate, for Rotate only
	BeforeExpiry Period // timeBeforeExpiry
	Later        Later  `json:"-"`
}

// DefaultKeyRotationPolicy returns the policy of a key that was given none: no
// rotation, and a notice 30 days before the expiry (OpenAPI 7.4, "Defaults to 30
// days before expiry"; recorded in the answers to go-keys/TestRotateKey).
func DefaultKeyRotationPolicy() KeyRotationPolicy {
	return KeyRotationPolicy{Actions: []RotationAction{{Type: Notify, BeforeExpiry: Period{Days: 30}}}}
}

// Action returns the action of a type, if the policy has one.
func (p KeyRotationPolicy) Action(t string) (RotationAction, bool) {
	i := slices.IndexFunc(p.Actions, func(a RotationAction) bool { return a.Type == t })
	if i < 0 {
		return RotationAction{}, false
	}
	return p.Actions[i], true
}

// NextRotation returns when the latest version, created and expiring then, is to
// be followed by a new one. A zero expires means that it never expires. False if
// it is not to be.
func (p KeyRotationPolicy) NextRotation(created, expires time.Time) (time.Time, bool) {
	a, ok := p.Action(Rotate)
	return a.due(ok, created, expires)
}

// NextNotice returns when the near expiry of the latest version is to be told;
// false if it never expires or nobody is to be told.
func (p KeyRotationPolicy) NextNotice(expires time.Time) (time.Time, bool) {
	a, ok := p.Action(Notify)
	return a.due(ok, time.Time{}, expires)
}

func (a RotationAction) due(ok bool, created, expires time.Time) (time.Time, bool) {
	switch {
	case ok && !a.AfterCreate.IsZero():
		return a.AfterCreate.After(created), true
	case ok && !a.BeforeExpiry.IsZero() && !expires.IsZero():
		return a.BeforeExpiry.Before(expires), true
	}
	return time.Time{}, false
}

// Expires returns when a version made at now expires; the zero time for never.
// It applies to new versions only (OpenAPI 7.4, expiryTime).
func (p KeyRotationPolicy) Expires(now time.Time) time.Time {
	if p.Expiry.IsZero() {
		return time.Time{}
	}
	return p.Expiry.After(now)
}
