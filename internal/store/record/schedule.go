package record

import "certwright/internal/vault"

// scheduleRecord is a vault.Schedule as stored.
type scheduleRecord struct {
	Version     string      `json:"version,omitzero"`
	Done        []string    `json:"done,omitzero"`
	Owed        []string    `json:"owed,omitzero"`
	Since       *int64      `json:"since,omitzero"`
	Tries       int         `json:"tries,omitzero"`
	Mended      int         `json:"mended,omitzero"`
	Retry       *int64      `json:"retry,omitzero"`
	WindowStart *int64      `json:"window_start,omitzero"`
	WindowEnd   *int64      `json:"window_end,omitzero"`
	Picked      *int64      `json:"picked,omitzero"`
	AskAgain    *int64      `json:"ask_again,omitzero"`
	Later       vault.Later `json:"...,omitzero"`
}

func fromSchedule(l vault.Schedule) scheduleRecord {
	return scheduleRecord{Version: l.Version, Done: l.Done, Owed: l.Owed, Since: Nanos(l.Since), Tries: l.Tries,
		Mended: l.Mended, Retry: Nanos(l.Retry), WindowStart: Nanos(l.WindowStart), WindowEnd: Nanos(l.WindowEnd),
		Picked: Nanos(l.Picked), AskAgain: Nanos(l.AskAgain), Later: l.Later}
}

func (r scheduleRecord) schedule() vault.Schedule {
	return vault.Schedule{Version: r.Version, Done: r.Done, Owed: r.Owed, Since: AtNanos(r.Since), Tries: r.Tries,
		Mended: r.Mended, Retry: AtNanos(r.Retry), WindowStart: AtNanos(r.WindowStart), WindowEnd: AtNanos(r.WindowEnd),
		Picked: AtNanos(r.Picked), AskAgain: AtNanos(r.AskAgain), Later: r.Later}
}
