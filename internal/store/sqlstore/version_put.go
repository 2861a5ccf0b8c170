package sqlstore

import (
	"encoding/json"
	"errors"
	"fmt"

	"certwright/internal/store/record"
	"certwright/internal/vault"
)

const (
	sqlInsertBody = `INSERT INTO bodies (body, raw) SELECT $5, $6 FROM objects o
WHERE o.vault = $1 AND o.kind = $2 AND o.key = $3 AND NOT EXISTS (SELECT 1 FROM versions v WHERE v.vault = $1 AND v.key = $3 AND v.object = o.id AND v.id = $4)`

	// The body is the row that was inserted last.
	sqlInsertVersion = insertVersion + `last_insert_rowid()` + ofObject
	insertVersion    = `INSERT INTO versions (vault, key, object, id, enabled, nbf, exp, created, updated, tags, thumbprint, subject, content_type, key_type, exportable, mac, body)
SELECT $1, $3, o.id, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, `
	ofObject = ` FROM objects o WHERE o.vault = $1 AND o.kind = $2 AND o.key = $3`
)

// PutVersion implements vault.Tx. vault.ErrNotFound: there is no such object.
func (t *tx) PutVersion(v vault.Version) error {
	if v.Managed || v.Pending {
		return errManaged
	}
	text, raw := record.Version(v)
	err := t.must("body", sqlInsertBody, place(v.Ref, v.ID, text, raw)...)
	if errors.Is(err, vault.ErrNotFound) {
		return t.notPut(v)
	}
	if err != nil {
		return err
	}
	t.touched(v.Ref)
	e, a := v.Entry(), v.Attributes
	row := place(v.Ref, v.ID, a.Enabled, record.Seconds(a.NotBefore), record.Seconds(a.Expires), record.Seconds(a.Created), record.Seconds(a.Updated),
		tagsText(v.Tags), e.Thumbprint, e.Subject, e.ContentType, string(e.KeyType), e.Exportable, text, raw)
	mac := t.session.mac(isVersion, row...)
	return t.must("version", sqlInsertVersion, append(row[:len(row)-2], mac)...)
}

// notPut tells why a version was not put.
func (t *tx) notPut(v vault.Version) error {
	var id int64
	if err := t.one("object", sqlObjectID, place(v.Ref), &id); err != nil {
		return fmt.Errorf("put a version of %s: %w", v.Ref, err)
	}
	return vault.ErrExists
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

const (
	versionOf        = ` WHERE vault = $1 AND key = $3 AND object IN (SELECT id FROM objects WHERE vault = $1 AND kind IN ($2, $5) AND key = $3) AND id = $4`
	sqlUpdateVersion = `UPDATE versions SET enabled = $6, nbf = $7, exp = $8, created = $9, updated = $10, tags = $11, mac = $12` + versionOf + ` AND mac IS NOT DISTINCT FROM $13`
	sqlDeleteBody    = `DELETE FROM bodies WHERE id IN (SELECT body FROM versions` + versionOf + `)`
	sqlDeleteVersion = `DELETE FROM versions` + versionOf
)

// UpdateVersion implements vault.Tx. vault.ErrNotFound if there is no such version;
// vault.ErrStale if another server sealed it anew since it was read here.
func (t *tx) UpdateVersion(ref vault.Ref, id string, a vault.Attributes, tags map[string]string) error {
	row, err := t.version(ref, id) // the MAC is over all of it
	if err != nil {
		return err
	}
	t.touched(ref)
	changed := []any{a.Enabled, record.Seconds(a.NotBefore), record.Seconds(a.Expires), record.Seconds(a.Created), record.Seconds(a.Updated), tagsText(tags)}
	mac := t.session.macOf(isVersion, append(place(ref.As(row.stored), id), changed...), row.values[len(changed):])
	return t.swap("version", sqlUpdateVersion, append(append(place(ref, id, also(ref.Kind)), changed...), mac, storedMAC(row.mac))...)
}

// DeleteVersion implements vault.Tx.
func (t *tx) DeleteVersion(ref vault.Ref, id string) error {
	t.touched(ref)
	args := place(ref, id, string(ref.Kind))
	if err := t.write("version", sqlDeleteBody, args...); err != nil {
		return err
	}
	return t.write("version", sqlDeleteVersion, args...)
}
