package servicetest

import (
	"certwright/internal/policy"
	"certwright/internal/vault"
)

// Policy is a small EC policy by issuer.
func Policy(issuer string) *policy.Patch {
	return &policy.Patch{Key: &policy.KeyPatch{Type: new(vault.EC)}, X509: &policy.X509Patch{Subject: new("CN=web.example.test")},
		Secret: &policy.SecretPatch{ContentType: new(vault.PEM)}, Issuer: &policy.IssuerPatch{Name: new(issuer)}}
}

// Lives is a policy by issuer whose certificates live so long and do these things.
func Lives(issuer string, months int, actions ...vault.LifetimeAction) *policy.Patch {
	p := Policy(issuer)
	p.X509.ValidityMonths = &months
	p.Lifetime = &actions
	return p
}

// RenewAt renews when so many percent of the validity are over.
func RenewAt(percent int) vault.LifetimeAction {
	return vault.LifetimeAction{Action: vault.AutoRenew, Trigger: vault.Trigger{LifetimePercentage: percent}}
}

// RenewBefore renews so many days before the certificate expires.
func RenewBefore(days int) vault.LifetimeAction {
	return vault.LifetimeAction{Action: vault.AutoRenew, Trigger: vault.Trigger{DaysBeforeExpiry: days}}
}

// MailBefore writes to the contacts so many days before the certificate expires.
func MailBefore(days int) vault.LifetimeAction {
	return vault.LifetimeAction{Action: vault.EmailContacts, Trigger: vault.Trigger{DaysBeforeExpiry: days}}
}
