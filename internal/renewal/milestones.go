package renewal

import (
	"time"

	"certwright/internal/vault"
)

// nearExpiry is the date before the expiry on which Key Vault tells programs.
const nearExpiry = 30 * day

// Due is when a trigger fires for a certificate with these dates. A number of
// days beyond the validity of a certificate is taken as two thirds of its
// lifetime: otherwise every new version would be due at once.
func Due(t vault.Trigger, notBefore, expires time.Time) time.Time {
	if at := written(t, notBefore, expires); at.After(notBefore) || t.DaysBeforeExpiry == 0 {
		return at
	}
	return notBefore.Add(expires.Sub(notBefore) / 3 * 2)
}

// written is when a trigger fires by its words alone.
func written(t vault.Trigger, notBefore, expires time.Time) time.Time {
	if t.DaysBeforeExpiry > 0 {
		return expires.Add(-time.Duration(t.DaysBeforeExpiry) * day)
	}
	return notBefore.Add(expires.Sub(notBefore) / 100 * time.Duration(t.LifetimePercentage))
}

// Milestones returns what is still to be done for the current version of an
// object. While an operation is in progress nothing is renewed.
func Milestones(o vault.Object, v vault.Version, s vault.Settings) []vault.Milestone {
	if o.Deletion != nil || o.Pending() || o.Managed || v.Attributes.Expires.IsZero() {
		return nil
	}
	schedule := o.Schedule.Of(v.ID)
	var list []vault.Milestone
	add := func(what string, due time.Time) {
		if !schedule.Did(what) {
			list = append(list, vault.Milestone{What: what, Due: due})
		}
	}
	if o.Kind == vault.Certificates {
		actions(o, v, schedule, s, add)
	}
	if o.Kind != vault.Keys { // a key says in its rotation policy when that is told
		near := s.NearExpiry
		if near == 0 {
			near = nearExpiry
		}
		add(vault.MilestoneNearExpiry, v.Attributes.Expires.Add(-near))
	}
	add(vault.MilestoneExpired, v.Attributes.Expires)
	return list
}

// actions adds the lifetime actions of a certificate that is in use. An expired
// one is renewed too: better late than never.
func actions(o vault.Object, v vault.Version, schedule vault.Schedule, s vault.Settings, add func(string, time.Time)) {
	p, a := o.Policy, v.Attributes
	if p == nil || !p.Enabled || !a.Enabled {
		return
	}
	if !schedule.AskAgain.IsZero() {
		add(vault.MilestoneAsk, schedule.AskAgain)
	}
	for _, action := range p.Lifetime {
		switch {
		case action.Action != vault.AutoRenew:
			add(vault.EmailContacts, Due(action.Trigger, a.NotBefore, a.Expires))
		case !(vault.Operation{IssuerName: p.Issuer.Name}).Manual():
			due := Of(action.Trigger, v, s).Due
			plan := planned(schedule, v, due.Add(spread(v, due, s.RenewSpread)), s)
			if !o.InProgress() {
				add(vault.AutoRenew, later(plan, schedule.Retry))
			}
			lateness(schedule, plan, a.Expires, add)
		}
	}
}

const day = 24 * time.Hour
