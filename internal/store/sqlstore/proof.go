package sqlstore

import (
	"errors"
	"fmt"
	"time"

	"certwright/internal/clock"
	"certwright/internal/store/record"
	"certwright/internal/vault"
)

// A commit whose answer was lost is looked up, never guessed. Each transaction
// of the writer leaves a row that names it; whoever inserts the same name waits
// for that transaction to end, and then either finds the row, or has it from now
// on, so that the transaction can never be.

const (
	postgresProof      = `INSERT INTO commits (id, at, names) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`
	postgresDropProofs = `DELETE FROM commits WHERE id IN (SELECT id FROM commits WHERE at < $1 ORDER BY at LIMIT 100)`
)

const (
	proofsKept = time.Hour
	proofsDrop = 64 // commits between two looks at what is older
	settleFor  = time.Minute
)

// errAnew: the transaction is no more, and may be run again.
var errAnew = errors.New("the transaction did not become")

// settle commits, and returns how that ended.
func (w *writer) settle() error {
	of := w.session.of
	if of.together && !w.session.wrote {
		w.rollback()
		return nil
	}
	id := ""
	if of.proof {
		id = vault.NewID()
		if err := w.session.later(postgresProof, true, id, record.Instant(clock.Real{}.Now()), w.session.changedNames()); err != nil {
			return w.unsettled(err)
		}
	}
	if err := w.session.flush(); err != nil {
		return w.unsettled(err)
	}
	_, err := w.session.exec("COMMIT")
	switch {
	case err == nil:
		w.dropProofs()
		return nil
	case id != "" && of.fault(err) == isLost:
		return w.lookUp(id, err)
	}
	return w.unsettled(err)
}

// unsettled undoes a transaction that could not be committed. Where writes waited,
// whose fault that is shows when its updates run again (errUnmet).
func (w *writer) unsettled(err error) error {
	waited := w.session.queue.on
	w.rollback()
	switch {
	case errors.Is(err, errUnmet):
		return err
	case w.session.of.fault(err) != isFinal:
		return errAnew
	case waited:
		return errUnmet
	}
	return err
}

// lookUp finds out whether a transaction became whose answer was lost.
func (w *writer) lookUp(id string, cause error) error {
	w.session.dead = true
	for until := (clock.Real{}).Now().Add(settleFor); ; {
		changed, err := w.claimProof(id)
		switch {
		case err == nil && changed == 0:
			return nil
		case err == nil:
			return errAnew
		case (clock.Real{}).Now().After(until):
			return fmt.Errorf("whether it became is not known: %w", errors.Join(cause, err))
		}
		select {
		case <-w.stop:
			return fmt.Errorf("whether it became is not known: %w", cause)
		case <-time.After(tryWait):
		}
	}
}

// claimProof inserts the row of a transaction that may have become.
func (w *writer) claimProof(id string) (changed int64, err error) {
	if w.session.dead {
		if err := w.renew(); err != nil {
			return 0, err
		}
	}
	return w.session.exec(postgresProof, id, record.Instant(clock.Real{}.Now()), "") // a transaction by itself
}

// dropProofs removes rows that nobody asks for any more.
func (w *writer) dropProofs() {
	if !w.session.of.proof {
		return
	}
	if w.commits++; w.commits%proofsDrop != 0 {
		return
	}
	_, _ = w.session.exec(postgresDropProofs, record.Instant(clock.Real{}.Now().Add(-proofsKept))) // those that stay are dropped next time
}
