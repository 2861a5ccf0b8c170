package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"

	"certwright/internal/vault"
)

var errEnded = errors.New("the transaction has ended")

// A reader reads rows in one transaction.
type reader struct {
	session *session
	ctx     context.Context // of the caller; looked at before each statement
	ended   atomic.Bool
}

func (r *reader) usable() error {
	if r.ended.Load() {
		return errEnded
	}
	return r.ctx.Err()
}

// one reads one row; errors other than vault.ErrNotFound say what was read.
func (r *reader) one(what, text string, args []any, into ...any) error {
	if err := r.usable(); err != nil {
		return err
	}
	err := r.session.one(text, args, into...)
	if err == nil || errors.Is(err, vault.ErrNotFound) {
		return err
	}
	return fmt.Errorf("read %s: %w", what, err)
}

func (r *reader) each(what, text string, args []any, row func(scan func(...any) error) error) error {
	if err := r.usable(); err != nil {
		return err
	}
	if err := r.session.each(text, args, row); err != nil {
		return fmt.Errorf("read %s: %w", what, err)
	}
	return nil
}

func place(ref vault.Ref, more ...any) []any {
	return append([]any{ref.Vault, string(ref.Kind), ref.Key()}, more...)
}

const sqlObject = `SELECT o.name, o.shelf, o.latest, o.managed, o.deleted_at, o.purge_at, o.created, o.rev, p.body
FROM objects o LEFT JOIN policies p ON p.vault = o.vault AND p.kind = o.kind AND p.key = o.key
WHERE o.vault = $1 AND o.kind = $2 AND o.key = $3`

// Object implements vault.Reader.
func (r *reader) Object(ref vault.Ref) (vault.Object, error) {
	o := vault.Object{Ref: ref}
	var shelf int64
	var deleted, purge, created *int64
	var policy sql.NullString
	err := r.one("object", sqlObject, place(ref), &o.Name, &shelf, &o.Latest, &o.Managed, &deleted, &purge, &created, &o.Rev, &policy)
	if err != nil {
		return vault.Object{}, err
	}
	o.Pending, o.Deletion, o.Created = shelf&shelfPending != 0, deletion(shelf, deleted, purge), atNanos(created)
	if policy.Valid {
		err = fillPolicy(&o, policy.String)
	}
	return o, err
}

func decodePolicy(text string) (vault.Policy, error) {
	var rec policyRecord
	err := decode(text, &rec, &rec.V)
	return rec.policy(), err
}

// The bits of objects.shelf.
const (
	shelfPending = 1
	shelfDeleted = 2
	shelfBehind  = 4 // the key or secret of a deleted certificate, which no list shows
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

// shelf is where the object stands.
func shelf(o vault.Object) int64 {
	s := shelfOf(o.Pending, o.Deletion != nil)
	if o.Managed && o.Deletion != nil {
		s |= shelfBehind
	}
	return s
}

func deletion(shelf int64, at, purge *int64) *vault.Deletion {
	if shelf&shelfDeleted == 0 {
		return nil
	}
	return &vault.Deletion{At: atNanos(at), PurgeAt: atNanos(purge)}
}

// entryRow is the part of a list row that comes from the table versions. All
// members may be NULL: the head may name a version that is not there.
type entryRow struct {
	enabled                    sql.NullBool
	nbf, exp, created, updated *int64
	tags, subject, contentType sql.NullString
	keyType                    sql.NullString
	exportable                 sql.NullBool
	thumbprint                 []byte
}

const entryColumns = `v.enabled, v.nbf, v.exp, v.created, v.updated, v.tags, v.thumbprint, v.subject, v.content_type, v.key_type, v.exportable`

func (e *entryRow) into() []any {
	return []any{&e.enabled, &e.nbf, &e.exp, &e.created, &e.updated, &e.tags, (*blob)(&e.thumbprint), &e.subject, &e.contentType, &e.keyType, &e.exportable}
}

func (e *entryRow) fill(to *vault.Entry) error {
	to.Attributes = vault.Attributes{Enabled: e.enabled.Bool, NotBefore: atSeconds(e.nbf), Expires: atSeconds(e.exp),
		Created: atSeconds(e.created), Updated: atSeconds(e.updated)}
	to.Thumbprint, to.Subject, to.ContentType = e.thumbprint, e.subject.String, e.contentType.String
	to.KeyType, to.Exportable = vault.KeyType(e.keyType.String), e.exportable.Bool
	if !e.tags.Valid {
		return nil
	}
	return json.Unmarshal([]byte(e.tags.String), &to.Tags)
}

const sqlVersion = `SELECT v.name, v.managed, v.pending, b.body, b.raw, ` + entryColumns + `
FROM versions v LEFT JOIN bodies b ON b.id = v.body
WHERE v.vault = $1 AND v.kind = $2 AND v.key = $3 AND v.id = $4`

// Version implements vault.Reader.
func (r *reader) Version(ref vault.Ref, id string) (vault.Version, error) {
	v := vault.Version{Ref: ref, ID: id}
	var row entryRow
	var body sql.NullString
	var raw packed
	into := append([]any{&v.Name, &v.Managed, &v.Pending, &body, &raw.bytes}, row.into()...)
	if err := r.one("version", sqlVersion, place(ref, id), into...); err != nil {
		return vault.Version{}, err
	}
	var e vault.Entry
	if err := row.fill(&e); err != nil {
		return vault.Version{}, fmt.Errorf("read version: %w", err)
	}
	v.Attributes, v.Tags = e.Attributes, e.Tags
	if !body.Valid {
		return v, nil
	}
	var rec versionRecord
	if err := decode(body.String, &rec, &rec.V); err != nil {
		return vault.Version{}, err
	}
	return v, rec.fill(&v, e, raw)
}

const sqlVersions = `SELECT v.id, v.name, v.managed, ` + entryColumns + `
FROM versions v
WHERE v.vault = $1 AND v.kind = $2 AND v.key = $3 AND v.id > $4 AND v.pending = 0
ORDER BY v.id LIMIT $5 + 0`

// Versions implements vault.Reader.
func (r *reader) Versions(ref vault.Ref, after string, limit int) ([]vault.Entry, error) {
	list := []vault.Entry{}
	err := r.each("versions", sqlVersions, place(ref, after, max(limit, 0)), func(scan func(...any) error) error {
		e := vault.Entry{Ref: ref}
		var row entryRow
		if err := scan(append([]any{&e.ID, &e.Name, &e.Managed}, row.into()...)...); err != nil {
			return err
		}
		if err := row.fill(&e); err != nil {
			return err
		}
		list = append(list, e)
		return nil
	})
	return list, err
}
