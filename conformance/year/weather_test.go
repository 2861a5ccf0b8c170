package year_test

import (
	"math/rand/v2"
	"time"
)

// An authority is an issuer of the cast.
type authority struct {
	name, provider string
	script         string        // in fair weather
	ca             bool          // our own, which no script plays
	caps           time.Duration // how long its certificates live at most; 0: as long as asked for
	delay          time.Duration // from a request to its certificate
	outages        []outage
	forever        string // the outage that begins once all are born, and never ends
}

// An outage is a time in which an authority does not issue.
type outage struct {
	span
	kind string // unreachable, rejects, fails, holds or disabled
}

// scripts are the weather of the scripted issuer.
var scripts = map[string]string{"unreachable": "fail=1000000", "rejects": "outcome=reject;message=No.", "fails": "outcome=error;message=Out of order.", "holds": "hold"}

func authorities() []*authority {
	return []*authority{
		{name: "Self"},
		{name: "week", provider: "Week", ca: true, caps: 6 * day},
		{name: "quarter", provider: "Quarter", ca: true, caps: 100 * day},
		{name: "steady", provider: "Test"},
		{name: "slow", provider: "DigiCert", script: "delay=6h", delay: 6 * time.Hour},
		{name: "flaky", provider: "GlobalSign", script: "fail=3", delay: 10 * time.Second},
		{name: "stormy", provider: "OneCertV2-PublicCA"},
	}
}

// extras are authorities beside those of the cast: one for each way in which
// renewals may never get through again, and one whose certificates live about as
// long as triggers ask for.
func extras() []*authority {
	return []*authority{
		{name: "month", provider: "Month", ca: true, caps: 30 * day},
		{name: "asked", provider: "Asked", ca: true, caps: 100 * day, forever: "asks"},
		{name: "broken", provider: "Test", forever: "fails"},        // a hook that never works again
		{name: "limited", provider: "Test", forever: "unreachable"}, // one name that its authority takes no order for
		{name: "silent", provider: "GlobalSign", forever: "holds"},  // an order that nobody completes
		{name: "gone", provider: "OneCertV2-PublicCA", forever: "disabled"},
	}
}

// put writes the issuer as the weather is.
func (w *world) put(a *authority, script string, enabled bool) {
	w.host.want(200, "PUT", "/certificates/issuers/"+a.name, object{"provider": a.provider,
		"credentials": object{"account_id": script}, "attributes": object{"enabled": enabled}})
}

// foresee plans the outages of an authority, hours to days long: now and then
// for most, all the time for the stormy one, never for Self.
func (a *authority) foresee(from, to time.Time, random *rand.Rand) (all []outage) {
	if a.provider == "" || a.name == "steady" {
		return nil
	}
	calm := 60 * day
	if a.name == "stormy" {
		calm = 12 * day
	}
	kinds := []string{"unreachable", "rejects", "fails", "holds", "disabled"}
	for at := from.Add(part(calm, random)); ; {
		long := 2*time.Hour + time.Duration(random.Int64N(int64(4*day)))
		if random.IntN(2) == 0 {
			long = 2*time.Hour + time.Duration(random.Int64N(int64(20*time.Hour)))
		}
		if at.Add(long).After(to) {
			return all
		}
		o := outage{span{at, at.Add(long)}, kinds[random.IntN(len(kinds))]}
		if a.ca {
			o.kind = "disabled"
		}
		all = append(all, o)
		at = at.Add(long + part(calm, random))
	}
}

// part is a time around another.
func part(d time.Duration, random *rand.Rand) time.Duration {
	return d/2 + time.Duration(random.Int64N(int64(d)))
}

// begins and ends do what an outage is, and note when it really was.
func (w *world) begins(a *authority, o outage) {
	a.outages = append(a.outages, outage{span{from: w.host.clock()}, o.kind})
	if o.kind == "disabled" {
		w.put(a, a.script, false)
		return
	}
	if o.kind != "asks" { // nobody approves any more, and nothing else has to be done
		w.put(a, scripts[o.kind], true)
	}
}

func (w *world) ends(a *authority) {
	w.put(a, a.script, true)
	a.outages[len(a.outages)-1].to = w.host.clock()
}
