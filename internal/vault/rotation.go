package vault

import (
	"slices"
	"strings"
	"time"
)

// The actions of a rotation policy, spelled as the service gives them back; a
// caller may write them in any case (OpenAPI 7.4, LifetimeActionsType).
const (
	Rotate = "Rotate" // make a new version
	Notify = "Notify" // tell that the key is near its expiry
)

// The limits of a rotation policy: expiryTime from OpenAPI 7.4
// (KeyRotationPolicyAttributes), the others from the published guide "Configure
// key auto-rotation", "Rotation time".
const (
	leastExpiry  = 28 * day
	mostPeriod   = 100 * 366 * day // ours: dates stay within what can be written
	leastTrigger = 7 * day         // after creation, and before the expiry
)

// A KeyRotationPolicy says when a key gets a new version and when its expiry is
// announced. There is one per key name; it is not versioned.
type KeyRotationPolicy struct {
	Actions          []RotationAction // Rotate at most once, then Notify
	Expiry           Period           // expiryTime: how long a new version lives; zero: for ever
	Created, Updated time.Time        // zero on the default policy
}

// A RotationAction is done when its trigger fires; exactly one trigger is set.
type RotationAction struct {
	Type         string // Rotate or Notify
	AfterCreate  Period // timeAfterCreate, for Rotate only
	BeforeExpiry Period // timeBeforeExpiry
}

// DefaultKeyRotationPolicy returns the policy of a key that was given none: no
// rotation, and a notice 30 days before the expiry (OpenAPI 7.4, "Defaults to 30
// days before expiry"; recorded in the answers to go-keys/TestRotateKey).
func DefaultKeyRotationPolicy() KeyRotationPolicy {
	return KeyRotationPolicy{Actions: []RotationAction{{Type: Notify, BeforeExpiry: Period{Days: 30}}}}
}

// Set returns the policy that results when a caller puts actions and expiry at
// now: checked, spelled as the service does, Rotate before Notify, and with the
// notice of the default policy where none was sent (recorded, as above), unless
// it would be given before the rotation that makes it idle (recorded as well).
func (p KeyRotationPolicy) Set(actions []RotationAction, expiry Period, now time.Time) (KeyRotationPolicy, error) {
	next := KeyRotationPolicy{Expiry: expiry, Created: p.Created, Updated: now}
	if next.Created.IsZero() {
		next.Created = now
	}
	for _, a := range actions {
		for _, t := range []string{Rotate, Notify} {
			if strings.EqualFold(a.Type, t) {
				a.Type = t
			}
		}
		next.Actions = append(next.Actions, a)
	}
	if err := next.check(); err != nil {
		return p, err
	}
	if _, ok := next.action(Notify); !ok {
		for _, notice := range DefaultKeyRotationPolicy().Actions {
			if !next.rotatesAfter(notice) {
				next.Actions = append(next.Actions, notice)
			}
		}
	}
	slices.SortStableFunc(next.Actions, func(a, b RotationAction) int { return strings.Compare(b.Type, a.Type) })
	return next, nil
}

// rotatesAfter reports whether a version is rotated later than the notice is given.
func (p KeyRotationPolicy) rotatesAfter(notice RotationAction) bool {
	a, ok := p.action(Rotate)
	switch {
	case ok && !a.BeforeExpiry.IsZero():
		return a.BeforeExpiry.rough() < notice.BeforeExpiry.rough()
	case ok && !p.Expiry.IsZero():
		return a.AfterCreate.rough()+notice.BeforeExpiry.rough() > p.Expiry.rough()
	}
	return false
}

func (p KeyRotationPolicy) check() error {
	if !p.Expiry.IsZero() && p.Expiry.rough() < leastExpiry {
		return BadRotationPolicy("attributes.expiryTime %s is less than 28 days", p.Expiry)
	}
	if p.Expiry.rough() > mostPeriod {
		return BadRotationPolicy("attributes.expiryTime %s is more than 100 years", p.Expiry)
	}
	seen := map[string]bool{}
	for _, a := range p.Actions {
		if seen[a.Type] {
			return BadRotationPolicy("lifetimeActions has more than one action of type %s", a.Type)
		}
		seen[a.Type] = true
		if err := a.check(p.Expiry); err != nil {
			return err
		}
	}
	return nil
}

func (a RotationAction) check(expiry Period) error {
	switch {
	case a.Type != Rotate && a.Type != Notify:
		return BadRotationPolicy("lifetimeActions.action.type '%s' is not an action; use Rotate or Notify", Shorten(a.Type))
	case a.AfterCreate.IsZero() == a.BeforeExpiry.IsZero():
		return BadRotationPolicy("lifetimeActions.trigger of %s needs exactly one of timeAfterCreate and timeBeforeExpiry", a.Type)
	case a.Type == Notify && a.BeforeExpiry.IsZero():
		return BadRotationPolicy("lifetimeActions.trigger.timeAfterCreate goes with action Rotate only")
	case !a.AfterCreate.IsZero() && a.AfterCreate.rough() < leastTrigger:
		return BadRotationPolicy("lifetimeActions.trigger.timeAfterCreate %s is less than 7 days", a.AfterCreate)
	case !a.BeforeExpiry.IsZero() && a.BeforeExpiry.rough() < leastTrigger:
		return BadRotationPolicy("lifetimeActions.trigger.timeBeforeExpiry %s is less than 7 days", a.BeforeExpiry)
	case max(a.AfterCreate.rough(), a.BeforeExpiry.rough()) > mostPeriod:
		return BadRotationPolicy("lifetimeActions.trigger of %s is more than 100 years", a.Type)
	case a.Type == Notify:
		return nil
	case !a.BeforeExpiry.IsZero() && expiry.IsZero():
		return BadRotationPolicy("lifetimeActions.trigger.timeBeforeExpiry of Rotate needs attributes.expiryTime")
	case !a.BeforeExpiry.IsZero() && a.BeforeExpiry.rough()+leastTrigger > expiry.rough():
		return BadRotationPolicy("lifetimeActions.trigger.timeBeforeExpiry %s leaves less than 7 days after creation", a.BeforeExpiry)
	case !expiry.IsZero() && a.AfterCreate.rough()+leastTrigger > expiry.rough():
		return BadRotationPolicy("lifetimeActions.trigger.timeAfterCreate %s leaves less than 7 days before the expiry", a.AfterCreate)
	}
	return nil
}

func (p KeyRotationPolicy) action(t string) (RotationAction, bool) {
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
	a, ok := p.action(Rotate)
	return a.due(ok, created, expires)
}

// NextNotice returns when the near expiry of the latest version is to be told;
// false if it never expires or nobody is to be told.
func (p KeyRotationPolicy) NextNotice(expires time.Time) (time.Time, bool) {
	a, ok := p.action(Notify)
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
