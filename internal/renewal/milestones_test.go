package renewal_test

import (
	"testing"
	"time"

	"certwright/internal/renewal"
	"certwright/internal/vault"
)

var born = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// Triggers follow the certificate's real lifetime.
func TestTriggerDue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		trigger vault.Trigger
		life    time.Duration
		want    time.Duration // after the beginning
	}{
		{vault.Trigger{LifetimePercentage: 80}, 100 * day, 80 * day},
		{vault.Trigger{LifetimePercentage: 1}, 30 * day, 30 * day / 100}, // a known test trick
		{vault.Trigger{LifetimePercentage: 99}, 6 * day, 6 * day / 100 * 99},
		{vault.Trigger{DaysBeforeExpiry: 30}, 90 * day, 60 * day},
		{vault.Trigger{DaysBeforeExpiry: 46}, 47 * day, day},
		{vault.Trigger{DaysBeforeExpiry: 47}, 47 * day, 47 * day / 3 * 2}, // else it would be due for ever
		{vault.Trigger{DaysBeforeExpiry: 60}, 47 * day, 47 * day / 3 * 2},
		{vault.Trigger{DaysBeforeExpiry: 1}, 6 * time.Hour, 4 * time.Hour},
	} {
		if got := renewal.Due(c.trigger, born, born.Add(c.life)).Sub(born); got != c.want {
			t.Errorf("%+v of %v: after %v, want %v", c.trigger, c.life, got, c.want)
		}
	}
}

// Renewals are spread by a time that stays the same, bounded on every side.
func TestSpread(t *testing.T) {
	t.Parallel()
	p := vault.Policy{Enabled: true, Issuer: vault.IssuerParams{Name: "Self"}, Lifetime: []vault.LifetimeAction{{Action: vault.AutoRenew, Trigger: vault.Trigger{LifetimePercentage: 80}}}}
	due := func(name string, life, most time.Duration) time.Duration {
		ref := vault.Ref{Vault: "v", Kind: vault.Certificates, Name: name}
		v := vault.Version{Ref: ref, ID: "1", Attributes: vault.Attributes{Enabled: true, NotBefore: born, Expires: born.Add(life)}}
		for _, d := range renewal.Milestones(vault.Object{Ref: ref, Policy: &p}, v, vault.Settings{RenewSpread: most}) {
			if d.What == vault.AutoRenew {
				return d.Due.Sub(born) - life/100*80
			}
		}
		t.Fatal("nothing is renewed")
		return 0
	}
	seen := map[time.Duration]bool{}
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		for _, c := range []struct{ life, most, bound time.Duration }{{100 * day, 6 * time.Hour, 6 * time.Hour}, {2 * day, 6 * time.Hour, 2 * day / 20}} {
			got := due(name, c.life, c.most)
			if got < 0 || got > c.bound || got != due(name, c.life, c.most) {
				t.Errorf("%s of %v: put off by %v", name, c.life, got)
			}
			seen[got] = true
		}
		if got := due(name, 100*day, 0); got != 0 {
			t.Errorf("%s: put off by %v though nothing is to be", name, got)
		}
	}
	if len(seen) < 8 {
		t.Errorf("only %d different times", len(seen))
	}
}

