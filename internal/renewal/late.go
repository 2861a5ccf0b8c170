package renewal

import (
	"time"

	"certwright/internal/vault"
)

// Lateness is when people are told that a renewal which fell due at since has
// not got through, of a version that expires at expires: first when a third of
// the time that was left is gone, then again as the expiry nears, when a tenth
// of it is left, or a day where a tenth is shorter, but not more than a third of
// it. Where nothing was left they are told once, an hour after it fell due; last
// is zero then.
func Lateness(since, expires time.Time) (late, last time.Time) {
	left := expires.Sub(since)
	if left <= 0 {
		return since.Add(vault.FirstRetry), time.Time{}
	}
	return since.Add(left / 3), expires.Add(-min(max(left/10, day), left/3))
}

// Wanted reports whether the policy of an object asks for a renewal of its
// current version, at whatever time.
func Wanted(o vault.Object, v vault.Version) bool {
	p := o.Policy
	return o.Kind == vault.Certificates && o.Deletion == nil && p != nil && p.Enabled && v.Attributes.Enabled && !(vault.Operation{IssuerName: p.Issuer.Name}).Manual() && p.Renews()
}

// lateness adds what is to be told of a renewal that the policy plans for a
// time. A plan that was put off since it fell due counts from its new time.
func lateness(schedule vault.Schedule, plan, expires time.Time, add func(string, time.Time)) {
	if schedule.Since.IsZero() {
		add(vault.MilestoneDue, plan)
		return
	}
	late, last := Lateness(later(schedule.Since, plan), expires)
	add(vault.MilestoneLate, late)
	if !last.IsZero() {
		add(vault.MilestoneLast, last)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
