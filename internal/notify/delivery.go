// Package notify tells the outside what happened: mail to contacts, events to
// webhooks, a stream for programs that listen. It delivers rows of the outbox,
// which others wrote in the transaction that made them true, at least once and
// always under the same id. It may not decide what is worth telling nor change
// a vault. Begin with Delivery.Deliver; docs/notices.md is the operator's view.
package notify

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"time"

	"certwright/internal/clock"
	"certwright/internal/engine"
	"certwright/internal/vault"
)

// A Sink takes messages somewhere outside.
type Sink interface {
	// Wants reports whether the message is one for this sink.
	Wants(m vault.Message) bool
	// Send hands the message over once. An error is transient and in plain
	// words, unless it is a *Refused. It may carry a *vault.RetryError; one of
	// vault.ErrPaced says that nothing was tried.
	Send(ctx context.Context, m vault.Message) error
}

// A splitter is a Sink whose messages may be for several receivers: each gets a
// row of its own, so that one that is refused does not stop the others, and
// none gets it twice because of another.
type splitter interface {
	Split(m vault.Message) ([]vault.Message, error)
}

// Refused is the error of a message that its receiver will never take.
type Refused struct{ Reason string }

// Error returns the reason.
func (r *Refused) Error() string { return r.Reason }

// What one run may take, so that no sink holds a worker for long.
const (
	maxSends  = 100              // messages tried
	sendTime  = 30 * time.Second // for one message
	runTime   = 20 * time.Second // after it no other message is begun
	storeTime = 10 * time.Second // to store what a receiver said
	maxFails  = 3                // in a row: the sink itself seems to be down
)

// A Delivery carries messages from the outbox to the sinks. Every field but
// Sinks, Shelf and Poke is required.
type Delivery struct {
	Store    vault.Store
	Clock    vault.Clock     // due times follow it
	RowClock vault.Clock     // says how old rows are that are only read; nil: Clock
	Sinks    map[string]Sink // by name, see Open
	Poke     func()          // tells the worker of a new job; may be nil
	Log      *slog.Logger

	testing chan struct{} // held while a test is sent
}

// New returns a delivery that is ready.
func New(c Delivery) (*Delivery, error) {
	if c.Store == nil || c.Clock == nil || c.Log == nil {
		return nil, errors.New("notify: Store, Clock and Log are required")
	}
	if c.Poke == nil {
		c.Poke = func() {}
	}
	if c.RowClock == nil {
		c.RowClock = c.Clock
	}
	c.testing = make(chan struct{}, 1)
	return &c, nil
}

// For returns the names of the sinks that want a message, in ascending order:
// it needs a row for each, and Job of each in the same transaction.
func (c *Delivery) For(m vault.Message) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(c.Sinks)) {
		if c.Sinks[name].Wants(m) {
			names = append(names, name)
		}
	}
	return names
}

// Deliver is the handler of vault.JobDeliver: it sends the sink's messages that
// are due, the earliest first, and puts the job again for the next. What became
// of a message is stored before the next is sent, so that a crash repeats one
// at most, under its id.
func (c *Delivery) Deliver(ctx context.Context, l vault.Lease) error {
	r := round{Delivery: c, name: l.Ref.Name, sink: c.sink(l.Ref.Name), began: clock.Real{}.Now()}
	for more := true; more; {
		var err error
		if more, err = r.one(ctx); err != nil {
			return err
		}
	}
	if err := c.prune(ctx, l.Ref.Name); err != nil {
		return err
	}
	return engine.Work(ctx, c.Store, l, func(tx vault.Tx, o *vault.Object) error { return r.again(tx, o, l) })
}

// A round is one run of Deliver.
type round struct {
	*Delivery
	name  string
	sink  Sink
	began time.Time // real time

	sends, fails int
	pause        time.Duration // what the sink asked for
}

// one sends the message that is due first; false: enough for now.
func (r *round) one(ctx context.Context) (more bool, err error) {
	if r.sends == maxSends || r.fails == maxFails || r.late() {
		return false, nil
	}
	m, ok, err := r.due(ctx)
	if !ok || err != nil {
		return false, err
	}
	r.sends++
	if parts, err := split(r.sink, m); err != nil || len(parts) > 1 {
		return true, r.spread(ctx, m, parts, err)
	}
	within, stop := context.WithTimeout(ctx, sendTime)
	sent := r.sink.Send(within, m)
	stop()
	if sent != nil && ctx.Err() != nil {
		return false, ctx.Err() // interrupted: no try of the receiver's
	}
	if errors.Is(sent, vault.ErrPaced) {
		r.pause = max(wait(sent), time.Second)
		return false, nil
	}
	return true, r.note(ctx, m, sent)
}

