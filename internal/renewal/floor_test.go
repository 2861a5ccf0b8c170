package renewal_test

import (
	"strings"
	"testing"
	"time"

	"certwright/internal/renewal"
	"certwright/internal/vault"
)

// aged is a version that an issuer made at a time after its NotBefore.
func aged(life, after time.Duration) vault.Version {
	return vault.Version{ID: "1", Certificate: &vault.CertificateBody{IssuerName: "ca"},
		Attributes: vault.Attributes{Enabled: true, NotBefore: born, Created: born.Add(after), Expires: born.Add(life)}}
}

// A name renews by itself at most once in a tenth of its lifetime and once a
// day, and does not expire for that.
func TestRenewalFloor(t *testing.T) {
	t.Parallel()
	days, percent := func(n int) vault.Trigger { return vault.Trigger{DaysBeforeExpiry: n} }, func(n int) vault.Trigger { return vault.Trigger{LifetimePercentage: n} }
	brought := aged(365*day, 365*day-6*time.Hour) // from outside: no issuer has made it
	brought.Certificate.IssuerName = ""
	over := aged(30*day, 31*day)
	over.Certificate.IssuerName = ""
	for name, c := range map[string]struct {
		trigger  vault.Trigger
		version  vault.Version
		settings vault.Settings
		want     time.Duration // after the version was made
		why      string        // a word of it
	}{
		"as written":                      {days(30), aged(90*day, 0), vault.Settings{}, 60 * day, ""},
		"a little longer than the days":   {days(30), aged(30*day+20*time.Second, 0), vault.Settings{}, 3*day + 2*time.Second, "20s after"},
		"as long as the days":             {days(30), aged(30*day, 0), vault.Settings{}, 20 * day, "lifetime that the issuer gave, 30 days"},
		"a little shorter than the days":  {days(30), aged(30*day-20*time.Second, 0), vault.Settings{}, (30*day - 20*time.Second) / 3 * 2, "lifetime that the issuer gave"},
		"a day after it was made":         {days(89), aged(90*day, 0), vault.Settings{}, 9 * day, "a day after"},
		"five percent":                    {percent(5), aged(30*day, 0), vault.Settings{}, 3 * day, "would renew a day and 12h0m0s after"},
		"one percent":                     {percent(1), aged(30*day, 0), vault.Settings{}, 3 * day, "7h12m0s after"},
		"one percent, in development":     {percent(1), aged(30*day, 0), vault.Settings{AsWritten: true}, 30 * day / 100, ""},
		"and dated back":                  {percent(1), aged(30*day, 5*time.Minute), vault.Settings{AsWritten: true}, 30*day/100 - 5*time.Minute, ""},
		"and dated back to the trigger":   {percent(50), aged(30*day, 15*day-time.Second), vault.Settings{AsWritten: true}, 3 * day, "1s after"},
		"days, in development":            {days(29), aged(30*day, 0), vault.Settings{AsWritten: true}, 3 * day, "a day after"},
		"six days":                        {days(5), aged(6*day, 0), vault.Settings{}, day, ""},
		"six days, less":                  {percent(10), aged(6*day, 0), vault.Settings{}, day, "14h24m0s after"},
		"one day and a moment":            {days(1), aged(day+time.Minute, 0), vault.Settings{}, (day + time.Minute) / 3 * 2, "1m0s after"},
		"one day":                         {percent(80), aged(day, 0), vault.Settings{}, day / 100 * 80, ""},
		"six hours":                       {percent(1), aged(6*time.Hour, 0), vault.Settings{}, 4 * time.Hour, "3m36s after"},
		"dated back by much":              {percent(80), aged(30*day, 20*day), vault.Settings{}, 4 * day, ""},
		"dated back beyond the trigger":   {percent(80), aged(30*day, 25*day), vault.Settings{}, 5 * day / 3 * 2, "a day before the version was made"},
		"dated back to a little":          {percent(80), aged(30*day, 30*day-time.Hour), vault.Settings{}, day, "before the version was made"},
		"brought late":                    {percent(80), brought, vault.Settings{}, 4 * time.Hour, "before the version was made"},
		"brought when it was over":        {percent(80), over, vault.Settings{}, time.Hour, "before the version was made"},
		"another floor":                   {days(89), aged(90*day, 0), vault.Settings{RenewFloor: 20 * day}, 20 * day, "once in 20 days"},
		"a lower floor":                   {days(89), aged(90*day, 0), vault.Settings{RenewFloor: time.Hour, RenewShare: 1}, day, ""},
		"another share":                   {days(89), aged(90*day, 0), vault.Settings{RenewShare: 30}, 27 * day, "once in 30 percent"},
		"a floor that it does not live":   {days(2), aged(3*day, 0), vault.Settings{RenewFloor: 20 * day}, 2 * day, "once in 20 days"},
		"no end in sight is no reason":    {percent(99), aged(3650*day, 0), vault.Settings{}, 3650 * day / 100 * 99, ""},
		"a percentage below, in earnest":  {percent(9), aged(100*day, 0), vault.Settings{}, 10 * day, "9 days after"},
		"a percentage at it, in earnest":  {percent(10), aged(100*day, 0), vault.Settings{}, 10 * day, ""},
		"a day more than the floor is as": {days(79), aged(90*day, 0), vault.Settings{}, 11 * day, ""},
	} {
		r := renewal.Of(c.trigger, c.version, c.settings)
		if got := r.Due.Sub(c.version.Attributes.Created); got != c.want || (r.Why == "") != (c.why == "") || !strings.Contains(r.Why, c.why) {
			t.Errorf("%s: after %v (%q), want %v (%q)", name, got, r.Why, c.want, c.why)
		}
	}
}

