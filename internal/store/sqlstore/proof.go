package sqlstore

import (
	"errors"
	"fmt"
	"time"

	"certwright/internal/clock"
	"certwright/internal/vault"
)

// A commit whose answer was lost is looked up, never guessed. Each transaction
// of the writer leaves a row that names it, and has heard that it is there before
// it commits; whoever inserts the same name waits for that transaction to end, and
// then either finds the row, or could have it: the transaction is undone. The row
// is not kept: who asks once more, since that answer was lost too, would take it
// for the transaction's.

// The rows are dated, and dropped, by the clock of the database: a server whose own
// is wrong drops nothing that others still ask for.
const (
	postgresNow        = `CAST(extract(epoch FROM now()) * 1000000 AS BIGINT) * 1000` // as record.Instant has it
	postgresProof      = `INSERT INTO commits (id, at, names) VALUES ($1, ` + postgresNow + `, $2) ON CONFLICT DO NOTHING`
	postgresDropProofs = `DELETE FROM commits WHERE id IN (SELECT id FROM commits WHERE at < ` + postgresNow + ` - CAST($1 AS BIGINT) ORDER BY at LIMIT 100)`
)

const (
	proofsKept = time.Hour
	proofsDrop = 64 // commits between two looks at what is older
	settleFor  = time.Minute
)

// errAnew: the transaction is no more, and may be run again.
var errAnew = errors.New("the transaction did not become")

// errUnknown: it may have become.
var errUnknown = errors.New("whether it became is not known")

// prove writes what is still to be written, and the row that names the transaction.
func (w *writer) prove() error {
	s := w.session
	s.proof = ""
	if s.of.together && !s.wrote || !s.of.proof {
		return nil
	}
	s.proof = vault.NewID()
	err := s.later(postgresProof, true, s.proof, s.changedNames())
	if err == nil {
		err = s.flush()
	}
	if err != nil {
		return s.unsettled(err)
	}
	return nil
}

// settle commits, and returns how that ended.
func (w *writer) settle(s *session) error {
	if s.of.together && !s.wrote {
		s.rollback()
		return nil
	}
	s.queue.on = false // all of it was answered
	_, err := s.exec("COMMIT")
	switch {
	case err == nil:
		w.dropProofs(s)
		return nil
	case s.proof != "" && s.of.fault(err) == isLost:
		return w.lookUp(s, err)
	}
	return s.unsettled(err)
}

// unsettled undoes a transaction that could not be committed. Where writes waited,
// whose fault that is shows when its updates run again (errUnmet).
func (s *session) unsettled(err error) error {
	waited := s.queue.on
	s.rollback()
	switch {
	case errors.Is(err, errUnmet):
		return err
	case s.of.fault(err) != isFinal:
		return fmt.Errorf("%w: %w", errAnew, err)
	case waited:
		return errUnmet
	}
	return err
}

// lookUp finds out whether a transaction became whose answer was lost.
func (w *writer) lookUp(s *session, cause error) error {
	s.dead = true
	for until := (clock.Real{}).Now().Add(settleFor); ; {
		changed, err := w.claimProof(s)
		switch {
		case err == nil && changed == 0:
			return nil
		case err == nil:
			return fmt.Errorf("%w: %w", errAnew, cause)
		case (clock.Real{}).Now().After(until):
			return fmt.Errorf("%w: %w", errUnknown, errors.Join(cause, err))
		}
		select {
		case <-w.stop:
			return fmt.Errorf("%w: %w", errUnknown, cause)
		case <-time.After(tryWait):
		}
	}
}

// claimProof inserts the row of a transaction that may have become, and undoes that:
// 0 rows changed, where it did.
func (w *writer) claimProof(s *session) (changed int64, err error) {
	if s.dead {
		if err := w.renew(s); err != nil {
			return 0, err
		}
	}
	if err := s.begin(s.of.begin, false); err != nil {
		return 0, err
	}
	defer s.rollback()
	return s.exec(postgresProof, s.proof, "")
}

// dropProofs removes rows that nobody asks for any more.
func (w *writer) dropProofs(s *session) {
	if !s.of.proof || w.commits.Add(1)%proofsDrop != 0 {
		return
	}
	_, _ = s.exec(postgresDropProofs, int64(proofsKept)) // those that stay are dropped next time
}
