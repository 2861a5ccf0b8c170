package year_test

import (
	"fmt"
	"strings"
	"time"
)

// edges are triggers about as long as the 30 days and the 6 days that
// certificates live: the ones where a renewal could chase the next.
var edges = []struct {
	authority string
	rule      rule
}{
	{"month", rule{renews: true, days: 29}}, {"month", rule{renews: true, days: 30}}, {"month", rule{renews: true, days: 31}},
	{"month", rule{renews: true, percent: 1}}, {"month", rule{renews: true, percent: 99}},
	{"week", rule{renews: true, days: 6}}, {"week", rule{renews: true, percent: 5}},
}

// beginExtras plans what happens to certificates that no luck is left to: those
// at the edges, and those whose renewals never get through again.
func (w *world) beginExtras(now time.Time) {
	more := extras()
	w.authorities = append(w.authorities, more...)
	for i, e := range edges {
		w.bear(fmt.Sprintf("edge%d", i), e.authority, 2, e.rule, now)
	}
	for _, a := range more {
		w.put(a, a.script, true)
		if a.forever == "" {
			continue
		}
		w.bear("no-"+a.name, a.name, 3, rule{renews: true, percent: 50}, now)
		w.at(now.Add(9*day), func() {
			w.begins(a, outage{kind: a.forever})
			a.outages[len(a.outages)-1].to = never
		})
	}
}

// bear plans a certificate at an authority; an order that waits for a person is
// approved, that once.
func (w *world) bear(name, authority string, months int, r rule, now time.Time) {
	c := &certificate{name: name, months: months, key: object{"kty": "EC", "crv": "P-256", "exportable": true}, pem: true, rules: []rule{r},
		tags: []tagging{{tags: object{"name": name}}}}
	for _, a := range w.authorities {
		if a.name == authority {
			c.authority = a
		}
	}
	w.cast = append(w.cast, c)
	w.at(now.Add(time.Hour), func() { w.create(c) })
	if c.authority.forever == "asks" {
		w.at(now.Add(2*time.Hour), func() {
			w.host.want(200, "POST", "/admin/operations/default/"+name, object{"decision": "approve"})
		})
	}
}

// over reports whether the authority issues nothing any more at a time.
func (a *authority) over(at time.Time) bool {
	for _, o := range a.outages {
		if o.to.Equal(never) && at.After(o.from) {
			return true
		}
	}
	return false
}

// endless reports whether the renewal of a certificate never gets through.
func (w *world) endless(name string) bool {
	for _, c := range w.cast {
		if c.name == name {
			return c.authority.forever != ""
		}
	}
	return false
}

// judgeLateness looks whether it was told in time that the renewal of a version
// does not get through, and that it expires soon: each once, by mail and event.
func (w *world) judgeLateness(c *certificate, i int, told notices) {
	w.t.Helper()
	v, use := c.versions[i], w.current(c, i)
	mails, events := told.mails[v.id], told.events[v.id]["Certwright.CertificateRenewalLate"]
	if n := mails["its renewal is late"] + mails["is not renewed and expires soon"]; n != len(events) {
		w.t.Errorf("%s, version %s: %d mails of a late renewal, %d events", c.name, v.id, n, len(events))
	}
	if len(c.rules) > 1 || len(c.off)+len(c.gone) > 0 || !c.rules[0].renews {
		for _, kind := range []string{"its renewal is late", "is not renewed and expires soon"} {
			w.wantMail(c, v, mails, kind, false, true)
		}
		return
	}
	due := c.rules[0].renewal(v)
	first := lateness(due, v.expires)
	last := lateness(due.Add(min(mostSpread, v.expires.Sub(v.notBefore)/20)+slack), v.expires)
	seen := 0
	for k, kind := range []string{"its renewal is late", "is not renewed and expires soon"} {
		must, may := last[k].Add(slack).Before(use.to), !first[k].After(use.to)
		w.wantMail(c, v, mails, kind, must, may)
		if mails[kind] == 1 && seen < len(events) {
			if at := events[seen]; at.Before(first[k].Add(-time.Minute)) || at.After(last[k].Add(slack)) {
				w.t.Errorf("%s, version %s made %s, expires %s, renewal due %s: %q was told at %s, want %s to %s", c.name, v.id, v.created, v.expires, due, kind, at, first[k], last[k])
			}
			seen++
		}
	}
	if c.authority.forever == "asks" {
		asked := due.Add(mostSpread).Before(w.end)
		w.wantMail(c, v, mails, "waits for approval", asked, asked)
		w.wantEvent(c, v, told, "Certwright.CertificateApprovalRequested", time.Time{}, asked, asked)
		if at := told.events[v.id]["Certwright.CertificateApprovalRequested"]; asked && len(at) == 1 && at[0].After(due.Add(mostSpread+slack)) {
			w.t.Errorf("%s: an approval was asked for at %s, the renewal was due at %s", c.name, at[0], due)
		}
	}
}

// judgeHistory looks whether the history of the order that made the version in
// use says that the policy is not followed as it is written, where it is not.
func (w *world) judgeHistory(c *certificate) {
	w.t.Helper()
	if len(c.rules) > 1 || len(c.off)+len(c.gone) > 0 || !c.purge.IsZero() || !c.rules[0].renews {
		return
	}
	r := w.host.want(200, "GET", "/admin/operations/default/"+c.name, nil)
	v := c.versions[len(c.versions)-1]
	if r.Text("status") != "completed" || !strings.HasSuffix(r.Text("target"), v.id) {
		return
	}
	const says = "The policy cannot be followed as written"
	text := fmt.Sprint(r.Body["history"])
	from := strings.Index(text, "Issued; version")
	if got := strings.Contains(text[max(from, 0):], says); from >= 0 && got == c.rules[0].followed(v) {
		w.t.Errorf("%s at %s, version %s made %s, %s to %s, rule %+v: the history says that it is not followed: %t\n%s", c.name, c.authority.name, v.id, v.created, v.notBefore, v.expires, c.rules[0], got, text)
	}
}
