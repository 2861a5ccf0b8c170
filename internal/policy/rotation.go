package policy

import (
	"sort"
	"strings"
	"time"

	"certwright/internal/vault"
)

const day = 24 * time.Hour

// The limits of a rotation policy: expiryTime from OpenAPI 7.4
// (KeyRotationPolicyAttributes), the others from the published guide "Configure
// key auto-rotation", "Rotation time".
const (
	leastExpiry  = 28 * day
	mostPeriod   = 100 * 366 * day // ours: dates stay within what can be written
	leastTrigger = 7 * day         // after creation, and before the expiry
)

// SetRotation returns the rotation policy that results when a caller puts actions and expiry at
// now: checked, spelled as the service does, Rotate before Notify, and with the
// notice of the default policy where none was sent (recorded, as above), unless
// it would be given before the rotation that makes it idle (recorded as well).
func SetRotation(p vault.KeyRotationPolicy, actions []vault.RotationAction, expiry vault.Period, now time.Time) (vault.KeyRotationPolicy, error) {
	next := vault.KeyRotationPolicy{Expiry: expiry, Created: p.Created, Updated: now, Later: p.Later}
	if next.Created.IsZero() {
		next.Created = now
	}
	for _, a := range actions {
		for _, t := range []string{vault.Rotate, vault.Notify} {
			if strings.EqualFold(a.Type, t) {
				a.Type = t
			}
		}
		next.Actions = append(next.Actions, a)
	}
	if err := checkRotation(next); err != nil {
		return p, err
	}
	if _, ok := next.Action(vault.Notify); !ok {
		for _, notice := range vault.DefaultKeyRotationPolicy().Actions {
			if !rotatesAfter(next, notice) {
				next.Actions = append(next.Actions, notice)
			}
		}
	}
	sort.SliceStable(next.Actions, func(i, j int) bool { return next.Actions[i].Type > next.Actions[j].Type })
	return next, nil
}

// rotatesAfter reports whether a version is rotated later than the notice is given.
func rotatesAfter(p vault.KeyRotationPolicy, notice vault.RotationAction) bool {
	a, ok := p.Action(vault.Rotate)
	switch {
	case ok && !a.BeforeExpiry.IsZero():
		return rough(a.BeforeExpiry) < rough(notice.BeforeExpiry)
	case ok && !p.Expiry.IsZero():
		return rough(a.AfterCreate)+rough(notice.BeforeExpiry) > rough(p.Expiry)
	}
	return false
}

func checkRotation(p vault.KeyRotationPolicy) error {
	if !p.Expiry.IsZero() && rough(p.Expiry) < leastExpiry {
		return vault.BadRotationPolicy("attributes.expiryTime %s is less than 28 days", p.Expiry)
	}
	if rough(p.Expiry) > mostPeriod {
		return vault.BadRotationPolicy("attributes.expiryTime %s is more than 100 years", p.Expiry)
	}
	seen := map[string]bool{}
	for _, a := range p.Actions {
		if seen[a.Type] {
			return vault.BadRotationPolicy("lifetimeActions has more than one action of type %s", a.Type)
		}
		seen[a.Type] = true
		if err := checkRotationAction(a, p.Expiry); err != nil {
			return err
		}
	}
	return nil
}

func checkRotationAction(a vault.RotationAction, expiry vault.Period) error {
	switch {
	case a.Type != vault.Rotate && a.Type != vault.Notify:
		return vault.BadRotationPolicy("lifetimeActions.action.type '%s' is not an action; use Rotate or Notify", vault.Shorten(a.Type))
	case a.AfterCreate.IsZero() == a.BeforeExpiry.IsZero():
		return vault.BadRotationPolicy("lifetimeActions.trigger of %s needs exactly one of timeAfterCreate and timeBeforeExpiry", a.Type)
	case a.Type == vault.Notify && a.BeforeExpiry.IsZero():
		return vault.BadRotationPolicy("lifetimeActions.trigger.timeAfterCreate goes with action Rotate only")
	case !a.AfterCreate.IsZero() && rough(a.AfterCreate) < leastTrigger:
		return vault.BadRotationPolicy("lifetimeActions.trigger.timeAfterCreate %s is less than 7 days", a.AfterCreate)
	case !a.BeforeExpiry.IsZero() && rough(a.BeforeExpiry) < leastTrigger:
		return vault.BadRotationPolicy("lifetimeActions.trigger.timeBeforeExpiry %s is less than 7 days", a.BeforeExpiry)
	case max(rough(a.AfterCreate), rough(a.BeforeExpiry)) > mostPeriod:
		return vault.BadRotationPolicy("lifetimeActions.trigger of %s is more than 100 years", a.Type)
	case a.Type == vault.Notify:
		return nil
	case !a.BeforeExpiry.IsZero() && expiry.IsZero():
		return vault.BadRotationPolicy("lifetimeActions.trigger.timeBeforeExpiry of Rotate needs attributes.expiryTime")
	case !a.BeforeExpiry.IsZero() && rough(a.BeforeExpiry)+leastTrigger > rough(expiry):
		return vault.BadRotationPolicy("lifetimeActions.trigger.timeBeforeExpiry %s leaves less than 7 days after creation", a.BeforeExpiry)
	case !expiry.IsZero() && rough(a.AfterCreate)+leastTrigger > rough(expiry):
		return vault.BadRotationPolicy("lifetimeActions.trigger.timeAfterCreate %s leaves less than 7 days before the expiry", a.AfterCreate)
	}
	return nil
}

// rough is the period's length for comparison with limits, with months of 30
// days and years of 365, as .NET reads them.
func rough(p vault.Period) time.Duration {
	days := p.Years*365 + p.Months*30 + p.Days
	return time.Duration(days)*day + time.Duration(p.Hours)*time.Hour + time.Duration(p.Minutes)*time.Minute + time.Duration(p.Seconds)*time.Second
}
