package notify

import (
	"context"
	"maps"
	"slices"
	"sort"
	"time"

	"certwright/internal/engine"
	"certwright/internal/vault"
)

// How long rows are kept, and how many go in one transaction.
const (
	keepDelivered = 30 * 24 * time.Hour
	keepDead      = 90 * 24 * time.Hour
	dropPage      = 500
)

// Dead lists messages that were given up, after a Seq and in its order, at most
// limit. Without names it is those of all sinks of the configuration.
func (c *Delivery) Dead(ctx context.Context, after int64, limit int, sinks ...string) (dead []vault.Message, err error) {
	if len(sinks) == 0 {
		sinks = slices.Collect(maps.Keys(c.Sinks))
	}
	err = c.Store.View(ctx, func(r vault.Reader) error {
		dead = []vault.Message{}
		for _, name := range sinks {
			page, err := r.Outbox(name, vault.Dead, after, limit)
			if err != nil {
				return err
			}
			dead = append(dead, page...)
		}
		return nil
	})
	sort.Slice(dead, func(i, j int) bool { return dead[i].Seq < dead[j].Seq })
	return dead[:min(len(dead), max(limit, 0))], err
}

// Resend queues one dead message again, with all its tries before it. A
// *vault.Error: no sink has it among the dead.
func (c *Delivery) Resend(ctx context.Context, seq int64) error {
	now, found := c.Clock.Now(), false
	err := engine.Update(ctx, c.Store, func(tx vault.Tx) error {
		found = false
		for name := range c.Sinks {
			page, err := tx.Outbox(name, vault.Dead, seq-1, 1)
			if err != nil {
				return err
			}
			if len(page) == 1 && page[0].Seq == seq {
				found = true
				return requeue(tx, page, now)
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case !found:
		return vault.NoDeadMessage(seq)
	}
	c.Poke()
	return nil
}

// ResendAll queues every dead message of a sink again and tells how many.
func (c *Delivery) ResendAll(ctx context.Context, sink string) (n int, err error) {
	now := c.Clock.Now()
	for {
		page := []vault.Message{}
		err := engine.Update(ctx, c.Store, func(tx vault.Tx) (err error) {
			if page, err = tx.Outbox(sink, vault.Dead, 0, dropPage); err != nil {
				return err
			}
			return requeue(tx, page, now)
		})
		if n += len(page); err != nil || len(page) < dropPage {
			c.Poke()
			return n, err
		}
	}
}

// requeue lets dead messages of one sink be tried from now on.
func requeue(tx vault.Tx, dead []vault.Message, now time.Time) error {
	for _, m := range dead {
		m.State, m.Due, m.Tries, m.Error = vault.Queued, now, 0, ""
		if err := tx.PutMessage(m); err != nil {
			return err
		}
	}
	if len(dead) == 0 {
		return nil
	}
	return engine.SetJob(tx, vault.JobDeliver, vault.SinkRef(dead[0].Sink), now)
}

// Sweep drops what is old and gives every sink with queued messages the job
// that it should have. It is for every start and once a day.
func (c *Delivery) Sweep(ctx context.Context) error {
	for _, name := range slices.Sorted(maps.Keys(c.Sinks)) {
		if err := c.heal(ctx, name); err != nil {
			return err
		}
	}
	c.Poke()
	for _, name := range append(slices.Sorted(maps.Keys(c.Sinks)), "") {
		for more := true; more; {
			n, err := c.drop(ctx, name)
			if more = n > 0; err != nil {
				return err
			}
		}
	}
	return nil
}

// heal puts the job of a sink whose messages wait without one.
func (c *Delivery) heal(ctx context.Context, name string) error {
	return engine.Update(ctx, c.Store, func(tx vault.Tx) error {
		queue, err := tx.Queue(name, 1)
		if err != nil || len(queue) == 0 {
			return err
		}
		sink, _, err := engine.Found(tx.Object(vault.SinkRef(name)))
		if _, planned := sink.Jobs[vault.JobDeliver]; err != nil || planned {
			return err
		}
		return engine.SetJob(tx, vault.JobDeliver, vault.SinkRef(name), queue[0].Due)
	})
}

// prune drops a page of old rows, of the sink and of those that are read, where
// the oldest row says that there are some: looking for them costs more.
func (c *Delivery) prune(ctx context.Context, sink string) error {
	for _, name := range []string{sink, ""} {
		var oldest []vault.Message
		err := c.Store.View(ctx, func(r vault.Reader) (err error) {
			oldest, err = r.Outbox(name, vault.Delivered, 0, 1)
			return err
		})
		if err == nil && len(oldest) == 1 && oldest[0].At.Before(c.old(name)) {
			_, err = c.drop(ctx, name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// old is the time before which a sink's delivered rows are old. Those that are
// only read may follow another clock, so that moving time does not remove what
// people moved it for.
func (c *Delivery) old(name string) time.Time {
	at := c.Clock
	if name == "" {
		at = c.RowClock
	}
	return at.Now().Add(-keepDelivered)
}

// drop removes a page of a sink's old rows and tells how many.
func (c *Delivery) drop(ctx context.Context, name string) (n int, err error) {
	now, old := c.Clock.Now(), c.old(name)
	err = c.Store.Update(ctx, func(tx vault.Tx) error {
		done, err := tx.DropMessages(name, vault.Delivered, old, dropPage)
		if n = done; err != nil {
			return err
		}
		dead, err := tx.DropMessages(name, vault.Dead, now.Add(-keepDead), dropPage)
		n += dead
		return err
	})
	return n, err
}
