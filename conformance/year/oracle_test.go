package year_test

import "time"

// slack is how far the server's clock may be from where the oracle thinks it
// is: it goes on in real time while jobs run and people act.
const slack = 10 * time.Minute

// most is the longest that renewals are spread (docs/renewal.md).
const mostSpread = 6 * time.Hour

// due is when a rule asks for something to be done for a version.
func (r rule) due(v version) time.Time {
	life := v.expires.Sub(v.notBefore)
	switch before := time.Duration(r.days) * day; {
	case r.days == 0:
		return v.notBefore.Add(life * time.Duration(r.percent) / 100)
	case before < life:
		return v.expires.Add(-before)
	}
	return v.notBefore.Add(life * 2 / 3)
}

// renewal is due for AutoRenew: a trigger that had fired when the version was
// made counts two thirds of what was left, and none fires before the floor.
func (r rule) renewal(v version) time.Time {
	at := r.due(v)
	if !at.After(v.created) {
		at = v.created.Add(v.expires.Sub(v.created) * 2 / 3)
	}
	return later(at, v.created.Add(v.floor()))
}

// floor is how long a version is kept at least: a tenth of its lifetime and a
// day, but not more than two thirds of what it was given.
func (v version) floor() time.Duration {
	return min(max(v.expires.Sub(v.notBefore)/10, day), v.expires.Sub(v.created)*2/3)
}

// followed reports whether the rule is followed for a version as it is written.
func (r rule) followed(v version) bool {
	written := time.Duration(r.days)*day < v.expires.Sub(v.notBefore)
	return written && r.renewal(v).Equal(r.due(v))
}

// told is when people and programs are told that a renewal which fell due at a
// time has not got through, of a version that expires at another: twice.
func lateness(due, expires time.Time) [2]time.Time {
	left := expires.Sub(due)
	return [2]time.Time{due.Add(left / 3), expires.Add(-min(max(left/10, day), left/3))}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// reign is when the i-th rule is in force, cut to a stretch of time.
func (c *certificate) reign(i int, within span) (span, bool) {
	s := span{later(c.rules[i].since, within.from), within.to}
	if i+1 < len(c.rules) && c.rules[i+1].since.Before(s.to) {
		s.to = c.rules[i+1].since
	}
	return s, s.from.Before(s.to)
}

// mayReign is reign with the seconds at its ends: a version may be of the
// second in which its rule came.
func (c *certificate) mayReign(i int, within span) (span, bool) {
	s, there := c.reign(i, within)
	return s, there || s.from.Equal(s.to)
}

// earliest is when the next version of v may come at the earliest; false: never.
func (c *certificate) earliest(v version, within span) (first time.Time, ok bool) {
	for i, r := range c.rules {
		s, there := c.mayReign(i, within)
		if !there || !r.renews {
			continue
		}
		if at := later(r.renewal(v), s.from); !at.After(s.to) && (!ok || at.Before(first)) {
			first, ok = at, true
		}
	}
	return first, ok
}

// latest is when the next version of v must be there at the latest, by the rule
// that is in force at the end of the stretch; false: that rule asks for none.
// An outage on the way puts it off until its end and the longest wait after
// it, again and again.
func (c *certificate) latest(v version, within span) (time.Time, bool) {
	last := -1
	for i := range c.rules {
		if _, there := c.reign(i, within); there {
			last = i
		}
	}
	if last < 0 || !c.rules[last].renews {
		return time.Time{}, false
	}
	begins := later(c.rules[last].renewal(v), c.rules[last].since)
	takes := slack + c.authority.delay
	bound := begins.Add(min(mostSpread, v.expires.Sub(v.notBefore)/20) + takes)
	for changed := true; changed; {
		changed = false
		for _, s := range append(c.off, c.gone...) {
			if s.to.IsZero() {
				return time.Time{}, false
			}
			if s.from.Before(bound) && s.to.Add(takes).After(bound) {
				bound, changed = s.to.Add(takes), true
			}
		}
		for _, o := range c.authority.outages {
			if end := o.to.Add(o.wait(begins, v.expires) + takes); o.from.Before(bound) && o.to.After(begins) && end.After(bound) {
				bound, changed = end, true
			}
		}
	}
	return bound, true
}

// wait is how long it may take until an issuer that is back is asked again, for
// a renewal that began to be due at some time.
func (o outage) wait(due, expires time.Time) time.Duration {
	switch o.kind {
	case "unreachable":
		return 70 * time.Minute // the scripted issuer says when to ask again
	case "asks":
		return 0
	case "holds":
		return o.to.Sub(due) / 2 // it leaves a held order alone for half its age
	}
	if left := expires.Sub(o.to); left > 0 {
		return min(32*time.Hour, left/4)
	}
	return 32 * time.Hour
}

// fires tells whether something that is due by a rule is done for a version that
// is current within a stretch, leaving out pauses. must: for certain; may:
// perhaps. at is when; zero where that is close to a pause.
func (c *certificate) fires(within span, pauses []span, due func(rule) (time.Time, bool)) (at time.Time, must, may bool) {
	for i, r := range c.rules {
		s, there := c.reign(i, within)
		t, asked := due(r)
		if !there || !asked || must {
			continue
		}
		t, close := after(later(t, s.from), pauses)
		if t.Before(s.to.Add(slack)) {
			may = true
		}
		if t.Add(slack).Before(s.to) {
			if must = true; !close {
				at = t
			}
		}
	}
	return at, must, may
}

// never is after everything.
var never = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// after is the first time from t on that is in no pause; close: t is near the
// beginning of one.
func after(t time.Time, pauses []span) (out time.Time, close bool) {
	for _, p := range pauses {
		close = close || t.Sub(p.from).Abs() < slack
		switch {
		case t.Before(p.from):
		case p.to.IsZero():
			return never, close
		case t.Before(p.to):
			t = p.to
		}
	}
	return t, close
}
