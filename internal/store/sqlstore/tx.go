package sqlstore

import (
	"encoding/json"
	"fmt"

	"certwright/internal/vault"
)

// A tx is a reader that also writes.
type tx struct{ reader }

// exec runs a statement and returns how many rows it changed.
func (t *tx) exec(what, text string, args ...any) (int64, error) {
	if err := t.usable(); err != nil {
		return 0, err
	}
	n, err := t.session.exec(text, args...)
	if err != nil {
		return 0, fmt.Errorf("write %s: %w", what, err)
	}
	return n, nil
}

// swap runs an insert or update that compares a revision: no row changed is vault.ErrStale.
func (t *tx) swap(what, text string, args ...any) error {
	n, err := t.exec(what, text, args...)
	if err == nil && n == 0 {
		return vault.ErrStale
	}
	return err
}

const (
	sqlInsertObject = `INSERT INTO objects (vault, kind, key, name, shelf, latest, managed, deleted_at, purge_at, created, rev)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING`
	sqlUpdateObject = `UPDATE objects SET name = $4, shelf = $5, latest = $6, managed = $7, deleted_at = $8, purge_at = $9, created = $10, rev = $11
WHERE vault = $1 AND kind = $2 AND key = $3 AND rev = $12`
	sqlPutPolicy = `INSERT INTO policies (vault, kind, key, body) VALUES ($1, $2, $3, $4)
ON CONFLICT (vault, kind, key) DO UPDATE SET body = excluded.body WHERE policies.body <> excluded.body`
	sqlDeletePolicy = `DELETE FROM policies WHERE vault = $1 AND kind = $2 AND key = $3`
)

// PutObject implements vault.Tx.
func (t *tx) PutObject(o vault.Object) (int64, error) {
	var at, purge *int64
	if o.Deletion != nil {
		at, purge = nanos(o.Deletion.At), nanos(o.Deletion.PurgeAt)
	}
	args := place(o.Ref, o.Name, shelf(o), o.Latest, o.Managed, at, purge, nanos(o.Created), o.Rev+1)
	text := sqlInsertObject
	if o.Rev != 0 {
		text, args = sqlUpdateObject, append(args, o.Rev)
	}
	if err := t.swap("object", text, args...); err != nil {
		return 0, err
	}
	var err error
	if body := policyBody(o); body != "" {
		_, err = t.exec("policy", sqlPutPolicy, place(o.Ref, body)...)
	} else if o.Rev != 0 {
		_, err = t.exec("policy", sqlDeletePolicy, place(o.Ref)...)
	}
	return o.Rev + 1, err
}

const (
	sqlHasVersion    = `SELECT 1 FROM versions WHERE vault = $1 AND kind = $2 AND key = $3 AND id = $4`
	sqlInsertBody    = `INSERT INTO bodies (body, raw) VALUES ($1, $2) RETURNING id`
	sqlInsertVersion = `INSERT INTO versions (vault, kind, key, id, name, enabled, nbf, exp, created, updated, tags, managed, pending, thumbprint, subject, content_type, key_type, exportable, body)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`
)

// PutVersion implements vault.Tx.
func (t *tx) PutVersion(v vault.Version) error {
	var there int64
	switch err := t.one("version", sqlHasVersion, place(v.Ref, v.ID), &there); err {
	case vault.ErrNotFound:
	case nil:
		return vault.ErrExists
	default:
		return err
	}
	var body int64 // 0: none
	if rec, raw, ok := fromVersion(v); ok {
		if err := t.one("body", sqlInsertBody, []any{encode(rec), raw.blob()}, &body); err != nil {
			return err
		}
	}
	e, a := v.Entry(), v.Attributes
	_, err := t.exec("version", sqlInsertVersion, place(v.Ref, v.ID, v.Name, a.Enabled, seconds(a.NotBefore), seconds(a.Expires),
		seconds(a.Created), seconds(a.Updated), tagsText(v.Tags), v.Managed, v.Pending, e.Thumbprint, e.Subject, e.ContentType, string(e.KeyType), e.Exportable, body)...)
	return err
}