// What is due, by kind and state.
func TestMilestones(t *testing.T) {
	t.Parallel()
	actions := []vault.LifetimeAction{{Action: vault.AutoRenew, Trigger: vault.Trigger{LifetimePercentage: 80}}, {Action: vault.EmailContacts, Trigger: vault.Trigger{DaysBeforeExpiry: 10}}}
	policy := vault.Policy{Enabled: true, Issuer: vault.IssuerParams{Name: "Self"}, Lifetime: actions}
	off, manual := policy, policy
	off.Enabled, manual.Issuer.Name = false, "Unknown"
	version := vault.Version{ID: "1", Attributes: vault.Attributes{Enabled: true, NotBefore: born, Expires: born.Add(100 * day)}}
	disabled, eternal := version, version
	disabled.Attributes.Enabled, eternal.Attributes.Expires = false, time.Time{}
	certificate := vault.Object{Ref: vault.Ref{Kind: vault.Certificates}, Policy: &policy}
	with := func(o vault.Object, change func(*vault.Object)) vault.Object { change(&o); return o }
	for name, c := range map[string]struct {
		o    vault.Object
		v    vault.Version
		l    vault.Schedule
		busy bool
		want map[string]time.Duration
	}{
		"all":              {certificate, version, vault.Schedule{}, false, map[string]time.Duration{vault.MilestoneDue: 80 * day, vault.AutoRenew: 80 * day, vault.EmailContacts: 90 * day, vault.MilestoneNearExpiry: 70 * day, vault.MilestoneExpired: 100 * day}},
		"in progress":      {certificate, version, vault.Schedule{}, true, map[string]time.Duration{vault.MilestoneDue: 80 * day, vault.EmailContacts: 90 * day, vault.MilestoneNearExpiry: 70 * day, vault.MilestoneExpired: 100 * day}},
		"done":             {certificate, version, vault.Schedule{Done: []string{vault.EmailContacts, vault.MilestoneNearExpiry}}, false, map[string]time.Duration{vault.MilestoneDue: 80 * day, vault.AutoRenew: 80 * day, vault.MilestoneExpired: 100 * day}},
		"failed":           {certificate, version, vault.Schedule{Retry: born.Add(85 * day)}, true, map[string]time.Duration{vault.MilestoneDue: 80 * day, vault.EmailContacts: 90 * day, vault.MilestoneNearExpiry: 70 * day, vault.MilestoneExpired: 100 * day}},
		"to be tried":      {certificate, version, vault.Schedule{Retry: born.Add(85 * day), Done: []string{vault.MilestoneNearExpiry}}, false, map[string]time.Duration{vault.MilestoneDue: 80 * day, vault.AutoRenew: 85 * day, vault.EmailContacts: 90 * day, vault.MilestoneExpired: 100 * day}},
		"suggested":        {certificate, version, vault.Schedule{Picked: born.Add(20 * day), AskAgain: born.Add(day)}, false, map[string]time.Duration{vault.MilestoneDue: 20 * day, vault.AutoRenew: 20 * day, vault.MilestoneAsk: day, vault.EmailContacts: 90 * day, vault.MilestoneNearExpiry: 70 * day, vault.MilestoneExpired: 100 * day}},
		"suggested late":   {certificate, version, vault.Schedule{Picked: born.Add(90 * day)}, false, map[string]time.Duration{vault.MilestoneDue: 80 * day, vault.AutoRenew: 80 * day, vault.EmailContacts: 90 * day, vault.MilestoneNearExpiry: 70 * day, vault.MilestoneExpired: 100 * day}},
		"policy off":       {with(certificate, func(o *vault.Object) { o.Policy = &off }), version, vault.Schedule{}, false, map[string]time.Duration{vault.MilestoneNearExpiry: 70 * day, vault.MilestoneExpired: 100 * day}},
		"version disabled": {certificate, disabled, vault.Schedule{}, false, map[string]time.Duration{vault.MilestoneNearExpiry: 70 * day, vault.MilestoneExpired: 100 * day}},
		"by hand":          {with(certificate, func(o *vault.Object) { o.Policy = &manual }), version, vault.Schedule{}, false, map[string]time.Duration{vault.EmailContacts: 90 * day, vault.MilestoneNearExpiry: 70 * day, vault.MilestoneExpired: 100 * day}},
		"no end":           {certificate, eternal, vault.Schedule{}, false, map[string]time.Duration{}},
		"deleted":          {with(certificate, func(o *vault.Object) { o.Deletion = &vault.Deletion{} }), version, vault.Schedule{}, false, map[string]time.Duration{}},
		"not yet made":     {with(certificate, func(o *vault.Object) { o.Placeholder = &vault.Placeholder{} }), version, vault.Schedule{}, false, map[string]time.Duration{}},
		"key":              {vault.Object{Ref: vault.Ref{Kind: vault.Keys}}, version, vault.Schedule{}, false, map[string]time.Duration{vault.MilestoneExpired: 100 * day}},
		"managed key":      {vault.Object{Ref: vault.Ref{Kind: vault.Keys}, Managed: true}, version, vault.Schedule{}, false, map[string]time.Duration{}},
		"secret":           {vault.Object{Ref: vault.Ref{Kind: vault.Secrets}}, version, vault.Schedule{}, false, map[string]time.Duration{vault.MilestoneNearExpiry: 70 * day, vault.MilestoneExpired: 100 * day}},
	} {
		due := renewal.Milestones(object(c.o, c.v, c.l, c.busy), c.v, vault.Settings{})
		if len(due) != len(c.want) {
			t.Errorf("%s: %v, want %v", name, due, c.want)
		}
		for _, d := range due {
			if after, ok := c.want[d.What]; !ok || !d.Due.Equal(born.Add(after)) {
				t.Errorf("%s: %s after %v, want %v", name, d.What, d.Due.Sub(born), after)
			}
		}
	}
}

// object is o of whose version v something was done, and that has an operation in progress or not.
func object(o vault.Object, v vault.Version, l vault.Schedule, busy bool) vault.Object {
	l.Version = v.ID
	o.Schedule = l
	if busy {
		o.Operation = &vault.Operation{Status: vault.InProgress}
	}
	return o
}