// An authority that always wants its certificates back gets each of them once a day.
func TestSuggestionFloor(t *testing.T) {
	t.Parallel()
	p := vault.Policy{Enabled: true, Issuer: vault.IssuerParams{Name: "ca"}, Lifetime: []vault.LifetimeAction{{Action: vault.AutoRenew, Trigger: vault.Trigger{LifetimePercentage: 80}}}}
	for life, want := range map[time.Duration]time.Duration{90 * day: day, 6 * day: day, 12 * time.Hour: 8 * time.Hour} {
		l := vault.Schedule{Picked: born.Add(-day)}
		for _, d := range renewal.Milestones(object(vault.Object{Ref: vault.Ref{Kind: vault.Certificates}, Policy: &p}, aged(life, 0), l, false), aged(life, 0), vault.Settings{}) {
			if d.What == vault.AutoRenew && !d.Due.Equal(born.Add(want)) {
				t.Errorf("of %v: after %v, want %v", life, d.Due.Sub(born), want)
			}
		}
	}
}

// Whoever reads why a policy is not followed learns what is done instead.
func TestDeviation(t *testing.T) {
	t.Parallel()
	renews := []vault.LifetimeAction{{Action: vault.EmailContacts, Trigger: vault.Trigger{DaysBeforeExpiry: 80}}, {Action: vault.AutoRenew, Trigger: vault.Trigger{DaysBeforeExpiry: 30}}}
	o := vault.Object{Policy: &vault.Policy{Enabled: true, Issuer: vault.IssuerParams{Name: "ca"}, Lifetime: renews}}
	want := "The policy cannot be followed as written: days_before_expiry 30 would renew 20s after the version was made, " +
		"and a name renews by itself at most once in 10 percent of its lifetime and once in a day. The version is renewed at 2026-01-04T00:00:02Z instead."
	if got := renewal.Deviation(o, aged(30*day+20*time.Second, 0), vault.Settings{}); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if got := renewal.Deviation(o, aged(90*day, 0), vault.Settings{}); got != "" {
		t.Errorf("a policy that is followed: %s", got)
	}
	hand := *o.Policy
	hand.Issuer.Name = "Unknown"
	if got := renewal.Deviation(vault.Object{Policy: &hand}, aged(30*day, 0), vault.Settings{}); got != "" {
		t.Errorf("nothing renews: %s", got)
	}
}
