package sqlstore

import "certwright/internal/vault"

const (
	sqlSchedule    = `SELECT body FROM lives WHERE vault = $1 AND kind = $2 AND key = $3`
	sqlPutSchedule = `INSERT INTO lives (vault, kind, key, body) VALUES ($1, $2, $3, $4)
ON CONFLICT (vault, kind, key) DO UPDATE SET body = excluded.body`
	sqlPurgeSchedule = `DELETE FROM lives WHERE vault = $1 AND kind = $2 AND key = $3`
)

// scheduleRecord is a vault.Schedule as stored.
type scheduleRecord struct {
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

// Schedule implements vault.Reader.
func (r *reader) Schedule(ref vault.Ref) (vault.Schedule, error) {
	var body string
	if err := r.one("life", sqlSchedule, place(ref), &body); err != nil {
		return vault.Schedule{}, err
	}
	var rec scheduleRecord
	if err := decode(body, &rec, &rec.V); err != nil {
		return vault.Schedule{}, err
	}
	return vault.Schedule{Version: rec.Version, Done: rec.Done, Owed: rec.Owed, Since: atNanos(rec.Since), Tries: rec.Tries, Mended: rec.Mended, Retry: atNanos(rec.Retry),
		WindowStart: atNanos(rec.WindowStart), WindowEnd: atNanos(rec.WindowEnd), Picked: atNanos(rec.Picked), AskAgain: atNanos(rec.AskAgain)}, nil
}

// PutSchedule implements vault.Tx.
func (t *tx) PutSchedule(ref vault.Ref, l vault.Schedule) error {
	body := encode(scheduleRecord{V: recordVersion, Version: l.Version, Done: l.Done, Owed: l.Owed, Since: nanos(l.Since), Tries: l.Tries, Mended: l.Mended, Retry: nanos(l.Retry),
		WindowStart: nanos(l.WindowStart), WindowEnd: nanos(l.WindowEnd), Picked: nanos(l.Picked), AskAgain: nanos(l.AskAgain)})
	_, err := t.exec("life", sqlPutSchedule, place(ref, body)...)
	return err
}
