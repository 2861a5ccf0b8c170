package renewal

import (
	"fmt"
	"hash/fnv"
	"math"
	"time"

	"certwright/internal/vault"
)

// The floor under renewals, unless the settings say otherwise.
const (
	renewFloor = day
	renewShare = 10 // percent of the lifetime
)

// A Time is when a version is to be renewed by a trigger of its policy.
type Time struct {
	Due     time.Time
	Written time.Time // when the trigger asks for it, as it is written
	Why     string    // the trigger cannot be followed as written; "" where it is followed
}

// Of works out when a trigger renews a version.
func Of(t vault.Trigger, v vault.Version, s vault.Settings) Time {
	a := v.Attributes
	r := within(t, a)
	if earliest := floor(v, t, s); earliest.After(r.Due) {
		r.Due = earliest
		if r.Why == "" {
			r.Why = fmt.Sprintf("would renew %s after the version was made, and a name renews by itself at most once in %d percent of its lifetime and once in %s",
				length(r.Written.Sub(a.Created)), share(s), length(leastAge(s)))
		}
	}
	return r
}

// within is the renewal that a trigger asks for where the lifetime has it, and
// the version was made before it. Else it is two thirds of the lifetime, or of
// what was left of it when the version was made: an authority may date back,
// and a certificate may be brought from outside. Where nothing was left an hour
// goes by: each version may cost money.
func within(t vault.Trigger, a vault.Attributes) Time {
	r := Time{Due: Due(t, a.NotBefore, a.Expires), Written: written(t, a.NotBefore, a.Expires)}
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
		r.Due = a.Created.Add(vault.FirstRetry)
	default:
		r.Due = a.Created.Add(max(left/3*2, vault.SoonestRetry))
	}
	return r
}

// floor is before when a version is not renewed, whatever its trigger says:
// each time may cost money, and a place in an authority's limits. A name that
// lives too short for it, or that was given too little time, is renewed at two
// thirds of that, so that it does not expire for the floor; but one that its
// issuer dates back again and again waits for the day.
func floor(v vault.Version, t vault.Trigger, s vault.Settings) time.Time {
	a := v.Attributes
	validity := a.Expires.Sub(a.NotBefore)
	gap := max(validity/100*time.Duration(share(s)), soonest(v, s))
	if s.AsWritten && t.LifetimePercentage > 0 {
		gap = min(gap, validity/200*time.Duration(t.LifetimePercentage))
	}
	if left := a.Expires.Sub(a.Created) / 3 * 2; left < gap {
		gap = left
		if v.Certificate != nil && v.Certificate.IssuerName != "" {
			gap = max(gap, soonest(v, s))
		}
	}
	return a.Created.Add(gap)
}

// soonest is how long a version stays at least, even if its authority wants it back.
func soonest(v vault.Version, s vault.Settings) time.Duration {
	return min(leastAge(s), v.Attributes.Expires.Sub(v.Attributes.NotBefore)/3*2)
}

func leastAge(s vault.Settings) time.Duration {
	if s.RenewFloor > 0 {
		return s.RenewFloor
	}
	return renewFloor
}

func share(s vault.Settings) int {
	if s.RenewShare > 0 {
		return s.RenewShare
	}
	return renewShare
}

// Deviation says why the policy cannot be followed as written for a version,
// and what is done instead; "" where it is followed, or asks for no renewal.
func Deviation(o vault.Object, v vault.Version, s vault.Settings) string {
	if o.Policy == nil || !o.Policy.Enabled || (vault.Operation{IssuerName: o.Policy.Issuer.Name}).Manual() || v.Attributes.Expires.IsZero() {
		return ""
	}
	for _, action := range o.Policy.Lifetime {
		if action.Action != vault.AutoRenew {
			continue
		}
		if r := Of(action.Trigger, v, s); r.Why != "" {
			return fmt.Sprintf("The policy cannot be followed as written: %s %s. The version is renewed at %s instead.",
				action.Trigger, r.Why, r.Due.UTC().Format(time.RFC3339))
		}
	}
	return ""
}

// length is a stretch of time for people: days where it is whole days but for
// the last second, which counts in a certificate.
func length(d time.Duration) string {
	if whole := d.Round(day); whole > 0 && (whole-d).Abs() <= time.Second {
		d = whole
	}
	days, rest := d/day, (d % day).Round(time.Second)
	whole := fmt.Sprintf("%d days", days)
	if days == 1 {
		whole = "a day"
	}
	switch {
	case days == 0:
		return rest.String()
	case rest == 0:
		return whole
	}
	return whole + " and " + rest.String()
}

// planned is when to renew where the policy says due: earlier if the issuer
// suggests so. A suggestion is followed once a version is as old as it must be,
// so that an authority that always says "now" does not run the account empty.
func planned(schedule vault.Schedule, v vault.Version, due time.Time, s vault.Settings) time.Time {
	if a := v.Attributes; !schedule.Picked.IsZero() && schedule.Picked.Before(a.Expires) {
		picked := a.Created.Add(soonest(v, s))
		if schedule.Picked.After(picked) {
			picked = schedule.Picked
		}
		if picked.Before(due) {
			due = picked
		}
	}
	return due
}

// spread puts the renewal of a version off by a time that is always the same
// for it: up to most, a twentieth of the lifetime and a quarter of what is left.
func spread(v vault.Version, due time.Time, most time.Duration) time.Duration {
	a := v.Attributes
	most = min(most, a.Expires.Sub(a.NotBefore)/20, a.Expires.Sub(due)/4)
	if most <= 0 {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(v.Ref.String() + "/" + v.ID))
	return time.Duration(float64(most) * (float64(h.Sum64()) / math.MaxUint64))
}
