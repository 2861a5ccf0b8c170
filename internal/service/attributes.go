package service

import (
	"time"

	"certwright/internal/engine"
	"certwright/internal/schedule"
	"certwright/internal/vault"
)

// apply returns the attributes with the sent members set.
func (in AttributesInput) apply(a vault.Attributes, now time.Time) vault.Attributes {
	if in.Enabled != nil {
		a.Enabled = *in.Enabled
	}
	if in.NotBefore != nil {
		a.NotBefore = *in.NotBefore
	}
	if in.Expires != nil {
		a.Expires = *in.Expires
	}
	return a.Changed(now)
}

// check refuses dates that no moment lies between.
func (in AttributesInput) check() error {
	for field, t := range map[string]*time.Time{"nbf": in.NotBefore, "exp": in.Expires} {
		if t != nil && (t.Unix() < 0 || t.Year() > 9999) {
			return vault.Bad("attributes.%s is not a date from 1970 to 9999.", field)
		}
	}
	if in.NotBefore != nil && in.Expires != nil && !in.NotBefore.Before(*in.Expires) {
		return vault.Bad("attributes.exp must be later than attributes.nbf.")
	}
	return nil
}

// An addition is a new version of a plain key or secret on its way into the store.
type addition struct {
	v    vault.Version
	verb string                                        // what a certificate's key or secret refuses
	edit func(o *vault.Object, v *vault.Version) error // what else is changed or refused; nil: nothing
	due  bool                                          // the schedule asks for it, not a caller
}

// addVersion stores a new version of a plain key or secret and makes it the
// current one. It returns the version as stored.
func (s *shared) addVersion(tx vault.Tx, a addition) (vault.Version, error) {
	v := a.v
	o, there, err := engine.Found(tx.Object(v.Ref))
	switch {
	case err != nil:
		return v, err
	case there:
		if err := mayHold(v.Ref, a.verb, o); err != nil {
			return v, err
		}
		v.Ref = o.Ref
	default:
		o = vault.Object{Ref: v.Ref, Created: v.Attributes.Created}
	}
	if !a.due {
		if err := s.MayGrow(tx, o); err != nil {
			return v, err
		}
	}
	if v.Attributes, err = engine.DatedApart(tx, v.Ref, o.Latest, v.Attributes); err != nil {
		return v, err
	}
	if a.edit != nil {
		if err := a.edit(&o, &v); err != nil {
			return v, err
		}
	}
	o.Latest = v.ID
	if err := s.Scheduler.BeginVersion(tx, &o, v, false); err != nil {
		return v, err
	}
	if v.Kind == vault.Keys {
		schedule.PlanRotation(&o, v)
	}
	if err := tx.PutObject(&o); err != nil {
		return v, err
	}
	return v, tx.PutVersion(v)
}

// mayHold refuses a plain key or secret under a name that a certificate has,
// or that is soft-deleted.
func mayHold(ref vault.Ref, verb string, o vault.Object) error {
	switch {
	case o.Managed && o.Pending():
		return vault.NameOfCertificate(ref)
	case o.Deletion != nil:
		return vault.DeletedButRecoverable(ref)
	case o.Managed:
		return vault.ManagedObject(ref.Kind, verb)
	}
	return nil
}

// rewrite replaces a version of a plain key or secret under the same id.
func rewrite(tx vault.Tx, v vault.Version) error {
	if err := tx.DeleteVersion(v.Ref, v.ID); err != nil {
		return err
	}
	return tx.PutVersion(v)
}
