package year_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A score is what the year came to.
type score struct {
	versions, renewed, expired int
}

// judge holds what came of the year against the rules.
func (w *world) judge() {
	w.t.Helper()
	told := w.notices()
	w.wantNothingStuck()
	var s score
	purged, known := map[string]bool{}, map[string]bool{"": true} // that to be, of a first order
	for _, c := range w.cast {
		if c.purge.IsZero() {
			c.versions = w.read(c)
		} else {
			purged[c.name] = true
		}
		for i := range c.versions {
			known[c.versions[i].id] = true
			w.judgeVersion(c, i, &s)
			w.judgeNotices(c, i, told)
			w.judgeLateness(c, i, told)
		}
		w.judgeHistory(c)
		s.versions += len(c.versions)
	}
	for _, id := range slices.Concat(keysOf(told.mails), keysOf(told.events)) {
		if !known[id] {
			w.t.Errorf("something was told of version %q, which nobody knows", id)
		}
	}
	w.wholeFile(purged)
	w.t.Logf("%d versions, %d of them renewals; %d expired, all for want of an issuer or of a wish to renew; %d mails and events; %d purged; %d outages",
		s.versions, s.renewed, s.expired, told.count, len(purged), w.outages())
}

func keysOf[V any](m map[string]V) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}

func (w *world) outages() (n int) {
	for _, a := range w.authorities {
		n += len(a.outages)
	}
	return n
}

// current is the time in which a version was the one in use.
func (w *world) current(c *certificate, i int) span {
	s := span{c.versions[i].created, w.end}
	if i+1 < len(c.versions) {
		s.to = c.versions[i+1].created
	}
	return s
}

// judgeVersion looks at the i-th version and how it was followed.
func (w *world) judgeVersion(c *certificate, i int, s *score) {
	v, use := c.versions[i], w.current(c, i)
	wrong := func(format string, args ...any) {
		w.t.Errorf("%s at %s, version %d of %d, made %s, %s to %s, rules %+v, off %v, gone %v: %s", c.name, c.authority.name, i+1, len(c.versions),
			v.created, v.notBefore, v.expires, c.rules, c.off, c.gone, fmt.Sprintf(format, args...))
	}
	tags := c.tags[0].tags
	for _, t := range c.tags {
		if !t.since.After(v.created) {
			tags = t.tags
		}
	}
	if diff := cmp.Diff(tags, v.tags); diff != "" {
		wrong("tags (-want +got):\n%s", diff)
	}
	for _, p := range slices.Concat(c.off, c.gone) {
		if v.created.After(p.from.Add(slack)) && (p.to.IsZero() || v.created.Before(p.to)) {
			wrong("made while the certificate was disabled or deleted, %v", p)
		}
	}
	bound, wanted := c.latest(v, use)
	if use.to.After(v.expires) {
		s.expired++
	}
	if i+1 == len(c.versions) {
		if wanted && bound.Before(w.end) && c.purge.IsZero() {
			wrong("not renewed, due by %s", bound)
		}
		return
	}
	s.renewed++
	first, ok := c.earliest(v, use)
	if kept := use.to.Sub(use.from); kept < v.floor()-time.Second {
		wrong("renewed after %v, the floor is %v", kept, v.floor())
	}
	switch {
	case c.authority.over(use.to):
		wrong("renewed at %s, though its authority has issued nothing since %v", use.to, c.authority.outages)
	case !ok:
		wrong("renewed though nothing asks for it, at %s", use.to)
	case use.to.Before(first.Add(-time.Second)):
		wrong("renewed at %s, before %s", use.to, first)
	case wanted && use.to.After(bound):
		wrong("renewed at %s, later than %s", use.to, bound)
	}
	w.judgeKey(c, i, use, wrong)
}

// judgeKey looks whether reuse_key was honoured, where it did not change on the way.
func (w *world) judgeKey(c *certificate, i int, use span, wrong func(string, ...any)) {
	reuse := map[bool]bool{}
	for k, r := range c.rules {
		if _, there := c.mayReign(k, use); there {
			reuse[r.reuse] = true
		}
	}
	same := c.versions[i].public == c.versions[i+1].public
	if len(reuse) == 1 && !reuse[same] {
		wrong("the next version's key is the same: %t", same)
	}
}

// wantNothingStuck looks for operations that nothing moves on. One that is as
// young as its authority takes is none.
func (w *world) wantNothingStuck() {
	w.t.Helper()
	r := w.host.want(200, "GET", "/admin/operations", nil)
	open, _ := r.Body["operations"].([]any)
	for _, o := range open {
		o := o.(object)
		at, err := time.Parse(time.RFC3339, fmt.Sprint(o["since"]))
		if w.endless(fmt.Sprint(o["name"])) {
			continue
		}
		if err != nil || w.host.clock().Sub(at) > 6*time.Hour+slack {
			w.t.Errorf("still in progress: %v", o)
		}
	}
}
