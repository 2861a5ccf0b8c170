package sqlstore

import (
	"certwright/internal/store/record"
	"certwright/internal/vault"
)

// One shelf is one range of objects_list, which holds all that is shown of the
// object: a page costs the same however many rows the other shelves have. The
// limit is "$5 + 0" here and in all lists: SQLite looks at the value of a bare
// parameter there when it plans, and plans anew whenever one is bound, which took
// a third of a page's time.
//
// Keys and secrets are merged with certificates, seen as them, row by row, so
// that no more of either are read than the page holds.
const (
	listColumns = `o.name, o.latest, o.deleted_at, o.purge_at, ` + entryColumns
	withLatest  = `
FROM objects o LEFT JOIN versions v ON v.vault = o.vault AND v.key = o.key AND v.object = o.id AND v.id = o.latest`
	onShelf = withLatest + `
WHERE o.vault = $1 AND o.shelf = $3 AND o.key > $4 AND o.kind = `
	sqlObjects    = `SELECT ` + listColumns + onShelf + `$2 ORDER BY o.key LIMIT $5 + 0`
	sqlObjectsAll = `SELECT ` + listColumns + `, 0, o.key` + onShelf + `$2
UNION ALL SELECT ` + listColumns + `, 1, o.key` + onShelf + `'certificates' ORDER BY 17 LIMIT $5 + 0`
	sqlNames = `SELECT count(*) FROM (SELECT 1 FROM objects WHERE vault = $1 AND kind = $2 LIMIT $3 + 0) AS found`
	// Few are pending, and what is shown of those is in the body.
	sqlPending = `SELECT ` + pendingColumns + ` FROM objects o
WHERE o.vault = $1 AND o.kind = $2 AND o.shelf = $3 AND o.key > $4 ORDER BY o.key LIMIT $5 + 0`
	pendingColumns = `o.name, o.latest, o.deleted_at, o.purge_at, o.body`
)

// Objects implements vault.Reader.
func (r *reader) Objects(p vault.ObjectsPage) ([]vault.Entry, error) {
	list, err := r.shelf(p)
	if err == nil && p.IncludePending {
		var more []vault.Entry
		more, err = r.pending(p)
		list = merge(list, more, p.Limit)
	}
	return list, err
}

// Names implements vault.Reader.
func (r *reader) Names(vaultName string, kind vault.Kind, most int) (n int, err error) {
	err = r.one("objects", sqlNames, []any{vaultName, string(kind), max(most, 0)}, &n)
	return n, err
}

// shelf lists objects that have a version.
func (r *reader) shelf(p vault.ObjectsPage) ([]vault.Entry, error) {
	list := make([]vault.Entry, 0, min(max(p.Limit, 0), mostAtOnce))
	shelf := shelfOf(false, p.Deleted)
	e := vault.Entry{Ref: vault.Ref{Vault: p.Vault, Kind: p.Kind}}
	var gone vault.Deletion
	args := []any{p.Vault, string(p.Kind), shelf, p.After, max(p.Limit, 0)}
	text, into := sqlObjects, entryInto(&e, &e.Name, &e.ID, (*inNanos)(&gone.At), (*inNanos)(&gone.PurgeAt))
	if !p.Deleted && !p.Own && ofCertificates(p.Kind) {
		text, into = sqlObjectsAll, append(into, &e.Managed, new(string))
	}
	err := r.each("objects", text, args, into, func() error {
		e.Deletion = deletion(shelf, gone)
		list = append(list, e)
		return nil
	})
	return list, err
}

// mostAtOnce bounds the room that is made for a page before it is read.
const mostAtOnce = 64

// pending lists objects that have no version yet.
func (r *reader) pending(p vault.ObjectsPage) ([]vault.Entry, error) {
	list := []vault.Entry{}
	shelf := shelfOf(true, p.Deleted)
	e := vault.Entry{Ref: vault.Ref{Vault: p.Vault, Kind: p.Kind}, Pending: true}
	var gone vault.Deletion
	var body string
	args := []any{p.Vault, string(p.Kind), shelf, p.After, max(p.Limit, 0)}
	into := []any{&e.Name, &e.ID, (*inNanos)(&gone.At), (*inNanos)(&gone.PurgeAt), &body}
	err := r.each("objects", sqlPending, args, into, func() error {
		h, err := record.Placeholder(body)
		if err != nil {
			return err
		}
		e.Deletion = deletion(shelf, gone)
		if h != nil {
			e.Attributes, e.Tags = h.Attributes, h.Tags
		}
		list = append(list, e)
		return nil
	})
	return list, err
}

// merge joins two lists in order of key into one of at most limit entries.
func merge(a, b []vault.Entry, limit int) []vault.Entry {
	if len(b) == 0 {
		return a
	}
	out := make([]vault.Entry, 0, min(limit, len(a)+len(b)))
	for len(out) < limit && len(a)+len(b) > 0 {
		if len(b) == 0 || len(a) > 0 && a[0].Key() < b[0].Key() {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return out
}
