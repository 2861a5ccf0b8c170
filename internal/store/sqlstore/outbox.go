package sqlstore

import (
	"time"

	"certwright/internal/store/record"
	"certwright/internal/vault"
)

const (
	outboxColumns = `seq, id, sink, topic, vault, kind, name, version, at, state, due, tries, error, body`

	sqlOutbox = `SELECT ` + outboxColumns + ` FROM outbox
WHERE sink = $1 AND state = $2 AND seq > $3 ORDER BY seq LIMIT $4 + 0`
	sqlQueue = `SELECT ` + outboxColumns + ` FROM outbox
WHERE sink = $1 AND state = 'queued' ORDER BY due LIMIT $2 + 0`
	sqlCount = `SELECT count(*) FROM (SELECT 1 FROM outbox WHERE sink = $1 AND state = $2 LIMIT $3 + 0) AS found`
)

// Outbox implements vault.Reader.
func (r *reader) Outbox(sink string, state vault.MessageState, after int64, limit int) ([]vault.Message, error) {
	text := sqlOutbox
	if sink == "" && !r.writes { // who reads those goes on from the last number
		text = r.session.of.early
	}
	return r.messages(text, sink, string(state), after, max(limit, 0))
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
			m.Due = record.AtNanos(&due)
		}
		list = append(list, m)
		return nil
	})
	return list, err
}

const (
	sqlAppend = `INSERT INTO outbox (state, id, sink, topic, vault, kind, name, version, at, due, tries, error, body)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, '', $11)`
	sqlPutMessage = `UPDATE outbox SET state = $2, due = $3, tries = $4, error = $5 WHERE seq = $1`
	// Seq grows with at: a row that is young ends the search.
	sqlDropMessages = `DELETE FROM outbox WHERE seq IN (SELECT seq FROM
(SELECT seq, at FROM outbox WHERE sink = $1 AND state = $2 ORDER BY seq LIMIT $4 + 0) AS oldest WHERE at < $3)`
	sqlHasten = `UPDATE outbox SET due = $1 WHERE state = 'queued' AND due > $1`
)

// Append implements vault.Tx.
func (t *tx) Append(m vault.Message) error {
	m.State = vault.Delivered
	if m.Sink != "" {
		m.State = vault.Queued
	}
	return t.write("message", sqlAppend, string(m.State), m.ID, m.Sink, m.Topic, m.Ref.Vault, string(m.Ref.Kind), m.Ref.Name,
		m.Version, record.Nanos(m.At), dueNanos(m.Due), m.Body)
}

// PutMessage implements vault.Tx. vault.ErrNotFound if there is no such message.
func (t *tx) PutMessage(m vault.Message) error {
	return t.must("message", sqlPutMessage, m.Seq, string(m.State), dueNanos(m.Due), m.Tries, m.Error)
}

// DropMessages implements vault.Tx.
func (t *tx) DropMessages(sink string, state vault.MessageState, before time.Time, n int) (int, error) {
	dropped, err := t.exec("messages", sqlDropMessages, sink, string(state), record.Nanos(before), max(n, 0))
	return int(dropped), err
}

// HastenMessages implements vault.Tx.
func (t *tx) HastenMessages(now time.Time) error {
	return t.write("messages", sqlHasten, record.Instant(now))
}

// dueNanos is 0 for the zero time, which sorts before all others.
func dueNanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return *record.Nanos(t)
}
