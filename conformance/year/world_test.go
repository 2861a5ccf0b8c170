package year_test

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"testing"
	"time"
)

// A world is a server, its authorities and its certificates.
type world struct {
	t           *testing.T
	host        *host
	random      *rand.Rand
	authorities []*authority
	cast        []*certificate
	moments     []moment
	end         time.Time // of the last moment, then of everything
	lived       time.Duration
}

// A moment is a time at which somebody does something.
type moment struct {
	at time.Time
	do func()
}

// begin plans everything that will happen.
func (w *world) begin(many, days int) {
	w.t.Helper()
	w.authorities = authorities()
	w.host.want(200, "PUT", "/certificates/contacts", object{"contacts": []any{object{"email": "ops@example.test"}, object{"email": "lead@example.test"}}})
	now := w.host.clock()
	w.end = now.Add(time.Duration(days) * day)
	for _, a := range w.authorities {
		if a.provider == "" {
			continue
		}
		w.put(a, a.script, true)
		for _, o := range a.foresee(now.Add(10*day), w.end.Add(-10*day), w.random) {
			w.at(o.from, func() { w.begins(a, o) })
			w.at(o.to, func() { w.ends(a) })
		}
	}
	for i := range many {
		c := casting(i, w.random, w.authorities)
		w.cast = append(w.cast, c)
		born := now.Add(time.Duration(i) * 8 * day / time.Duration(many)) // before the first outage
		w.at(born, func() { w.create(c) })
		w.plan(c, born)
	}
	w.beginExtras(now)
	slices.SortStableFunc(w.moments, func(a, b moment) int { return a.at.Compare(b.at) })
}

func (w *world) at(when time.Time, do func()) { w.moments = append(w.moments, moment{when, do}) }

// live goes through all moments, and is killed on the way to some of them.
func (w *world) live(kills int) {
	w.t.Helper()
	fatal := map[int]bool{}
	for len(fatal) < min(kills, len(w.moments)) {
		fatal[w.random.IntN(len(w.moments))] = true
	}
	began := time.Now()
	for i, m := range w.moments {
		w.host.reach(m.at, fatal[i], w.random)
		m.do()
		if w.t.Failed() {
			w.t.FailNow()
		}
	}
	w.host.reach(w.end, false, w.random)
	w.lived = time.Since(began)
}

// settle lets everything that is under way come to its end in fair weather:
// the longest wait of the ladder, and the longest that a held order is left alone.
func (w *world) settle() {
	w.t.Helper()
	w.host.reach(w.end.Add(3*day), false, w.random)
	w.end = w.host.clock()
}

func (w *world) create(c *certificate) {
	w.host.want(202, "POST", "/certificates/"+c.name+"/create", object{"policy": c.whole(), "tags": c.tags[0].tags})
	c.rules[0].since = w.host.clock().Add(-time.Minute)
	c.tags[0].since = c.rules[0].since
}

// onward is the path of a page's nextLink.
func onward(link string) string {
	if link == "" {
		return ""
	}
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	q := u.Query()
	q.Del("api-version")
	return fmt.Sprintf("%s?%s", u.Path, q.Encode())
}
