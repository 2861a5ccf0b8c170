package year_test

import "time"

// plan gives every other certificate something that people do to it once.
func (w *world) plan(c *certificate, born time.Time) {
	most := w.end.Sub(born) - 30*day
	if most <= 0 {
		return
	}
	at := born.Add(10*day + time.Duration(w.random.Int64N(int64(most))))
	for _, story := range []struct {
		of   int // in a hundred
		tell func()
	}{
		{12, func() { w.at(at, func() { w.edit(c) }) }},
		{8, func() { w.at(at, func() { w.retag(c) }) }},
		{8, func() { w.disable(c, at) }},
		{8, func() { w.remove(c, at, time.Duration(1+w.random.IntN(140))*time.Hour) }},
		{8, func() { w.remove(c, at, 0) }},
	} {
		if w.random.IntN(100) < story.of {
			story.tell()
			return
		}
	}
}

// busy reports whether an operation is in progress: what is done to such a
// certificate may come before or after its new version, so it is not done.
func (w *world) busy(c *certificate) bool {
	return w.host.send("GET", "/certificates/"+c.name+"/pending", nil).Text("status") == "inProgress"
}

// edit gives the certificate another rule.
func (w *world) edit(c *certificate) {
	if w.busy(c) {
		return
	}
	r := c.someRule(w.random)
	r.since = w.host.clock()
	w.host.want(200, "PATCH", "/certificates/"+c.name+"/policy", c.policy(r))
	c.rules = append(c.rules, r)
}

// retag gives the current version other tags, which go on with the next.
func (w *world) retag(c *certificate) {
	if w.busy(c) {
		return
	}
	next := tagging{tags: object{"team": "new", "name": c.name, "since": "retagged"}}
	w.host.want(200, "PATCH", "/certificates/"+c.name, object{"tags": next.tags})
	current := when(w.host.want(200, "GET", "/certificates/"+c.name, nil).Body["attributes"].(object)["created"])
	next.since = current
	c.tags = append(c.tags, next)
}

// disable lays the certificate still for some time.
func (w *world) disable(c *certificate, at time.Time) {
	long := time.Duration(5+w.random.IntN(60)) * day
	w.at(at, func() {
		if w.busy(c) {
			return
		}
		c.off = append(c.off, span{from: w.host.clock()})
		w.host.want(200, "PATCH", "/certificates/"+c.name, object{"attributes": object{"enabled": false}})
	})
	w.at(at.Add(long), func() {
		if len(c.off) == 0 {
			return
		}
		w.host.want(200, "PATCH", "/certificates/"+c.name, object{"attributes": object{"enabled": true}})
		c.off[len(c.off)-1].to = w.host.clock()
	})
}

// remove deletes the certificate, and recovers it after a time, or lets it be purged.
func (w *world) remove(c *certificate, at time.Time, back time.Duration) {
	w.at(at, func() {
		if w.busy(c) {
			return
		}
		if back == 0 {
			c.versions = w.read(c) // for the last time
		}
		c.gone = append(c.gone, span{from: w.host.clock()})
		r := w.host.want(200, "DELETE", "/certificates/"+c.name, nil)
		if back == 0 {
			c.purge = when(r.Body["scheduledPurgeDate"])
			if got := c.purge.Sub(c.gone[0].from); got < 7*day-time.Minute || got > 7*day+time.Minute {
				w.t.Errorf("%s is to be purged after %v, want 7 days", c.name, got)
			}
		}
	})
	if back > 0 {
		w.at(at.Add(back), func() {
			if len(c.gone) == 0 {
				return
			}
			w.host.want(200, "POST", "/deletedcertificates/"+c.name+"/recover", nil)
			c.gone[0].to = w.host.clock()
		})
		return
	}
	w.at(at.Add(7*day-time.Hour), func() { w.wantDeleted(c, 200) })
	w.at(at.Add(7*day+time.Hour), func() { w.wantDeleted(c, 404) })
}

// wantDeleted looks at all three shapes: an object is never half gone.
func (w *world) wantDeleted(c *certificate, status int) {
	if c.purge.IsZero() {
		return
	}
	for _, kind := range []string{"certificates", "keys", "secrets"} {
		if r := w.host.send("GET", "/deleted"+kind+"/"+c.name, nil); r.Status != status {
			w.t.Errorf("/deleted%s/%s answers %d an hour from its date, want %d", kind, c.name, r.Status, status)
		}
		if r := w.host.send("GET", "/"+kind+"/"+c.name, nil); r.Status != 404 {
			w.t.Errorf("/%s/%s answers %d though it is deleted", kind, c.name, r.Status)
		}
	}
}
