package vault

import "time"

// Settings are what an operator fixed for a vault.
type Settings struct {
	Name            string
	SoftDeleteDays  int  // 7..90
	PurgeProtection bool // deleted objects cannot be purged before their date
	Premium         bool // -HSM key types are accepted
	HSM             bool // the vault is a managed HSM: oct keys and random bytes

	NearExpiry  time.Duration // how long before its expiry an object is told to be near it; 0: 30 days
	RenewSpread time.Duration // renewals are put off by up to this, and a twentieth of the lifetime, so that they do not all come at once
	RenewFloor  time.Duration // a name renews by itself at most once in this time; 0: a day
	RenewShare  int           // and once in this part of its lifetime, in percent; 0: 10
	AsWritten   bool          // a lifetime_percentage below that is followed all the same, for tests

	MaxVersions int   // that a caller may have made of a name; 0: any number
	Quota       Quota // names that the vault may hold
}

// A Quota is how many names of a kind a vault may hold, deleted ones that are not
// purged yet among them; 0: any number. A certificate's key and secret are none of
// their own.
type Quota struct{ Certificates, Keys, Secrets int }

// Of is the quota of a kind.
func (q Quota) Of(k Kind) int {
	switch k {
	case Certificates:
		return q.Certificates
	case Keys:
		return q.Keys
	case Secrets:
		return q.Secrets
	}
	return 0
}

// DefaultSettings are those of a vault nobody configured: 90 days, purgeable, premium.
func DefaultSettings(name string) Settings {
	return Settings{Name: name, SoftDeleteDays: 90, Premium: true}
}

// RecoveryLevel returns the deletion recovery level that attributes show (docs/contract/wire.md).
func (s Settings) RecoveryLevel() string {
	level := "Recoverable"
	if s.SoftDeleteDays < 90 {
		level = "CustomizedRecoverable"
	}
	if !s.PurgeProtection {
		level += "+Purgeable"
	}
	return level
}

// Deletion returns the deletion of an object removed at now.
func (s Settings) Deletion(now time.Time) Deletion {
	return Deletion{At: now, PurgeAt: now.Add(time.Duration(s.SoftDeleteDays) * 24 * time.Hour)}
}
