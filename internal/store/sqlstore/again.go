package sqlstore

import "fmt"

// A group is the updates that ran in one transaction.
type group struct {
	kept   []*update // stay
	sure   []*update // failed before anybody wrote, by what is on the disk
	failed []*update // failed after that, maybe for what is not on the disk yet
}

// fails takes up an update that failed.
func (g *group) fails(u *update) {
	if len(g.kept) == 0 {
		g.sure = append(g.sure, u)
		return
	}
	g.failed = append(g.failed, u)
}

// anew are those that run again where the transaction did not become.
func (g *group) anew() []*update { return append(g.kept, g.failed...) }

// again runs updates once more whose transaction was rolled back since another
// one failed: each in a savepoint, so that they no longer depend on each other.
func (w *writer) again(batch []*update) {
	if len(batch) == 0 {
		return
	}
	if err := w.begin(false); err != nil {
		w.given(batch, err)
		return
	}
	var g group
	for i, u := range batch {
		o, err := w.apart(u)
		if err != nil { // the engine gave up the whole transaction
			w.session.rollback()
			w.given(append(g.anew(), batch[i:]...), err)
			break
		}
		switch o {
		case stays:
			g.kept = append(g.kept, u)
		case waits:
			w.later(u, w.session.fault)
		default:
			g.fails(u)
		}
		if i == len(batch)-1 {
			w.end(w.session, g, w.ready(g.kept))
		}
	}
	answer(g.sure, nil)
}

// given answers updates whose transaction the engine gave up, or has them come again.
func (w *writer) given(batch []*update, err error) {
	if w.session.of.fault(err) == isFinal {
		answer(batch, err)
		return
	}
	w.allLater(batch, err)
}

// apart runs one update inside a savepoint, which is undone unless it stays. An
// error means that the transaction is no more.
func (w *writer) apart(u *update) (o outcome, err error) {
	if _, err := w.session.exec("SAVEPOINT one"); err != nil {
		return waits, fmt.Errorf("begin a savepoint: %w", err)
	}
	before := len(w.session.changes)
	o = u.give(w.session)
	if o != stays {
		w.session.changes = w.session.changes[:before]
		if _, err := w.session.exec("ROLLBACK TO one"); err != nil {
			return o, fmt.Errorf("undo a savepoint: %w", err)
		}
	}
	if _, err := w.session.exec("RELEASE one"); err != nil {
		return o, fmt.Errorf("end a savepoint: %w", err)
	}
	return o, nil
}
