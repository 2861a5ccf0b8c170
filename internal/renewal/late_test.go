package renewal_test

import (
	"testing"
	"time"

	"certwright/internal/renewal"
	"certwright/internal/vault"
)

// When people are told that a renewal does not get through.
func TestLateness(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		left       time.Duration // when it fell due
		late, last time.Duration // after that; last 0: never
	}{
		"a year at 80 percent":      {73 * day, 73 * day / 3, 73*day - 73*day/10},
		"30 days before the expiry": {30 * day, 10 * day, 27 * day},
		"a tenth is a day":          {10 * day, 10 * day / 3, 9 * day},
		"a tenth is less":           {6 * day, 2 * day, 5 * day},
		"three days":                {3 * day, day, 2 * day},
		"a day, never before late":  {day, 8 * time.Hour, 16 * time.Hour},
		"minutes":                   {3 * time.Minute, time.Minute, 2 * time.Minute},
		"nothing":                   {0, time.Hour, 0},
		"it had expired":            {-day, time.Hour, 0},
	} {
		late, last := renewal.Lateness(born, born.Add(c.left))
		if got := late.Sub(born); got != c.late {
			t.Errorf("%s: late after %v, want %v", name, got, c.late)
		}
		if last.IsZero() != (c.last == 0) || !last.IsZero() && last.Sub(born) != c.last {
			t.Errorf("%s: told again at %v, want %v after it fell due", name, last, c.last)
		}
		if !last.IsZero() && (last.Before(late) || !last.Before(born.Add(c.left))) {
			t.Errorf("%s: told at %v and %v, and it expires after %v", name, late.Sub(born), last.Sub(born), c.left)
		}
	}
}

// What is told of a renewal that fell due, by plan and state.
func TestLatenessIsAMilestone(t *testing.T) {
	t.Parallel()
	action := func(what string, percent int) []vault.LifetimeAction {
		return []vault.LifetimeAction{{Action: what, Trigger: vault.Trigger{LifetimePercentage: percent}}}
	}
	version := vault.Version{ID: "1", Attributes: vault.Attributes{Enabled: true, NotBefore: born, Expires: born.Add(100 * day)}}
	disabled := version
	disabled.Attributes.Enabled = false
	said := []string{vault.MilestoneNearExpiry, vault.MilestoneExpired}
	for name, c := range map[string]struct {
		policy vault.Policy
		v      vault.Version
		l      vault.Schedule
		busy   bool
		want   map[string]time.Duration
	}{
		"not yet due":           {vault.Policy{Lifetime: action(vault.AutoRenew, 70)}, version, vault.Schedule{}, false, map[string]time.Duration{vault.AutoRenew: 70 * day, vault.MilestoneDue: 70 * day}},
		"another order is busy": {vault.Policy{Lifetime: action(vault.AutoRenew, 70)}, version, vault.Schedule{}, true, map[string]time.Duration{vault.MilestoneDue: 70 * day}},
		"it is under way":       {vault.Policy{Lifetime: action(vault.AutoRenew, 70)}, version, vault.Schedule{Since: born.Add(70 * day)}, true, map[string]time.Duration{vault.MilestoneLate: 80 * day, vault.MilestoneLast: 97 * day}},
		"it failed":             {vault.Policy{Lifetime: action(vault.AutoRenew, 70)}, version, vault.Schedule{Since: born.Add(70 * day), Retry: born.Add(75 * day)}, false, map[string]time.Duration{vault.AutoRenew: 75 * day, vault.MilestoneLate: 80 * day, vault.MilestoneLast: 97 * day}},
		"the server was down":   {vault.Policy{Lifetime: action(vault.AutoRenew, 10)}, version, vault.Schedule{Since: born.Add(70 * day)}, true, map[string]time.Duration{vault.MilestoneLate: 80 * day, vault.MilestoneLast: 97 * day}},
		"told":                  {vault.Policy{Lifetime: action(vault.AutoRenew, 70)}, version, vault.Schedule{Since: born.Add(70 * day), Done: []string{vault.MilestoneLate}}, true, map[string]time.Duration{vault.MilestoneLast: 97 * day}},
		"the plan was put off":  {vault.Policy{Lifetime: action(vault.AutoRenew, 90)}, version, vault.Schedule{Since: born.Add(70 * day)}, false, map[string]time.Duration{vault.AutoRenew: 90 * day, vault.MilestoneLate: 90*day + 10*day/3, vault.MilestoneLast: 99 * day}},
		"mail only":             {vault.Policy{Lifetime: action(vault.EmailContacts, 70)}, version, vault.Schedule{Since: born.Add(70 * day)}, false, map[string]time.Duration{vault.EmailContacts: 70 * day}},
		"disabled":              {vault.Policy{Lifetime: action(vault.AutoRenew, 70)}, disabled, vault.Schedule{Since: born.Add(70 * day)}, false, map[string]time.Duration{}},
		"by hand":               {vault.Policy{Issuer: vault.IssuerParams{Name: "Unknown"}, Lifetime: action(vault.AutoRenew, 70)}, version, vault.Schedule{Since: born.Add(70 * day)}, false, map[string]time.Duration{}},
	} {
		c.policy.Enabled = true
		if c.policy.Issuer.Name == "" {
			c.policy.Issuer.Name = "ca"
		}
		c.l.Done = append(c.l.Done, said...)
		got := map[string]time.Duration{}
		for _, d := range renewal.Milestones(object(vault.Object{Ref: vault.Ref{Kind: vault.Certificates}, Policy: &c.policy}, c.v, c.l, c.busy), c.v, vault.Settings{}) {
			got[d.What] = d.Due.Sub(born)
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		for what, want := range c.want {
			if d, ok := got[what]; !ok || d != want {
				t.Errorf("%s: %s after %v, want %v", name, what, d, want)
			}
		}
	}
}
