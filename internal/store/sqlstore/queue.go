package sqlstore

import (
	"database/sql/driver"
	"errors"

	"certwright/internal/store/pgdriver"
)

// To a server each statement is a way there and back. Where the dialect says so
// (together), the writes of a transaction wait: they go at once, with the next
// statement whose answer is needed, or before the commit. Until then each is taken
// to have changed the row that it must change. Where one did not, nothing of the
// transaction stays, and its updates run again, each write waiting for its answer
// (again.go).

// A queue is statements that were not sent yet.
type queue struct {
	on    bool // writes wait; else each is answered at once
	calls []pgdriver.Call
	must  []bool // of each: it has to change a row
	args  []driver.NamedValue
	unmet bool // one did not, since the transaction began

	text string // begins the transaction; "" where none was begun
	open bool   // it was sent
}

// errUnmet: a write changed nothing that was taken to have changed a row.
var errUnmet = errors.New("a write did not change what it was taken to change")

// later queues a statement.
func (s *session) later(text string, must bool, args ...any) error {
	return s.conn.Raw(func(conn any) error {
		stmt, err := s.prepared(conn, text)
		if err != nil {
			return err
		}
		q := &s.queue
		from := len(q.args)
		if q.args, err = converted(q.args, text, args); err != nil {
			return err
		}
		q.calls, q.must = append(q.calls, pgdriver.Call{Stmt: stmt, Args: q.args[from:]}), append(q.must, must)
		return nil
	})
}

// flush sends what waits.
func (s *session) flush() error {
	if len(s.queue.calls) == 0 {
		return nil
	}
	return s.conn.Raw(func(conn any) error {
		err := conn.(*pgdriver.Conn).Exec(s.queue.calls)
		return s.sent(err)
	})
}

// after sends what waits, and a statement, and returns how many rows that changed.
func (s *session) after(conn any, call pgdriver.Call) (int64, error) {
	s.join(call)
	last := len(s.queue.calls) - 1
	err := conn.(*pgdriver.Conn).Exec(s.queue.calls)
	changed := s.queue.calls[last].Changed
	return changed, s.sent(err)
}

// rowsAfter sends what waits, and a query.
func (s *session) rowsAfter(conn any, call pgdriver.Call) (driver.Rows, error) {
	s.join(call)
	rows, err := conn.(*pgdriver.Conn).Query(s.queue.calls)
	if err = s.sent(err); err != nil && rows != nil {
		_ = rows.Close() // nobody reads them
	}
	return rows, err
}

func (s *session) join(call pgdriver.Call) {
	s.queue.calls, s.queue.must = append(s.queue.calls, call), append(s.queue.must, false)
}

// sent looks at the answers, and empties the queue.
func (s *session) sent(err error) error {
	q := &s.queue
	for i, must := range q.must {
		if err == nil && must && q.calls[i].Changed == 0 {
			q.unmet = true
		}
	}
	q.empty()
	q.open = true
	if err != nil {
		return s.failed(err)
	}
	if q.unmet {
		return errUnmet
	}
	return nil
}

// forget empties the queue, whose statements are not sent: no transaction is open.
func (s *session) forget() {
	s.queue.empty()
	s.queue.on, s.queue.text, s.queue.open, s.queue.unmet = false, "", false, false
}

func (q *queue) empty() {
	clear(q.args)
	q.calls, q.must, q.args = q.calls[:0], q.must[:0], q.args[:0]
}
