package audit

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"certwright/internal/audit/line"
	"certwright/internal/clock"
)

// A writer is the one goroutine that lines go through.
type writer struct {
	*Log
	chain   *line.Chain
	file    *file
	outlets []*outlet
	all     bool // every outlet must take a line, not only one
	keeper  *keeper
	courier *courier     // nil: there is no webhook
	stored  atomic.Int64 // lines that are in the file, on the disk
	log     *slog.Logger
	reopen  atomic.Bool

	chunk    []byte
	note     string // the last checkpoint
	marked   int64  // lines that it covers
	markedAt time.Time
	syncBy   time.Time // what was written is to be on the disk by then; zero: it is
}

const (
	checkpointLines = 1000
	checkpointTime  = time.Minute
	writeWithin     = 50 * time.Millisecond // nobody waits for a line, but the program may die
)

// run writes until the log is closed.
func (w *writer) run() {
	defer close(w.done)
	for {
		now := clock.Real{}.Now()
		if due, ended := w.due(); !due.After(now) {
			w.flush(now, ended)
			if ended {
				return
			}
			continue
		} else {
			nap := time.NewTimer(due.Sub(now))
			select {
			case <-w.wake:
			case <-nap.C:
			}
			nap.Stop()
		}
	}
}

// due is when there is something to do.
func (w *writer) due() (at time.Time, ended bool) {
	w.mu.Lock()
	waiting, since, urgent := len(w.open.ends) > 0, w.open.since, w.open.now
	ended = w.ended
	w.mu.Unlock()
	if ended {
		return time.Time{}, true
	}
	if w.Trouble() != nil {
		return w.retryAt(), false
	}
	if urgent || w.reopen.Load() {
		return time.Time{}, false
	}
	at = w.markedAt.Add(checkpointTime)
	sooner := func(t time.Time) {
		if t.Before(at) {
			at = t
		}
	}
	if w.unmarked() <= 0 {
		at = clock.Real{}.Now().Add(time.Hour)
	}
	if waiting {
		sooner(since.Add(min(writeWithin, max(w.reads, time.Millisecond))))
	}
	if !w.syncBy.IsZero() {
		sooner(w.syncBy)
	}
	for _, n := range []*noise{&w.strangers, &w.forgers} {
		if ends, ok := n.due(); ok {
			sooner(ends.Add(time.Millisecond))
		}
	}
	for _, o := range w.outlets {
		if again, ok := o.due(); ok {
			sooner(again)
		}
	}
	return at, false
}

// retryAt is when the first of the outlets that failed is tried again.
func (w *writer) retryAt() time.Time {
	at := clock.Real{}.Now().Add(retryEvery)
	for _, o := range w.outlets {
		if again, ok := o.due(); ok && again.Before(at) {
			at = again
		}
	}
	return at
}

// flush writes what there is. What was left behind comes first: while it cannot
// be written, nothing new is numbered.
func (w *writer) flush(now time.Time, last bool) {
	if w.Trouble() != nil {
		if err := w.deliver(nil, true); err != nil {
			w.fail(err)
			return
		}
	}
	b := w.gather(now, last)
	marks := w.marks(now, last)
	if marks {
		w.checkpoint(now)
	}
	sync := marks || b != nil && b.now || !w.syncBy.IsZero() && !now.Before(w.syncBy) || w.behind()
	err := w.deliver(w.chunk, sync)
	w.tellCourier()
	w.recovered(err)
	if err != nil {
		w.fail(err)
	} else if marks {
		kept := w.note
		w.last.Store(&kept)
		w.keeper.keep(w.state(now))
	}
	if b != nil {
		w.answer(b, err)
	}
	if sync || err != nil {
		w.syncBy = time.Time{}
	} else if len(w.chunk) > 0 && w.syncBy.IsZero() {
		w.syncBy = now.Add(max(w.reads, w.writes) - writeWithin)
	}
}

// gather frames what there is to write, and returns the batch that it took; nil
// for none.
func (w *writer) gather(now time.Time, last bool) *batch {
	w.chunk = w.chunk[:0]
	w.turn(now)
	b, refused := w.taken()
	if b != nil {
		w.add(b)
	}
	if refused > 0 {
		w.say(now, Entry{Operation: "CertwrightAuditGap", Phase: line.Happens, Description: "lines were left out, since too many waited to be written",
			Facts: []Fact{{Name: "count", Value: strconv.FormatInt(refused, 10)}}})
	}
	for _, n := range []*noise{&w.strangers, &w.forgers} {
		if left := n.count(now, last); left > 0 {
			w.say(now, refusedEntry(left))
		}
	}
	return b
}

