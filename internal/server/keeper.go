package server

import (
	"context"
	"errors"
	"log/slog"
	"sort"
	"strconv"
	"sync/atomic"
	"time"

	"certwright/internal/account"
	"certwright/internal/admin"
	"certwright/internal/clock"
	"certwright/internal/metrics"
	"certwright/internal/seal"
	"certwright/internal/store/sqlstore"
	"certwright/internal/vault"
)

// A keeper takes changes of the data keys to their end, whoever began them and
// however often the server was killed meanwhile: what is to be done next is read
// off the keys themselves. Where servers share a database each runs one, and what
// several do at once is done twice at worst.
type keeper struct {
	keys  *seal.Keyset
	store *sqlstore.Store
	log   *slog.Logger
	rows  vault.Accounts // that servers share; nil: there are no others
	wake  chan struct{}

	wait  time.Duration // from the publication of a key until it is used; every server has it by then
	grace time.Duration // that a value may be on its way which was sealed before the key changed
	poll  time.Duration // between two looks at the row
	count time.Duration // between two counts while nothing changes; 0: none is made

	last atomic.Pointer[sqlstore.Pass]
}

const (
	keysGrace = time.Minute
	keysPoll  = 15 * time.Second
	keysCount = 24 * time.Hour
	keysAgain = 30 * time.Second // after an error
	keysTurn  = time.Hour        // that another server may take to count them
)

func (s *storage) newKeeper() *keeper {
	k := &keeper{keys: s.seal, store: s.store, log: s.log, wake: make(chan struct{}, 1), grace: keysGrace, poll: keysPoll}
	if s.config.Production {
		k.count = keysCount
	}
	if s.store.Shared() {
		k.wait = 2 * keysPoll
	}
	return k
}

// run looks after the keys until the context ends.
func (k *keeper) run(ctx context.Context) {
	for ctx.Err() == nil {
		again, err := k.step(ctx)
		if err != nil {
			if ctx.Err() == nil {
				k.log.Warn("a change of the data keys cannot go on yet; it is tried again", "error", err, "again", keysAgain)
			}
			again = keysAgain
		}
		select {
		case <-ctx.Done():
		case <-k.wake:
		case <-time.After(again):
		}
	}
}

func (k *keeper) poke() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// step does what is to be done next, and returns when to look again.
func (k *keeper) step(ctx context.Context) (again time.Duration, err error) {
	if _, err := k.keys.Reload(ctx); err != nil {
		return 0, err
	}
	state, since := k.keys.State()
	switch state {
	case seal.Published:
		if left := since.Add(k.wait).Sub(k.now()); left > 0 {
			return left, nil
		}
		if err := k.keys.Promote(ctx); err != nil {
			return 0, err
		}
		k.log.Info("values are sealed under a new data key from now on; those there are follow", "key", k.keys.Primary())
		return 0, nil
	case seal.Resealing:
		return k.reseal(ctx, since)
	}
	return k.poll, k.recount(ctx)
}

// reseal goes through the database once, and retires the old keys after a pass
// that found nothing under them and began when no value of before could still come.
func (k *keeper) reseal(ctx context.Context, since time.Time) (again time.Duration, err error) {
	pass, err := k.pass(ctx)
	if err != nil {
		return 0, err
	}
	ripe := since.Add(k.grace)
	if pass.Moved > 0 || pass.Began.Before(ripe) {
		k.log.Info("values were sealed anew", "values", pass.Moved, "key", k.keys.Primary())
		return max(ripe.Sub(k.now()), 0), nil
	}
	if err := k.keys.Retire(ctx); err != nil {
		return 0, err
	}
	k.log.Info("nothing is sealed under the old data keys any more, and they are retired", "key", k.keys.Primary())
	return k.poll, nil
}

func (k *keeper) pass(ctx context.Context) (sqlstore.Pass, error) {
	pass, err := k.store.Reseal(ctx, sqlstore.Resealing{
		Primary: k.keys.Primary(), KeyOf: seal.KeyOf, Reseal: k.keys.Reseal,
		Damage: func(what, part string) {
			k.log.Error("a sealed value cannot be opened and stays as it is; certwright check has all of them", "row", what, "what", part)
		},
	})
	if err == nil {
		k.last.Store(&pass)
	}
	return pass, err
}

