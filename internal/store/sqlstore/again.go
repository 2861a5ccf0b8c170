package sqlstore

import "fmt"

// again runs updates once more whose transaction was rolled back since another
// one failed: each in a savepoint, so that they no longer depend on each other.
func (w *writer) again(batch []*update) {
	if len(batch) == 0 {
		return
	}
	if _, err := w.session.exec(w.begin); err != nil {
		answer(batch, fmt.Errorf("begin a transaction: %w", err))
		return
	}
	var kept, failed []*update
	for i, u := range batch {
		ok, err := w.apart(u)
		if err != nil { // the engine gave up the whole transaction
			w.session.exec("ROLLBACK")
			answer(append(append(kept, failed...), batch[i:]...), err)
			return
		}
		if ok {
			kept = append(kept, u)
		} else {
			failed = append(failed, u)
		}
	}
	w.end(kept)
	answer(failed, nil)
}

// apart runs one update inside a savepoint and reports whether it stays. An
// error means that the transaction is no more.
func (w *writer) apart(u *update) (kept bool, err error) {
	if _, err := w.session.exec("SAVEPOINT one"); err != nil {
		return false, fmt.Errorf("begin a savepoint: %w", err)
	}
	if kept = u.give(w.session) == stays; !kept {
		if _, err := w.session.exec("ROLLBACK TO one"); err != nil {
			return false, fmt.Errorf("undo a savepoint: %w", err)
		}
	}
	if _, err := w.session.exec("RELEASE one"); err != nil {
		return kept, fmt.Errorf("end a savepoint: %w", err)
	}
	return kept, nil
}
