package sqlstore

import (
	"database/sql/driver"

	"certwright/internal/store/record"
	"certwright/internal/vault"
)

const entryColumns = `v.enabled, v.nbf, v.exp, v.created, v.updated, v.tags, v.thumbprint, v.subject, v.content_type, v.key_type, v.exportable`

// entryInto is where entryColumns go. All may be NULL: an object may name a
// version that is not there.
func entryInto(e *vault.Entry, before ...any) []any {
	a := &e.Attributes
	return append(before, &a.Enabled, (*inSeconds)(&a.NotBefore), (*inSeconds)(&a.Expires), (*inSeconds)(&a.Created), (*inSeconds)(&a.Updated),
		(*inJSON)(&e.Tags), &e.Thumbprint, &e.Subject, &e.ContentType, &e.KeyType, &e.Exportable)
}

// Those of a certificate are found by keys and secrets as well; where the kind
// asked for is another, both are the same.
const (
	sqlVersion = `SELECT o.kind, o.name, v.mac, ` + entryColumns + `, b.body, b.raw
FROM objects o JOIN versions v ON v.vault = $1 AND v.key = $3 AND v.object = o.id JOIN bodies b ON b.id = v.body
WHERE o.id = (SELECT id FROM objects WHERE vault = $1 AND key = $3 AND kind IN ($2, $5)) AND v.id = $4`
	// One object, so that its versions come in the order of their index.
	sqlVersions = `SELECT (SELECT name FROM objects WHERE vault = $1 AND key = $3 AND kind = $2), v.id, ` + entryColumns + `
FROM versions v WHERE v.vault = $1 AND v.key = $3 AND v.object = (SELECT id FROM objects WHERE vault = $1 AND key = $3 AND kind = $2) AND v.id > $4
ORDER BY v.id LIMIT $5 + 0`
)

// also is the other kind that an object of a kind may be stored as.
func also(k vault.Kind) string {
	if ofCertificates(k) {
		k = vault.Certificates
	}
	return string(k)
}

// A versionRow is the list row of a version with its body.
type versionRow struct {
	vault.Entry
	stored vault.Kind // of its object
	mac    []byte
	body   string
	raw    []byte
	values []driver.Value // the session's, of entryColumns, body and raw
}

// Version implements vault.Reader.
func (r *reader) Version(ref vault.Ref, id string) (vault.Version, error) {
	row, err := r.version(ref, id)
	if err != nil {
		return vault.Version{}, err
	}
	v := vault.Version{Ref: row.Ref, ID: id, Attributes: row.Attributes, Tags: row.Tags, Managed: row.stored != ref.Kind}
	err = record.FillVersion(&v, row.Entry, row.body, row.raw)
	return v, err
}

// version reads a version that is proved.
func (r *reader) version(ref vault.Ref, id string) (row versionRow, err error) {
	row.Ref = ref
	into := append(entryInto(&row.Entry, &row.stored, &row.Name, &row.mac), &row.body, &row.raw)
	if err := r.one("version", sqlVersion, place(ref, id, also(ref.Kind)), into...); err != nil {
		return row, err
	}
	row.values = r.session.row[3:]
	if row.Key() != ref.Key() || !r.session.proved(isVersion, row.mac, place(ref.As(row.stored), id), row.values) {
		return row, r.session.refused(isVersion, vault.Binding(ref.As(row.stored), id))
	}
	return row, nil
}

// Versions implements vault.Reader.
func (r *reader) Versions(ref vault.Ref, after string, limit int) ([]vault.Entry, error) {
	list, err := r.versions(ref, ref.Kind, after, limit)
	if err == nil && len(list) == 0 && ofCertificates(ref.Kind) {
		return r.versions(ref, vault.Certificates, after, limit)
	}
	return list, err
}

// versions lists those of an object that is stored as a kind.
func (r *reader) versions(ref vault.Ref, as vault.Kind, after string, limit int) ([]vault.Entry, error) {
	list := []vault.Entry{}
	e := vault.Entry{Ref: ref, Managed: as != ref.Kind}
	err := r.each("versions", sqlVersions, place(ref.As(as), after, max(limit, 0)), entryInto(&e, &e.Name, &e.ID), func() error {
		list = append(list, e)
		return nil
	})
	return list, err
}
