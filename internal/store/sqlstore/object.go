package sqlstore

import (
	"fmt"

	"certwright/internal/vault"
)

// The bits of objects.shelf.
const (
	shelfPending = 1
	shelfDeleted = 2
)

func shelfOf(pending, deleted bool) (shelf int64) {
	if pending {
		shelf |= shelfPending
	}
	if deleted {
		shelf |= shelfDeleted
	}
	return shelf
}

// deletion is that of an object on a shelf.
func deletion(shelf int64, d vault.Deletion) *vault.Deletion {
	if shelf&shelfDeleted == 0 {
		return nil
	}
	return &d
}

func place(ref vault.Ref, more ...any) []any {
	return append([]any{ref.Vault, string(ref.Kind), ref.Key()}, more...)
}

// An objectRow is the row of an object.
type objectRow struct {
	vault.Object
	shelf int64
	gone  vault.Deletion
	until int64
	body  string
	raw   packed
}

const objectColumns = `o.vault, o.kind, o.name, o.shelf, o.latest, o.deleted_at, o.purge_at, o.held, o.token, o.leased_until, o.attempt, o.rev, o.body, o.raw`

func (r *objectRow) into() []any {
	return []any{&r.Vault, &r.Kind, &r.Name, &r.shelf, &r.Latest, (*inNanos)(&r.gone.At), (*inNanos)(&r.gone.PurgeAt),
		&r.Lease.Kind, &r.Lease.Token, &r.until, &r.Attempt, &r.Rev, &r.body, &r.raw.bytes}
}

// object returns the object of a row that was read.
func (r *objectRow) object() (vault.Object, error) {
	o := r.Object
	o.Deletion = deletion(r.shelf, r.gone)
	if o.Lease.Token != "" {
		o.Lease.Until = atInstant(r.until)
	}
	var rec objectRecord
	if err := decode(r.body, &rec, &rec.V); err != nil {
		return vault.Object{}, err
	}
	return o, rec.fill(&o, r.raw)
}

// A certificate may be asked for as a key or secret; of the two there is one at most.
const sqlObject = `SELECT ` + objectColumns + ` FROM objects o
WHERE o.vault = $1 AND o.key = $3 AND o.kind IN ($2, 'certificates')`

const sqlOwnObject = `SELECT ` + objectColumns + ` FROM objects o WHERE o.vault = $1 AND o.key = $3 AND o.kind = $2`

// Object implements vault.Reader.
func (r *reader) Object(ref vault.Ref) (vault.Object, error) {
	text := sqlOwnObject
	if ofCertificates(ref.Kind) {
		text = sqlObject
	}
	var row objectRow
	if err := r.one("object", text, place(ref), row.into()...); err != nil {
		return vault.Object{}, err
	}
	o, err := row.object()
	if err != nil {
		return vault.Object{}, fmt.Errorf("read object: %w", err)
	}
	return o.As(ref.Kind), nil
}

// ofCertificates reports whether certificates are seen as objects of a kind.
func ofCertificates(k vault.Kind) bool { return k == vault.Keys || k == vault.Secrets }

const (
	sqlAllObjects = `SELECT ` + objectColumns + ` FROM objects o
WHERE (o.vault, o.key, o.kind) > ($1, $3, $2) ORDER BY o.vault, o.key, o.kind LIMIT $4 + 0`

	// The last vault is bound too, so that one statement lists one vault or all.
	// Only certificates have a status.
	sqlOrders = `SELECT ` + objectColumns + ` FROM objects o
WHERE o.status IN ('inProgress', 'failed') AND o.status = $1 AND (o.vault, o.key) > ($2, $3) AND o.vault <= $4
ORDER BY o.vault, o.key LIMIT $5 + 0`
)

// lastVault sorts behind every name of a vault.
const lastVault = "~"

// AllObjects implements vault.Reader.
func (r *reader) AllObjects(after vault.Ref, limit int) ([]vault.Object, error) {
	return r.objects(sqlAllObjects, place(after, max(limit, 0))...)
}

// Orders implements vault.Reader.
func (r *reader) Orders(status vault.Status, vaultName string, after vault.Ref, limit int) ([]vault.Object, error) {
	first, last := after.Vault, lastVault
	if vaultName != "" {
		first, last = vaultName, vaultName
	}
	return r.objects(sqlOrders, string(status), first, after.Key(), last, max(limit, 0))
}

func (r *reader) objects(text string, args ...any) ([]vault.Object, error) {
	list := []vault.Object{}
	var row objectRow
	err := r.each("objects", text, args, row.into(), func() error {
		o, err := row.object()
		list = append(list, o)
		return err
	})
	return list, err
}
