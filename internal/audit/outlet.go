package audit

import (
	"errors"
	"time"

	"certwright/internal/clock"
)

// A sink takes lines. It takes all that it is given, or none; sync: they must be
// where they stay when it returns.
type sink interface {
	write(lines []byte, sync bool) error
	close() error
}

// An outlet is a sink with the lines that it has not taken yet.
type outlet struct {
	name   string
	sink   sink
	beside bool // it may hang, so it works on a goroutine of its own
	failed func(sink string)

	waiting []byte
	given   int // of those waiting, that the sink has in hand
	err     error
	retryAt time.Time
	lost    int // bytes that there was no room for
	jobs    chan []byte
	results chan error
}

const (
	retryEvery  = 500 * time.Millisecond
	patience    = 2 * time.Second
	mostBacklog = 16 << 20 // bytes that one sink may be behind
)

var errSlow = errors.New("it takes nothing at the moment")

// begin starts the goroutine of a sink that may hang; woken is told of each end.
func (o *outlet) begin(woken func()) {
	if !o.beside {
		return
	}
	o.jobs, o.results = make(chan []byte), make(chan error, 1)
	go func() {
		for lines := range o.jobs {
			o.results <- o.sink.write(lines, true)
			woken()
		}
	}()
}

// give hands on lines, behind those that wait. nil: the sink has taken them all.
func (o *outlet) give(lines []byte, sync bool) error {
	if len(o.waiting)+len(lines) > mostBacklog && o.given == 0 {
		o.lost += len(o.waiting)
		o.waiting = o.waiting[:0]
	}
	if !o.beside && len(o.waiting) == 0 && o.err == nil { // the usual way, without a copy
		if err := o.sink.write(lines, sync); err != nil {
			o.waiting = append(o.waiting, lines...)
			o.settle(err)
		}
		return o.err
	}
	o.waiting = append(o.waiting, lines...)
	if o.given > 0 && !o.heard(0) {
		return errors.Join(o.err, errSlow)
	}
	if now := (clock.Real{}).Now(); len(o.waiting) == 0 && (o.beside || !sync) || now.Before(o.retryAt) {
		return o.err
	}
	o.given = len(o.waiting)
	if !o.beside {
		o.settle(o.sink.write(o.waiting, sync))
		return o.err
	}
	o.jobs <- o.waiting[:o.given:o.given]
	wait := patience
	if o.err != nil {
		wait = 0 // it hung or failed before: nobody waits for it again
	}
	if !o.heard(wait) {
		return errors.Join(o.err, errSlow)
	}
	return o.err
}

// heard settles what the sink has in hand, if it ends within a time.
func (o *outlet) heard(within time.Duration) bool {
	select {
	case err := <-o.results:
		o.settle(err)
		return true
	default:
	}
	if within == 0 {
		return false
	}
	end := time.NewTimer(within)
	defer end.Stop()
	select {
	case err := <-o.results:
		o.settle(err)
		return true
	case <-end.C:
		o.err = errSlow
		return false
	}
}

// settle notes what came of what the sink had in hand.
func (o *outlet) settle(err error) {
	if err == nil {
		o.waiting = append(o.waiting[:0], o.waiting[o.given:]...)
	} else {
		o.retryAt = clock.Real{}.Now().Add(retryEvery)
		o.failed(o.name)
	}
	o.given, o.err = 0, err
}

// behind reports whether there is something to try again.
func (o *outlet) behind() bool { return len(o.waiting) > 0 || o.err != nil }

// due is when it is to be tried again; false: it is not, or its sink has to end first.
func (o *outlet) due() (at time.Time, ok bool) {
	switch {
	case !o.behind():
		return at, false
	case o.given > 0:
		return at, len(o.results) > 0
	}
	return o.retryAt, true
}

// close gives the sink up, after what it has in hand.
func (o *outlet) close() error {
	if o.jobs != nil {
		if o.given > 0 && !o.heard(patience) {
			return nil // it hangs, and ends with the program
		}
		close(o.jobs)
	}
	return o.sink.close()
}
