package config

import (
	"fmt"

	"certwright/internal/setting"
)

// A Quota is how many names of each kind a vault may hold; 0: any number.
type Quota struct{ Certificates, Keys, Secrets int }

// Fields implements setting.Settings.
func (q *Quota) Fields() []setting.Field {
	return []setting.Field{
		setting.Number("certificates", &q.Certificates),
		setting.Number("keys", &q.Keys),
		setting.Number("secrets", &q.Secrets),
	}
}

// What is capped is counted in a transaction, so caps are no larger.
const (
	mostVersions = 1000
	mostNames    = 100_000
)

// checkCaps refuses caps that cannot be kept.
func (v Vault) checkCaps(name string) (wrong []error) {
	for _, c := range []struct {
		key       string
		has, most int
	}{{"max_versions", v.MaxVersions, mostVersions}, {"quota: certificates", v.Quota.Certificates, mostNames},
		{"quota: keys", v.Quota.Keys, mostNames}, {"quota: secrets", v.Quota.Secrets, mostNames}} {
		if c.has < 0 || c.has > c.most {
			wrong = append(wrong, fmt.Errorf("vaults: %s of %s is %d; it must be 1 to %d, or 0 for none", c.key, name, c.has, c.most))
		}
	}
	return wrong
}
