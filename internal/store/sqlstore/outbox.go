package sqlstore

import (
	"time"

	"certwright/internal/vault"
)

const (
	outboxColumns = `seq, id, sink, topic, vault, kind, name, version, at, state, due, tries, error, body`

	sqlOutbox = `SELECT ` + outboxColumns + ` FROM outbox
WHERE sink = $1 AND state = $2 AND seq > $3 ORDER BY seq LIMIT $4 + 0`
	sqlQueue = `SELECT ` + outboxColumns + ` FROM outbox
WHERE sink = $1 AND state = 'queued' ORDER BY due LIMIT $2 + 0`
	sqlCount = `SELECT count(*) FROM (SELECT 1 FROM outbox WHERE sink = $1 AND state = $2 LIMIT $3 + 0)`
)

// Outbox implements vault.Reader.
func (r *reader) Outbox(sink string, state vault.MessageState, after int64, limit int) ([]vault.Message, error) {
	return r.messages(sqlOutbox, sink, string(state), after, max(limit, 0))
}

// Queue implements vault.Reader.
func (r *reader) Queue(sink string, limit int) ([]vault.Message, error) {
	return r.messages(sqlQueue, sink, max(limit, 0))
}

// Count implements vault.Reader.
func (r *reader) Count(sink string, state vault.MessageState, most int) (n int, err error) {
	err = r.one("outbox", sqlCount, []any{sink, string(state), max(most, 0)}, &n)
	return n, err
}

func (r *reader) messages(text string, args ...any) ([]vault.Message, error) {
	list := []vault.Message{}
	var m vault.Message
	var due int64
	into := []any{&m.Seq, &m.ID, &m.Sink, &m.Topic, &m.Ref.Vault, &m.Ref.Kind, &m.Ref.Name, &m.Version, (*inNanos)(&m.At),
		&m.State, &due, &m.Tries, &m.Error, &m.Body}
	err := r.each("outbox", text, args, into, func() error {
		if m.Due = (time.Time{}); due != 0 {
			m.Due = atNanos(&due)
		}
		list = append(list, m)
		return nil
	})
	return list, err
}
