package service

import (
	"time"

	"certwright/internal/engine"
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

// addVersion stores a new version of a plain key or secret and makes it the
// current one. It returns the version as stored. verb is what a certificate's
// key or secret refuses.
func addVersion(tx vault.Tx, v vault.Version, verb string, edit func(head *vault.Object, previous string, v *vault.Version)) (vault.Version, error) {
	head, exists, err := engine.Found(tx.Object(v.Ref))
	if err != nil {
		return v, err
	}
	if exists {
		v.Ref = head.Ref
	} else {
		head = vault.Object{Ref: v.Ref, Created: v.Attributes.Created}
	}
	if err := mayHold(tx, v.Ref, verb, head, exists); err != nil {
		return v, err
	}
	previous := head.Latest
	if v.Attributes, err = engine.DatedApart(tx, v.Ref, previous, v.Attributes); err != nil {
		return v, err
	}
	head.Latest = v.ID
	if edit != nil {
		edit(&head, previous, &v)
	}
	if _, err := tx.PutObject(head); err != nil {
		return v, err
	}
	return v, tx.PutVersion(v)
}

// mayHold refuses a plain key or secret under a name that a certificate has,
// or that is soft-deleted.
func mayHold(r vault.Reader, ref vault.Ref, verb string, head vault.Object, exists bool) error {
	switch {
	case exists && head.Deletion != nil:
		return vault.DeletedButRecoverable(ref)
	case exists && head.Managed:
		return vault.ManagedObject(ref.Kind, verb)
	case exists:
		return nil
	}
	_, taken, err := engine.Found(r.Object(ref.As(vault.Certificates)))
	if err == nil && taken {
		err = vault.NameOfCertificate(ref)
	}
	return err
}

// rewrite replaces a version of a plain key or secret under the same id.
func rewrite(tx vault.Tx, v vault.Version) error {
	if err := tx.DeleteVersion(v.Ref, v.ID); err != nil {
		return err
	}
	return tx.PutVersion(v)
}