// tagsText returns tags as JSON; nil, which is NULL, for nil tags.
func tagsText(tags map[string]string) *string {
	if tags == nil {
		return nil
	}
	text, err := json.Marshal(tags)
	if err != nil {
		return nil
	}
	s := string(text)
	return &s
}

const sqlUpdateVersion = `UPDATE versions SET enabled = $5, nbf = $6, exp = $7, created = $8, updated = $9, tags = $10
WHERE vault = $1 AND kind = $2 AND key = $3 AND id = $4`

// UpdateVersion implements vault.Tx. vault.ErrNotFound if there is no such version.
func (t *tx) UpdateVersion(ref vault.Ref, id string, a vault.Attributes, tags map[string]string) error {
	n, err := t.exec("version", sqlUpdateVersion, place(ref, id, a.Enabled, seconds(a.NotBefore), seconds(a.Expires),
		seconds(a.Created), seconds(a.Updated), tagsText(tags))...)
	if err == nil && n == 0 {
		return vault.ErrNotFound
	}
	return err
}

const (
	sqlDeleteBody = `DELETE FROM bodies WHERE id IN
(SELECT body FROM versions WHERE vault = $1 AND kind = $2 AND key = $3 AND id = $4)`
	sqlDeleteVersion = `DELETE FROM versions WHERE vault = $1 AND kind = $2 AND key = $3 AND id = $4`
)

// DeleteVersion implements vault.Tx.
func (t *tx) DeleteVersion(ref vault.Ref, id string) error {
	return t.run("version", place(ref, id), sqlDeleteBody, sqlDeleteVersion)
}

// run runs statements with the same parameters.
func (t *tx) run(what string, args []any, texts ...string) error {
	for _, text := range texts {
		if _, err := t.exec(what, text, args...); err != nil {
			return err
		}
	}
	return nil
}

const (
	sqlPurgeBodies     = `DELETE FROM bodies WHERE id IN (SELECT body FROM versions WHERE vault = $1 AND kind = $2 AND key = $3)`
	sqlPurgeVersions   = `DELETE FROM versions WHERE vault = $1 AND kind = $2 AND key = $3`
	sqlPurgeObject     = `DELETE FROM objects WHERE vault = $1 AND kind = $2 AND key = $3`
	sqlPurgeJobs       = `DELETE FROM jobs WHERE vault = $1 AND kind = $2 AND key = $3`
	sqlDeleteOperation = `DELETE FROM operations WHERE vault = $1 AND kind = $2 AND key = $3`
)

// Purge implements vault.Tx. No error if there is nothing to remove.
func (t *tx) Purge(ref vault.Ref) error {
	return t.run("purge", place(ref), sqlPurgeBodies, sqlPurgeVersions, sqlPurgeObject, sqlDeletePolicy, sqlDeleteOperation, sqlPurgeSchedule, sqlPurgeJobs)
}

const (
	sqlInsertOperation = `INSERT INTO operations (vault, kind, key, rev, body, raw, status) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`
	sqlUpdateOperation = `UPDATE operations SET rev = $4, body = $5, raw = $6, status = $7 WHERE vault = $1 AND kind = $2 AND key = $3 AND rev = $8`
)

// PutOperation implements vault.Tx.
func (t *tx) PutOperation(o vault.Operation) (int64, error) {
	rec, raw := fromOperation(o)
	args := place(o.Ref, o.Rev+1, encode(rec), raw.blob(), rec.Status)
	text := sqlInsertOperation
	if o.Rev != 0 {
		text, args = sqlUpdateOperation, append(args, o.Rev)
	}
	if err := t.swap("operation", text, args...); err != nil {
		return 0, err
	}
	return o.Rev + 1, nil
}

// DeleteOperation implements vault.Tx.
func (t *tx) DeleteOperation(ref vault.Ref) error {
	return t.run("operation", place(ref), sqlDeleteOperation)
}