// late reports whether the run took long enough.
func (r *round) late() bool { return clock.Real{}.Now().Sub(r.began) >= runTime }

// due returns the sink's next message, if it is time for it.
func (r *round) due(ctx context.Context) (m vault.Message, ok bool, err error) {
	err = r.Store.View(ctx, func(rd vault.Reader) error {
		queue, err := rd.Queue(r.name, 1)
		if err == nil && len(queue) == 1 {
			m, ok = queue[0], !queue[0].Due.After(r.Clock.Now())
		}
		return err
	})
	return m, ok, err
}

// note stores what became of a message, even while the program is being stopped.
func (r *round) note(ctx context.Context, m vault.Message, sent error) error {
	var refused *Refused
	r.fails++
	if sent == nil || errors.As(sent, &refused) {
		r.fails = 0 // the sink is there
	}
	next := judge(m, sent, r.Clock.Now())
	log := r.Log.With("sink", r.name, "message", m.ID, "topic", m.Topic, "of", m.Ref.String(), "tries", next.Tries)
	switch {
	case next.State == vault.Dead:
		log.Error("message failed permanently; it can be sent again", "error", next.Error)
	case sent != nil:
		log.Warn("message could not be delivered", "next", next.Due, "error", next.Error)
	}
	return r.put(ctx, m, func(tx vault.Tx) error { return tx.PutMessage(next) })
}

// spread gives every receiver of a message a row of its own; fault says why
// that cannot be done.
func (r *round) spread(ctx context.Context, m vault.Message, parts []vault.Message, fault error) error {
	if fault != nil {
		return r.note(ctx, m, fault)
	}
	return r.put(ctx, m, func(tx vault.Tx) error {
		for _, p := range parts {
			p.Sink, p.Due = m.Sink, m.Due
			if err := tx.Append(p); err != nil {
				return err
			}
		}
		m.State, m.Due = vault.Delivered, time.Time{}
		return tx.PutMessage(m)
	})
}

// put writes if the message is still queued as it was read: the row may be gone,
// and a worker that lost its lease may be here, too.
func (r *round) put(ctx context.Context, m vault.Message, write func(vault.Tx) error) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
	defer stop()
	return r.Store.Update(ctx, func(tx vault.Tx) error {
		rows, err := tx.Outbox(r.name, vault.Queued, m.Seq-1, 1)
		if err != nil || len(rows) == 0 || rows[0].Seq != m.Seq || rows[0].Tries != m.Tries {
			return err
		}
		return write(tx)
	})
}

// again puts the job for the message that is due next. A sink that is down is
// left alone for a while, longer each time.
func (r *round) again(rd vault.Reader, o *vault.Object, l vault.Lease) error {
	queue, err := rd.Queue(r.name, 1)
	if err != nil || len(queue) == 0 {
		return err
	}
	next := r.pause
	if r.fails == maxFails || r.fails > 0 && r.late() {
		next, o.Attempt = max(next, pauses[min(l.Attempt, len(pauses)-1)]), l.Attempt+1
	}
	due := r.Clock.Now().Add(next)
	if queue[0].Due.After(due) {
		due = queue[0].Due
	}
	o.SetJob(vault.JobDeliver, due)
	return nil
}

func split(s Sink, m vault.Message) ([]vault.Message, error) {
	if s, ok := s.(splitter); ok {
		return s.Split(m)
	}
	return nil, nil
}

// sink returns the sink of a name. One that the configuration has no more may
// come back: until then its messages wait, and are given up like any other's.
func (c *Delivery) sink(name string) Sink {
	if s, ok := c.Sinks[name]; ok {
		return s
	}
	return missing{}
}

type missing struct{}

func (missing) Wants(vault.Message) bool { return false }
func (missing) Send(context.Context, vault.Message) error {
	return errors.New("the configuration has no such receiver any more")
}
