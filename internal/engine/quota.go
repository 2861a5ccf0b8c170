package engine

import "certwright/internal/vault"

// MayGrow refuses what a caller asks for where the settings of the vault cap it:
// the name of an object that is not there yet, or another version of one that is.
// It counts no further than the cap, and is for the transaction that stores.
// Renewals and rotations that the schedule begins do not ask: what was promised
// goes on.
func (d *Deps) MayGrow(r vault.Reader, o vault.Object) error {
	settings := d.Settings(o.Vault)
	if o.Rev == 0 {
		most := settings.Quota.Of(o.Kind)
		if most <= 0 {
			return nil
		}
		if n, err := r.Names(o.Vault, o.Kind, most); err != nil || n < most {
			return err
		}
		return vault.QuotaFull(o.Kind, o.Vault, most)
	}
	most := settings.MaxVersions
	if most <= 0 {
		return nil
	}
	if versions, err := r.Versions(o.Ref, "", most); err != nil || len(versions) < most {
		return err
	}
	return vault.VersionsFull(o.Ref, most)
}
