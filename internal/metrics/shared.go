package metrics

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"certwright/internal/clock"
	"certwright/internal/vault"
)

// Where servers share a database one of them counts at a time, and the others show
// what it counted. Whoever is asked for metrics when a count is due takes the turn.

const countRow = "metrics/count" // what was counted last, and whose turn it is

const (
	turnTime = 2 * time.Minute // that a count may take, beside ten times what the last one took
	turnLook = 5 * time.Second // until it is looked again whether it is there
)

// A storedTurn is the row, as JSON, by the clock that servers share.
type storedTurn struct {
	Claimed time.Time    `json:"claimed,omitzero"` // until then somebody counts
	Next    time.Time    `json:"next,omitzero"`    // when a count is due again
	Count   *storedCount `json:"count,omitempty"`
}

// A turn is the right to count.
type turn struct {
	row storedTurn
	rev int64
}

// turn takes the turn to count, or else what another server counted. While the row
// cannot be read this server counts for itself.
func (m *Metrics) turn(ctx context.Context) (t turn, mine bool) {
	if m.Rows == nil {
		return t, true
	}
	plain, rev, err := m.Rows.Read(ctx, countRow)
	if err != nil && !errors.Is(err, vault.ErrNotFound) {
		return t, true
	}
	if err == nil && json.Unmarshal(plain, &t.row) != nil {
		t.row = storedTurn{} // of another version of this program
	}
	now := m.shared()
	if t.row.waits(now, m.Every) {
		m.adopt(t.row, now)
		return t, false
	}
	t.row.Claimed, t.rev = now.Add(t.row.mayTake()), rev
	switch err := m.end(ctx, &t); {
	case errors.Is(err, vault.ErrStale): // another was faster
		m.adopt(t.row, now)
		return t, false
	case err != nil:
		return turn{}, true
	}
	return t, true
}

// shared is real time by the clock that servers share.
func (m *Metrics) shared() time.Time { return clock.Real{}.Now().Add(vault.Ahead(m.Rows)) }

// waits reports whether somebody counts, or counted a short while ago. What lies
// further ahead than either can was written by a clock that was wrong.
func (t storedTurn) waits(now time.Time, every time.Duration) bool {
	ahead := func(until time.Time, most time.Duration) bool {
		return until.After(now) && !until.After(now.Add(most+turnLook))
	}
	return ahead(t.Claimed, t.mayTake()) || ahead(t.Next, t.rests(every))
}

// mayTake is how long the next count may take.
func (t storedTurn) mayTake() time.Duration {
	if t.Count == nil {
		return turnTime
	}
	return turnTime + 10*t.Count.Spent
}

// rests is how long there is none after the last.
func (t storedTurn) rests(every time.Duration) time.Duration {
	if t.Count == nil {
		return every
	}
	return max(every, share*t.Count.Spent)
}

// end writes the row of a turn.
func (m *Metrics) end(ctx context.Context, t *turn) error {
	plain, err := json.Marshal(t.row)
	if err != nil {
		return err
	}
	if err := m.Rows.Write(ctx, countRow, plain, t.rev); err != nil {
		return err
	}
	t.rev++
	return nil
}

// tell gives the turn back, with what was counted. Where another server took it
// meanwhile, it is that one's to tell.
func (m *Metrics) tell(ctx context.Context, t turn) {
	if t.rev == 0 {
		return
	}
	t.row.Claimed = time.Time{}
	if err := m.end(ctx, &t); err != nil && !errors.Is(err, vault.ErrStale) && ctx.Err() == nil {
		m.Log.Warn("what was counted for metrics was not told to the other servers", "error", err)
	}
}

// adopt takes what another server counted.
func (m *Metrics) adopt(row storedTurn, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	wait := row.Next.Sub(now)
	if wait <= 0 {
		wait = turnLook
	}
	m.next = clock.Real{}.Now().Add(wait)
	if row.Count == nil {
		return
	}
	if m.last == nil {
		close(m.first)
	}
	m.last = row.Count.inventory()
	m.last.at = m.last.at.Add(-vault.Ahead(m.Rows))
}

// A storedCount is an inventory, as JSON.
type storedCount struct {
	At     time.Time              `json:"at"`
	Now    time.Time              `json:"now"`
	Spent  time.Duration          `json:"spent"`
	Vaults map[string]storedVault `json:"vaults"`
	Orders []storedOrders         `json:"orders"`
	Queues map[string]storedQueue `json:"queues"`
	Due    time.Time              `json:"due,omitzero"`
}

type storedVault struct {
	States  map[string]int `json:"states"`
	Days    storedBuckets  `json:"days"`
	Soonest time.Time      `json:"soonest,omitzero"`
}

type storedOrders struct {
	Vault    string         `json:"vault"`
	Issuer   string         `json:"issuer"`
	States   map[string]int `json:"states"`
	Ages     storedBuckets  `json:"ages"`
	Oldest   time.Time      `json:"oldest,omitzero"`
	Renewals int            `json:"renewals"`
	Overdue  int            `json:"overdue"`
	Failures int            `json:"failures"`
	Soonest  time.Time      `json:"soonest,omitzero"`
}

type storedQueue struct {
	Queued int       `json:"queued"`
	Dead   int       `json:"dead"`
	Oldest time.Time `json:"oldest,omitzero"`
}

type storedBuckets struct {
	Counts []int   `json:"counts"`
	N      int     `json:"n"`
	Sum    float64 `json:"sum"`
}

func (b buckets) stored() storedBuckets { return storedBuckets{b.counts, b.n, b.sum} }

// of are the buckets of those bounds; none where they were of others.
func (b storedBuckets) of(bounds []float64) buckets {
	if len(b.Counts) != len(bounds) {
		return newBuckets(bounds)
	}
	return buckets{bounds, b.Counts, b.N, b.Sum}
}

func stored(c *inventory) *storedCount {
	s := &storedCount{At: c.at, Now: c.now, Spent: c.spent, Due: c.due, Vaults: map[string]storedVault{}, Queues: map[string]storedQueue{}}
	for name, v := range c.vaults {
		s.Vaults[name] = storedVault{v.states, v.days.stored(), v.soonest}
	}
	for at, o := range c.orders {
		s.Orders = append(s.Orders, storedOrders{at.vault, at.issuer, o.states, o.ages.stored(), o.oldest, o.renewals, o.overdue, o.failures, o.soonest})
	}
	for name, q := range c.queues {
		s.Queues[name] = storedQueue{q.queued, q.dead, q.oldest}
	}
	return s
}

func (s *storedCount) inventory() *inventory {
	c := &inventory{at: s.At, now: s.Now, spent: s.Spent, due: s.Due, vaults: map[string]*counts{}, orders: map[place]*orderCounts{}, queues: map[string]*queue{}}
	for name, v := range s.Vaults {
		c.vaults[name] = &counts{v.States, v.Days.of(dayBounds), v.Soonest}
	}
	for _, o := range s.Orders {
		c.orders[place{o.Vault, o.Issuer}] = &orderCounts{o.States, o.Ages.of(ageBounds), o.Oldest, o.Renewals, o.Overdue, o.Failures, o.Soonest}
	}
	for name, q := range s.Queues {
		c.queues[name] = &queue{q.Queued, q.Dead, q.Oldest}
	}
	return c
}
