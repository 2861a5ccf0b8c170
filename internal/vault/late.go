package vault

import "time"

// Lateness is when people are told that a renewal which fell due at since has
// not got through, of a version that expires at expires: first when a third of
// the time that was left is gone, then again as the expiry nears, when a tenth
// of it is left, or a day where a tenth is shorter, but not more than a third of
// it. Where nothing was left they are told once, an hour after it fell due; last
// is zero then.
func Lateness(since, expires time.Time) (late, last time.Time) {
	left := expires.Sub(since)
	if left <= 0 {
		return since.Add(firstRetry), time.Time{}
	}
	return since.Add(left / 3), expires.Add(-min(max(left/10, day), left/3))
}

// FellDue returns the schedule after its renewal fell due at now. What fell due before
// stays, however often it is tried.
func (l Schedule) FellDue(now time.Time) Schedule {
	if l.Since.IsZero() {
		l.Since = now
	}
	return l
}

// Renews reports whether the policy of an object asks for a renewal of its
// current version, at whatever time.
func (o Object) Renews(v Version) bool {
	p := o.Policy
	return o.Kind == Certificates && o.Deletion == nil && p != nil && p.Enabled && v.Attributes.Enabled && !(Operation{IssuerName: p.Issuer.Name}).Manual() && p.Renews()
}

// lateness adds what is to be told of a renewal that the policy plans for a
// time. A plan that was put off since it fell due counts from its new time.
func (l Schedule) lateness(plan, expires time.Time, add func(string, time.Time)) {
	if l.Since.IsZero() {
		add(MilestoneDue, plan)
		return
	}
	late, last := Lateness(later(l.Since, plan), expires)
	add(MilestoneLate, late)
	if !last.IsZero() {
		add(MilestoneLast, last)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
