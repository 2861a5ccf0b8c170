package config

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"certwright/internal/access"
	"certwright/internal/setting"
	"certwright/internal/vault"
)

// A Vault fixes the settings of one vault. Vaults that are not named come into
// being at their first write, with 90 days, no purge protection, premium.
type Vault struct {
	Name            string
	SoftDeleteDays  int // 7..90; 0 means 90
	PurgeProtection bool
	SKU             string // standard, premium, or hsm (oct keys and random bytes too); "" means premium

	NearExpiryDays int           // 0: as for the server
	RenewSpread    time.Duration // 0: as for the server

	MaxVersions int   // of a name; 0: any number
	Quota       Quota // of names

	// Of a production server alone; serveFields gives each its key.
	Access  access.VaultSettings
	Network access.Network
}

// Fields implements setting.Settings.
func (v *Vault) Fields() []setting.Field {
	return append([]setting.Field{
		setting.Text("name", &v.Name),
		setting.Number("soft_delete_days", &v.SoftDeleteDays),
		setting.Switch("purge_protection", &v.PurgeProtection),
		setting.Text("sku", &v.SKU),
		setting.Number("near_expiry_days", &v.NearExpiryDays),
		setting.Duration("renew_spread", &v.RenewSpread),
		setting.Number("max_versions", &v.MaxVersions),
		setting.Group("quota", &v.Quota),
	}, v.serveFields()...)
}

func checkVaults(vaults []Vault) (wrong []error) {
	seen := map[string]bool{}
	for _, v := range vaults {
		name := strings.ToLower(v.Name)
		switch {
		case vault.CheckVaultName(name) != nil:
			wrong = append(wrong, fmt.Errorf("vaults: %q is not a valid vault name: use 1 to 63 characters of 0-9, a-z and -", v.Name))
		case seen[name]:
			wrong = append(wrong, fmt.Errorf("vaults: %s is there twice; leave one of them out", name))
		}
		seen[name] = true
		wrong = append(wrong, v.checkCaps(name)...)
		for _, err := range checkAges(" of "+name, v.NearExpiryDays, v.RenewSpread) {
			wrong = append(wrong, fmt.Errorf("vaults: %w", err))
		}
		if v.SoftDeleteDays != 0 && (v.SoftDeleteDays < 7 || v.SoftDeleteDays > 90) {
			wrong = append(wrong, fmt.Errorf("vaults: soft_delete_days of %s is %d; it must be 7 to 90", v.Name, v.SoftDeleteDays))
		}
		if v.SKU != "" && v.SKU != "premium" && v.SKU != "standard" && v.SKU != "hsm" {
			wrong = append(wrong, fmt.Errorf("vaults: sku of %s is %q; it must be premium, standard or hsm", v.Name, v.SKU))
		}
	}
	return wrong
}

// VaultSettings returns what is fixed for each vault, by its name.
func (c Config) VaultSettings() func(name string) vault.Settings {
	usual := func(name string) vault.Settings {
		s := vault.DefaultSettings(name)
		s.NearExpiry, s.RenewSpread = time.Duration(c.NearExpiryDays)*day, c.RenewSpread
		s.RenewFloor, s.RenewShare = c.RenewFloor, c.RenewFloorPercent
		s.AsWritten = c.RenewFloor == 0 && c.RenewFloorPercent == 0 // tests renew at one percent of a month
		return s
	}
	known := map[string]vault.Settings{}
	for _, v := range c.Vaults {
		s := usual(strings.ToLower(v.Name))
		s.NearExpiry = cmp.Or(time.Duration(v.NearExpiryDays)*day, s.NearExpiry)
		s.RenewSpread = cmp.Or(v.RenewSpread, s.RenewSpread)
		if v.SoftDeleteDays != 0 {
			s.SoftDeleteDays = v.SoftDeleteDays
		}
		s.PurgeProtection = v.PurgeProtection
		s.Premium, s.HSM = v.SKU != "standard", v.SKU == "hsm"
		s.MaxVersions, s.Quota = v.MaxVersions, vault.Quota(v.Quota)
		known[s.Name] = s
	}
	return func(name string) vault.Settings {
		if s, ok := known[strings.ToLower(name)]; ok {
			return s
		}
		return usual(name)
	}
}