// recount counts the values when the last count is old.
func (k *keeper) recount(ctx context.Context) error {
	if k.count == 0 {
		return nil
	}
	due := func(last *sqlstore.Pass) bool { return last == nil || k.now().Sub(last.Ended) >= k.count }
	last, err := k.lastPass(ctx)
	if err != nil || !due(last) {
		return err
	}
	if k.rows != nil { // another server may have counted, or count just now
		if last, err = k.readPass(ctx); err != nil || !due(last) {
			return err
		}
		if mine, err := account.Turn(ctx, k.rows, "turns/count", clock.Real{}.Now(), keysTurn); err != nil || !mine {
			return err
		}
	}
	_, err = k.pass(ctx)
	return err
}

// lastPass is the last pass that came to its end; nil if there was none.
func (k *keeper) lastPass(ctx context.Context) (*sqlstore.Pass, error) {
	if last := k.last.Load(); last != nil {
		return last, nil
	}
	return k.readPass(ctx)
}

func (k *keeper) readPass(ctx context.Context) (*sqlstore.Pass, error) {
	last, err := k.store.LastPass(ctx)
	if errors.Is(err, vault.ErrNotFound) || err == nil && last.Ended.IsZero() {
		return nil, nil
	}
	if err == nil {
		k.last.Store(&last)
	}
	return &last, err
}

// counted is what metrics show.
func (k *keeper) counted() (all []metrics.DataKey) {
	values := map[uint32]int{}
	if last := k.last.Load(); last != nil {
		values = last.Values
	}
	known := map[uint32]bool{}
	for _, key := range k.keys.Status().Keys {
		known[key.ID] = true
		all = append(all, metrics.DataKey{Key: strconv.FormatUint(uint64(key.ID), 10), State: key.State, Values: values[key.ID]})
	}
	strange := 0
	for id, n := range values {
		if !known[id] {
			strange += n
		}
	}
	if strange > 0 {
		all = append(all, metrics.DataKey{Key: "other", State: "unknown", Values: strange})
	}
	return all
}

// now is real time, by the clock that servers share: what one wrote down another one
// may find.
func (k *keeper) now() time.Time { return clock.Real{}.Now().Add(k.store.Ahead()) }

// Status implements admin.Keyset.
func (k *keeper) Status(ctx context.Context) (admin.KeysetStatus, error) {
	status := admin.KeysetStatus{Status: k.keys.Status(), Change: "none"}
	switch state, _ := k.keys.State(); state {
	case seal.Published:
		status.Change = "published"
	case seal.Resealing:
		status.Change = "resealing"
	}
	last, err := k.store.LastPass(ctx)
	if errors.Is(err, vault.ErrNotFound) {
		return status, nil
	}
	if err == nil {
		status.Values, status.Counted = last.Values, &last.Began
		status.Complete = !last.Ended.IsZero()
	}
	return status, err
}

// Rotate implements admin.Keyset.
func (k *keeper) Rotate(ctx context.Context) error {
	err := k.keys.Publish(ctx)
	if errors.Is(err, seal.ErrChanging) {
		err = nil // it goes on
	}
	if err == nil {
		k.log.Info("a new data key was published")
		k.poke()
	}
	return err
}

// Rewrap implements admin.Keyset.
func (k *keeper) Rewrap(ctx context.Context) error {
	err := k.keys.Rewrap(ctx)
	if err == nil {
		k.log.Info("the data keys were wrapped anew", "by", k.keys.Status().Wraps)
	}
	return err
}

// Check implements admin.Keyset.
func (k *keeper) Check(ctx context.Context) ([]admin.KEKCheck, error) {
	var all []admin.KEKCheck
	for id, err := range k.keys.Check(ctx) {
		c := admin.KEKCheck{KEK: id}
		if err != nil {
			c.Error = err.Error()
		}
		all = append(all, c)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].KEK < all[j].KEK })
	return all, nil
}
