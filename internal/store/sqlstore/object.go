package sqlstore

import (
	"database/sql/driver"
	"fmt"

	"certwright/internal/store/record"
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
	raw   []byte

	key, status string
	job         vault.JobKind
	due         int64
	mac         []byte
}

// The first objectSealed columns are what the MAC is over.
const (
	objectColumns = `o.vault, o.kind, o.key, o.name, o.shelf, o.latest, o.deleted_at, o.purge_at, o.status, o.due, o.job, o.attempt, o.rev, o.body, o.raw, o.held, o.token, o.leased_until, o.mac`
	objectSealed  = 15
	objectRev     = 12 // the place of rev
)

func (r *objectRow) into() []any {
	return []any{&r.Vault, &r.Kind, &r.key, &r.Name, &r.shelf, &r.Latest, (*inNanos)(&r.gone.At), (*inNanos)(&r.gone.PurgeAt),
		&r.status, &r.due, &r.job, &r.Attempt, &r.Rev, &r.body, &r.raw, &r.Lease.Kind, &r.Lease.Token, &r.until, &r.mac}
}

// proved reports whether the row, read last, bears its seal; columns are the session's.
func (r *objectRow) proved(s *session, columns []driver.Value) bool {
	return r.key == r.Key() && s.proved(isObject, r.mac, nil, columns[:objectSealed])
}

// place names the row, as its columns do by which it was found.
func (r *objectRow) place() string { return r.Vault + "/" + string(r.Kind) + "/" + r.key }

// object returns the object of a row that was read.
func (r *objectRow) object(s *session) (vault.Object, error) {
	o := r.Object
	o.Deletion = deletion(r.shelf, r.gone)
	if o.Lease.Token != "" {
		o.Lease.Until = s.own(r.until)
	}
	err := record.FillObject(&o, r.body, r.raw)
	return o, err
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
	if !row.proved(r.session, r.session.row) {
		return vault.Object{}, r.session.refused(isObject, row.place())
	}
	o, err := row.object(r.session)
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

	sqlRevisions = `SELECT o.vault, o.kind, o.key, o.rev FROM objects o
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
	return r.objects(sqlAllObjects, limit, func(last *vault.Ref) []any {
		if last != nil {
			after = *last
		}
		return place(after)
	})
}

// Revisions implements vault.Reader.
func (r *reader) Revisions(after vault.Ref, limit int) ([]vault.Revised, error) {
	list := []vault.Revised{}
	var row vault.Revised
	err := r.each("revisions", sqlRevisions, place(after, max(limit, 0)), []any{&row.Vault, &row.Kind, &row.Name, &row.Rev}, func() error {
		list = append(list, row)
		return nil
	})
	return list, err
}

// Orders implements vault.Reader.
func (r *reader) Orders(status vault.Status, vaultName string, after vault.Ref, limit int) ([]vault.Object, error) {
	first, end := after.Vault, lastVault
	if vaultName != "" {
		first, end = vaultName, vaultName
	}
	return r.objects(sqlOrders, limit, func(last *vault.Ref) []any {
		if last != nil {
			first, after = last.Vault, *last
		}
		return []any{string(status), first, after.Key(), end}
	})
}

// objects lists up to limit objects. Those that are not proved are told of and
// left out; others stand in for them, so that a page that is not full is the
// last. from returns the arguments, but for the limit, of the rows after one, or of the first.
func (r *reader) objects(text string, limit int, from func(last *vault.Ref) []any) ([]vault.Object, error) {
	list := []vault.Object{}
	limit = max(limit, 0)
	var last *vault.Ref
	for {
		var row objectRow
		want, read := limit-len(list), 0
		err := r.each("objects", text, append(from(last), want), row.into(), func() error {
			read++
			last = &vault.Ref{Vault: row.Vault, Kind: row.Kind, Name: row.key}
			if !row.proved(r.session, r.session.row) {
				_ = r.session.refused(isObject, row.place())
				return nil
			}
			o, err := row.object(r.session)
			list = append(list, o)
			return err
		})
		if err != nil || read < want || len(list) == limit {
			return list, err
		}
	}
}
