package year_test

import (
	"slices"
	"time"
)

// judgeNotices looks whether people and programs were told of a version what
// they should have been, each thing once.
func (w *world) judgeNotices(c *certificate, i int, told notices) {
	w.t.Helper()
	v, use := c.versions[i], w.current(c, i)
	always := func(at time.Time) func(rule) (time.Time, bool) {
		return func(rule) (time.Time, bool) { return at, true }
	}
	w.wantEvent(c, v, told, "CertificateNewVersionCreated", v.created, true, true)
	for kind, at := range map[string]time.Time{"CertificateNearExpiry": v.expires.Add(-30 * day), "CertificateExpired": v.expires} {
		t, must, may := c.fires(use, c.gone, always(at))
		w.wantEvent(c, v, told, kind, t, must, may)
	}
	mails := told.mails[v.id]
	_, must, may := c.fires(use, slices.Concat(c.off, c.gone), func(r rule) (time.Time, bool) { return r.due(v), !r.renews })
	w.wantMail(c, v, mails, "expires on", must, may)
	next := i+1 < len(c.versions)
	first, mayRenew := c.earliest(v, use)
	w.wantMail(c, v, mails, "was renewed", i > 0, i > 0)
	w.wantMail(c, v, mails, "is being renewed", next, next || mayRenew)
	fails, mayFail := c.failed(first, use)
	w.wantMail(c, v, mails, "could not be renewed", mayRenew && fails, mayRenew && mayFail)
	if n := len(told.events[v.id]["Certwright.CertificateRenewalFailed"]); n != mails["could not be renewed"] {
		w.t.Errorf("%s, version %s: %d events of a failed renewal, %d mails", c.name, v.id, n, mails["could not be renewed"])
	}
}

// failed tells whether a renewal that is due at a time within a stretch meets an
// issuer that refuses it: surely, perhaps.
func (c *certificate) failed(due time.Time, use span) (surely, perhaps bool) {
	for _, o := range c.authority.outages {
		if o.kind == "unreachable" || o.kind == "holds" || o.kind == "asks" || !o.from.Before(use.to) || o.to.Before(due.Add(-slack)) {
			continue
		}
		perhaps = true
		if o.from.Add(slack).Before(due) && o.to.After(due.Add(mostSpread+slack)) && len(c.rules) == 1 && len(c.off)+len(c.gone) == 0 &&
			use.to.After(due.Add(mostSpread+slack)) {
			surely = true
		}
	}
	return surely, perhaps
}

func (w *world) wantMail(c *certificate, v version, mails map[string]int, kind string, must, may bool) {
	w.t.Helper()
	if n := mails[kind]; n > 1 || n == 0 && must || n > 0 && !may {
		w.t.Errorf("%s at %s, version %s made %s, expires %s, rules %+v, off %v, gone %v: %d mails %q, must %t, may %t",
			c.name, c.authority.name, v.id, v.created, v.expires, c.rules, c.off, c.gone, n, kind, must, may)
	}
}

func (w *world) wantEvent(c *certificate, v version, told notices, kind string, at time.Time, must, may bool) {
	w.t.Helper()
	got := told.events[v.id][kind]
	if n := len(got); n > 1 || n == 0 && must || n > 0 && !may {
		w.t.Errorf("%s at %s, version %s made %s, expires %s, off %v, gone %v: %d events %s, must %t, may %t",
			c.name, c.authority.name, v.id, v.created, v.expires, c.off, c.gone, n, kind, must, may)
	} else if n == 1 && must && !at.IsZero() && (got[0].Before(at.Add(-time.Minute)) || got[0].After(at.Add(slack))) {
		w.t.Errorf("%s, version %s: %s was told at %s, want %s", c.name, v.id, kind, got[0], at)
	}
}
