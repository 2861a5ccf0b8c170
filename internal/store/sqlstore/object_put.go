package sqlstore

import (
	"errors"
	"math/rand/v2"

	"certwright/internal/store/record"
	"certwright/internal/vault"
)

var errManaged = errors.New("what belongs to a certificate is put and purged with the certificate")

const (
	// A new object finds its name free of others of its kind, and of those that
	// $20 and $21 name: they cannot share it.
	sqlInsertObject = `INSERT INTO objects (vault, kind, key, name, shelf, latest, deleted_at, purge_at, status, due, job, attempt, rev, body, raw, held, token, leased_until, mac)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19
WHERE NOT EXISTS (SELECT 1 FROM objects WHERE vault = $1 AND key = $3 AND kind IN ($2, $20, $21))
ON CONFLICT DO NOTHING`

	// A lease that was extended since the object was read stays so.
	sqlUpdateObject = `UPDATE objects SET name = $4, shelf = $5, latest = $6, deleted_at = $7, purge_at = $8, status = $9, due = $10, job = $11, attempt = $12, rev = $13, body = $14, raw = $15,
  held = $16, token = $17, leased_until = CASE WHEN token = $17 THEN leased_until ELSE $18 END, mac = $19
WHERE vault = $1 AND kind = $2 AND key = $3 AND rev = $20`
)

// PutObject implements vault.Tx.
func (t *tx) PutObject(o *vault.Object) error {
	if o.Managed {
		return errManaged
	}
	rev := o.Rev + 1
	if o.Rev == 0 {
		rev = firstRev()
	}
	var until int64
	if o.Lease.Token != "" {
		until = t.session.shared(o.Lease.Until)
	}
	text, args := sqlUpdateObject, objectArgs(o, rev, until)
	args = append(args, t.session.mac(isObject, args[:objectSealed]...))
	if o.Rev != 0 {
		args = append(args, o.Rev)
	} else {
		text = sqlInsertObject
		a, b := rivals(o.Kind)
		args = append(args, string(a), string(b))
	}
	if err := t.swap("object", text, args...); err != nil {
		return err
	}
	t.touched(o.Ref)
	t.puts = append(t.puts, raised{o, o.Rev})
	o.Rev = rev
	return nil
}

// firstRev is the revision of a new object: not one that another object of its
// name had before it was purged, so that whoever read that one finds it gone.
func firstRev() int64 { return 1 + rand.Int64N(1<<52) }

// objectArgs are $1 to $18 of an insert or update, in the order of objectColumns.
func objectArgs(o *vault.Object, rev, until int64) []any {
	var at, purge, due *int64
	if o.Deletion != nil {
		at, purge = record.Nanos(o.Deletion.At), record.Nanos(o.Deletion.PurgeAt)
	}
	var status vault.Status
	if o.Kind == vault.Certificates && o.Operation != nil {
		status = o.Operation.Status
	}
	kind, next, ok := o.NextJob()
	if ok {
		n := record.Instant(next)
		due = &n
	}
	body, raw := record.Object(o)
	return place(o.Ref, o.Name, shelfOf(o.Pending(), o.Deletion != nil), o.Latest, at, purge, string(status), due, string(kind),
		o.Attempt, rev, body, raw, string(o.Lease.Kind), o.Lease.Token, until)
}

// rivals are the kinds of which no object may have the name of one of the kind.
func rivals(k vault.Kind) (a, b vault.Kind) {
	switch k {
	case vault.Certificates:
		return vault.Keys, vault.Secrets
	case vault.Keys, vault.Secrets:
		return vault.Certificates, vault.Certificates
	}
	return k, k
}
