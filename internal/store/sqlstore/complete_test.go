package sqlstore

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"certwright/internal/store/storetest"
	"certwright/internal/vault"
)

// Of an object every member is stored, in its columns or in its record.
func TestObjectsAreComplete(t *testing.T) {
	t.Parallel()
	s := openInside(t)
	var o vault.Object
	storetest.Fill(t, &o)
	o.Rev, o.Managed = 0, false
	op := o.Operation
	op.Ref, op.Staged.Ref, op.Staged.Managed, op.Staged.Pending = o.Ref, o.Ref, false, false
	for _, attributes := range []*vault.Attributes{&o.Placeholder.Attributes, &op.Staged.Attributes} { // in whole seconds
		for _, at := range []*time.Time{&attributes.NotBefore, &attributes.Expires, &attributes.Created, &attributes.Updated} {
			*at = at.Truncate(time.Second)
		}
	}
	samePolicy := o
	samePolicy.Operation = new(vault.Operation)
	*samePolicy.Operation = *op
	samePolicy.Operation.Policy = *o.Policy
	samePolicy.Name += " of the second"
	samePolicy.Operation.Ref, samePolicy.Operation.Staged, samePolicy.Operation.LaterStaged = samePolicy.Ref, nil, ""
	for _, o := range []vault.Object{o, samePolicy} {
		if err := s.Update(t.Context(), func(tx vault.Tx) error {
			stored := o
			return tx.PutObject(&stored)
		}); err != nil {
			t.Fatal(err)
		}
		var got vault.Object
		if err := s.View(t.Context(), func(r vault.Reader) (err error) {
			got, err = r.Object(o.Ref)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		got.Rev = 0
		if diff := cmp.Diff(o, got); diff != "" {
			t.Errorf("object (-want +got):\n%s", diff)
		}
	}
}
