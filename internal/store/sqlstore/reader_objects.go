package sqlstore

import "certwright/internal/vault"

const objectColumns = `o.key, o.name, o.shelf, o.latest, o.managed, o.deleted_at, o.purge_at, ` + entryColumns

const latestVersion = `LEFT JOIN versions v ON v.vault = o.vault AND v.kind = o.kind AND v.key = o.key AND v.id = o.latest`

// One shelf is one range of the primary key: a page costs the same however many
// rows the other shelves have. The limit is "$5 + 0" here and in all lists: SQLite
// looks at the value of a bare parameter there when it plans, and plans anew
// whenever one is bound, which took a third of a page's time.
const sqlObjects = `SELECT ` + objectColumns + ` FROM objects o ` + latestVersion + `
WHERE o.vault = $1 AND o.kind = $2 AND o.shelf = $3 AND o.key > $4
ORDER BY o.key LIMIT $5 + 0`

// Objects implements vault.Reader.
func (r *reader) Objects(p vault.ObjectsPage) ([]vault.Entry, error) {
	list, err := r.shelf(p, shelfOf(false, p.Deleted))
	if err != nil || !p.IncludePending {
		return list, err
	}
	pending, err := r.shelf(p, shelfOf(true, p.Deleted))
	if err != nil {
		return nil, err
	}
	return merge(list, pending, p.Limit), nil
}

func (r *reader) shelf(p vault.ObjectsPage, shelf int64) ([]vault.Entry, error) {
	list := []vault.Entry{}
	args := []any{p.Vault, string(p.Kind), shelf, p.After, max(p.Limit, 0)}
	err := r.each("objects", sqlObjects, args, func(scan func(...any) error) error {
		e := vault.Entry{Ref: vault.Ref{Vault: p.Vault, Kind: p.Kind}}
		var key string
		var on int64
		var deleted, purge *int64
		var row entryRow
		if err := scan(append([]any{&key, &e.Name, &on, &e.ID, &e.Managed, &deleted, &purge}, row.into()...)...); err != nil {
			return err
		}
		e.Pending, e.Deletion = on&shelfPending != 0, deletion(on, deleted, purge)
		list = append(list, e)
		return row.fill(&list[len(list)-1])
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

const sqlHeads = `SELECT o.vault, o.kind, o.name,
  (SELECT min(j.due) FROM jobs j WHERE j.vault = o.vault AND j.kind = o.kind AND j.key = o.key AND j.job IN ('life', 'purge'))
FROM objects o WHERE (o.vault, o.kind, o.key) > ($1, $2, $3) AND o.managed = 0 ORDER BY o.vault, o.kind, o.key LIMIT $4 + 0`

// Heads implements vault.Reader.
func (r *reader) Heads(after vault.Ref, limit int) ([]vault.Head, error) {
	list := []vault.Head{}
	err := r.each("objects", sqlHeads, place(after, max(limit, 0)), func(scan func(...any) error) error {
		var h vault.Head
		var due *int64
		err := scan(&h.Ref.Vault, &h.Ref.Kind, &h.Ref.Name, &due)
		h.Due = atNanos(due)
		list = append(list, h)
		return err
	})
	return list, err
}