// add frames the lines of a batch.
func (w *writer) add(b *batch) {
	from := 0
	for _, end := range b.ends {
		w.chunk = w.chain.Frame(w.chunk, b.says[from:end])
		from = end
	}
	w.used.says, w.used.ends = b.says, b.ends // nobody else looks at them
}

// say frames a line of the log's own.
func (w *writer) say(now time.Time, e Entry) {
	e.Caller.App = "certwright"
	w.chunk = w.chain.Frame(w.chunk, e.Append(nil, now, &w.maker))
}

// turn begins another file where it is time for one. Its first line is a
// checkpoint, so that each file can be verified by itself.
func (w *writer) turn(now time.Time) {
	var err error
	switch moved := w.reopen.Swap(false); {
	case w.outlets[0].behind(): // what it is owed belongs in this one
		return
	case moved:
		err = w.file.leave()
	case w.file.full(now):
		err = w.file.rotate(now)
	}
	if err != nil {
		w.log.Error("the audit log's file could not be changed for another", "error", err)
	}
	if w.file.size == 0 && w.chain.Tree.Size > 0 {
		w.checkpoint(now)
	}
}

// marks reports whether it is time for a checkpoint.
func (w *writer) marks(now time.Time, last bool) bool {
	return w.unmarked() >= checkpointLines || w.unmarked() > 0 && (last || now.Sub(w.markedAt) >= checkpointTime)
}

// unmarked is how many lines no checkpoint covers, but for the last checkpoint's own.
func (w *writer) unmarked() int64 {
	n := w.chain.Tree.Size - w.marked
	if w.note != "" {
		n--
	}
	return n
}

// deliver gives lines to every outlet. An error says that too few took them.
func (w *writer) deliver(lines []byte, sync bool) error {
	var failed []error
	for _, o := range w.outlets {
		before := o.err
		err := o.give(lines, sync)
		switch {
		case err != nil && before == nil:
			w.log.Error("the audit log cannot be written", "to", o.name, "error", err)
		case err == nil && before != nil:
			w.log.Warn("the audit log can be written again", "to", o.name)
		}
		if o.lost > 0 {
			w.log.Error("lines of the audit log were left out, since too many waited", "to", o.name, "bytes", o.lost)
			o.lost = 0
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", o.name, err))
		}
	}
	if w.all && len(failed) > 0 || len(failed) == len(w.outlets) {
		return errors.Join(failed...)
	}
	return nil
}

func (w *writer) behind() bool {
	return slices.ContainsFunc(w.outlets, (*outlet).behind)
}

// fail has nobody wait any more: lines are taken and kept, and who needs them on
// the disk is told that they are not.
func (w *writer) fail(why error) {
	w.trouble.Store(&why)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.open.err == nil {
		w.open.err = why
		close(w.open.done)
	}
}

// tellCourier tells how many lines are on the disk.
func (w *writer) tellCourier() {
	if w.courier != nil && !w.outlets[0].behind() && len(w.file.unsynced) == 0 && w.stored.Swap(w.chain.Tree.Size) < w.chain.Tree.Size {
		w.courier.poke()
	}
}

// recovered forgets a trouble that is over.
func (w *writer) recovered(err error) {
	if err == nil && w.Trouble() != nil {
		w.trouble.Store(nil)
		w.log.Warn("the audit log is written again: writes and secrets are served")
	}
}

// answer tells who waits for a batch what came of it.
func (w *writer) answer(b *batch, err error) {
	if b.err != nil {
		return // they were told while it was open
	}
	b.err = err
	close(b.done)
}

// close closes the outlets and waits for the last checkpoint to be kept.
func (w *writer) close() error {
	var errs []error
	for _, o := range w.outlets {
		if o == w.outlets[0] && o.behind() {
			errs = append(errs, fmt.Errorf("the audit log ends before its last lines: %d bytes could not be written: %w", len(o.waiting), o.err))
		}
		errs = append(errs, o.close())
	}
	if w.courier != nil {
		w.courier.close()
	}
	w.keeper.close()
	return errors.Join(errs...)
}
