package sqlstore

import "certwright/internal/vault"

const (
	sqlLife    = `SELECT body FROM lives WHERE vault = $1 AND kind = $2 AND key = $3`
	sqlPutLife = `INSERT INTO lives (vault, kind, key, body) VALUES ($1, $2, $3, $4)
ON CONFLICT (vault, kind, key) DO UPDATE SET body = excluded.body`
	sqlPurgeLife = `DELETE FROM lives WHERE vault = $1 AND kind = $2 AND key = $3`
)

// lifeRecord is a vault.Life as stored.
type lifeRecord struct {
	V           int      `json:"v"`
	Version     string   `json:"version,omitzero"`
	Done        []string `json:"done,omitzero"`
	Owed        []string `json:"owed,omitzero"`
	Since       *int64   `json:"since,omitzero"`
	Tries       int      `json:"tries,omitzero"`
	Mended      int      `json:"mended,omitzero"`
	Retry       *int64   `json:"retry,omitzero"`
	WindowStart *int64   `json:"window_start,omitzero"`
	WindowEnd   *int64   `json:"window_end,omitzero"`
	Picked      *int64   `json:"picked,omitzero"`
	AskAgain    *int64   `json:"ask_again,omitzero"`
}

// Life implements vault.Reader.
func (r *reader) Life(ref vault.Ref) (vault.Life, error) {
	var body string
	if err := r.one("life", sqlLife, place(ref), &body); err != nil {
		return vault.Life{}, err
	}
	var rec lifeRecord
	if err := decode(body, &rec, &rec.V); err != nil {
		return vault.Life{}, err
	}
	return vault.Life{Version: rec.Version, Done: rec.Done, Owed: rec.Owed, Since: atNanos(rec.Since), Tries: rec.Tries, Mended: rec.Mended, Retry: atNanos(rec.Retry),
		WindowStart: atNanos(rec.WindowStart), WindowEnd: atNanos(rec.WindowEnd), Picked: atNanos(rec.Picked), AskAgain: atNanos(rec.AskAgain)}, nil
}

// PutLife implements vault.Tx.
func (t *tx) PutLife(ref vault.Ref, l vault.Life) error {
	body := encode(lifeRecord{V: recordVersion, Version: l.Version, Done: l.Done, Owed: l.Owed, Since: nanos(l.Since), Tries: l.Tries, Mended: l.Mended, Retry: nanos(l.Retry),
		WindowStart: nanos(l.WindowStart), WindowEnd: nanos(l.WindowEnd), Picked: nanos(l.Picked), AskAgain: nanos(l.AskAgain)})
	_, err := t.exec("life", sqlPutLife, place(ref, body)...)
	return err
}
