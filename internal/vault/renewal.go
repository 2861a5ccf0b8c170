package vault

import (
	"fmt"
	"hash/fnv"
	"math"
	"time"
)

// The floor under renewals, unless the settings say otherwise.
const (
	renewFloor = day
	renewShare = 10 // percent of the lifetime
)

// A RenewalTime is when a version is to be renewed by a trigger of its policy.
type RenewalTime struct {
	Due     time.Time
	Written time.Time // when the trigger asks for it, as it is written
	Why     string    // the trigger cannot be followed as written; "" where it is followed
}

// Renewal works out when a trigger renews a version.
func (t Trigger) Renewal(v Version, s Settings) RenewalTime {
	a := v.Attributes
	r := t.within(a)
	if earliest := v.floor(t, s); earliest.After(r.Due) {
		r.Due = earliest
		if r.Why == "" {
			r.Why = fmt.Sprintf("would renew %s after the version was made, and a name renews by itself at most once in %d percent of its lifetime and once in %s",
				length(r.Written.Sub(a.Created)), s.share(), length(s.floor()))
		}
	}
	return r
}

// within is the renewal that a trigger asks for where the lifetime has it, and
// the version was made before it. Else it is two thirds of the lifetime, or of
// what was left of it when the version was made: an authority may date back,
// and a certificate may be brought from outside. Where nothing was left an hour
// goes by: each version may cost money.
func (t Trigger) within(a Attributes) RenewalTime {
	r := RenewalTime{Due: t.Due(a.NotBefore, a.Expires), Written: t.written(a.NotBefore, a.Expires)}
	left := a.Expires.Sub(a.Created)
	switch {
	case !r.Due.Equal(r.Written):
		r.Why = fmt.Sprintf("is not less than the lifetime that the issuer gave, %s", length(a.Expires.Sub(a.NotBefore)))
	case !r.Due.After(a.Created):
		r.Why = fmt.Sprintf("had come %s before the version was made", length(a.Created.Sub(r.Due)))
	}
	switch {
	case r.Due.After(a.Created):
	case left <= 0:
		r.Due = a.Created.Add(firstRetry)
	default:
		r.Due = a.Created.Add(max(left/3*2, soonestRetry))
	}
	return r
}

// floor is before when a version is not renewed, whatever its trigger says:
// each time may cost money, and a place in an authority's limits. A name that
// lives too short for it, or that was given too little time, is renewed at two
// thirds of that, so that it does not expire for the floor; but one that its
// issuer dates back again and again waits for the day.
func (v Version) floor(t Trigger, s Settings) time.Time {
	a := v.Attributes
	validity := a.Expires.Sub(a.NotBefore)
	gap := max(validity/100*time.Duration(s.share()), v.soonest(s))
	if s.AsWritten && t.LifetimePercentage > 0 {
		gap = min(gap, validity/200*time.Duration(t.LifetimePercentage))
	}
	if left := a.Expires.Sub(a.Created) / 3 * 2; left < gap {
		gap = left
		if v.Certificate != nil && v.Certificate.IssuerName != "" {
			gap = max(gap, v.soonest(s))
		}
	}
	return a.Created.Add(gap)
}

// soonest is how long a version stays at least, even if its authority wants it back.
func (v Version) soonest(s Settings) time.Duration {
	return min(s.floor(), v.Attributes.Expires.Sub(v.Attributes.NotBefore)/3*2)
}

func (s Settings) floor() time.Duration {
	if s.RenewFloor > 0 {
		return s.RenewFloor
	}
	return renewFloor
}

func (s Settings) share() int {
	if s.RenewShare > 0 {
		return s.RenewShare
	}
	return renewShare
}

// Deviation says why the policy cannot be followed as written for a version,
// and what is done instead; "" where it is followed, or asks for no renewal.
func (o Object) Deviation(v Version, s Settings) string {
	if o.Policy == nil || !o.Policy.Enabled || (Operation{IssuerName: o.Policy.Issuer.Name}).Manual() || v.Attributes.Expires.IsZero() {
		return ""
	}
	for _, action := range o.Policy.Lifetime {
		if action.Action != AutoRenew {
			continue
		}
		if r := action.Trigger.Renewal(v, s); r.Why != "" {
			return fmt.Sprintf("The policy cannot be followed as written: %s %s. The version is renewed at %s instead.",
				action.Trigger, r.Why, r.Due.UTC().Format(time.RFC3339))
		}
	}
	return ""
}

// String is the trigger as it stands in a policy.
func (t Trigger) String() string {
	if t.DaysBeforeExpiry > 0 {
		return fmt.Sprintf("days_before_expiry %d", t.DaysBeforeExpiry)
	}
	return fmt.Sprintf("lifetime_percentage %d", t.LifetimePercentage)
}

// length is a stretch of time for people: days where it is whole days but for
// the last second, which counts in a certificate.
func length(d time.Duration) string {
	if whole := d.Round(day); whole > 0 && (whole-d).Abs() <= time.Second {
		d = whole
	}
	days, rest := d/day, (d % day).Round(time.Second)
	switch {
	case days == 0:
		return rest.String()
	case days == 1 && rest == 0:
		return "a day"
	case rest == 0:
		return fmt.Sprintf("%d days", days)
	}
	return fmt.Sprintf("%d days and %s", days, rest)
}

// planned is when to renew where the policy says due: earlier if the issuer
// suggests so. A suggestion is followed once a version is as old as it must be,
// so that an authority that always says "now" does not run the account empty.
func (l Schedule) planned(v Version, due time.Time, s Settings) time.Time {
	if a := v.Attributes; !l.Picked.IsZero() && l.Picked.Before(a.Expires) {
		picked := a.Created.Add(v.soonest(s))
		if l.Picked.After(picked) {
			picked = l.Picked
		}
		if picked.Before(due) {
			due = picked
		}
	}
	return due
}

// spread puts the renewal of a version off by a time that is always the same
// for it: up to most, a twentieth of the lifetime and a quarter of what is left.
func spread(v Version, due time.Time, most time.Duration) time.Duration {
	a := v.Attributes
	most = min(most, a.Expires.Sub(a.NotBefore)/20, a.Expires.Sub(due)/4)
	if most <= 0 {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(v.Ref.String() + "/" + v.ID))
	return time.Duration(float64(most) * (float64(h.Sum64()) / math.MaxUint64))
}
