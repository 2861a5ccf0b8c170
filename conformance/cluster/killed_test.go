package cluster

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"certwright/conformance/ledger"
	"certwright/conformance/process"
	"certwright/internal/must"
	"certwright/internal/notify"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

const (
	season  = 10 // after how many rounds the load stops, and all is judged
	hands   = 4  // that live the lives of certificates
	callers = 4  // that share names
)

// TestServersAreKilled has three servers under a mixed load while one fault after
// the other befalls them or their PostgreSQL: nothing that was acknowledged is
// lost, no order is placed twice, nothing is stuck, no read is older than what
// was acknowledged, and who follows the events is told each once, in order.
//
// CLUSTER_ROUNDS says how many faults (default 10), CLUSTER_SEED repeats those of
// another run.
func TestServersAreKilled(t *testing.T) {
	t.Parallel()
	rounds, seed := process.Number(t, "CLUSTER_ROUNDS", season, 0), process.Number(t, "CLUSTER_SEED", rand.IntN(1_000_000), 0)
	t.Logf("CLUSTER_ROUNDS=%d CLUSTER_SEED=%d", rounds, seed)
	h := newHouse(t, uint64(seed))
	ears := &listener{all: h.servers}
	hearing, deaf := context.WithCancel(t.Context())
	var listening sync.WaitGroup
	listening.Go(func() { ears.listen(hearing) })
	acknowledged, names := 0, 0
	for left := rounds; left > 0 && !t.Failed(); left -= season {
		facts, past := h.season(min(left, season))
		names += h.judge(facts, past)
		acknowledged += facts.Acknowledged()
	}
	heard, err := ears.judge(t.Context(), h.events)
	if err != nil {
		t.Error(err)
	}
	deaf()
	listening.Wait()
	t.Logf("%d writes acknowledged, %d orders paid for, %d names linearizable, %d events heard of %d listenings%s",
		acknowledged, len(h.authority.Orders()), names, heard, ears.comes, h)
	if acknowledged < 5*rounds || names < rounds {
		t.Error("too little was done to prove anything")
	}
	if t.Failed() {
		t.Log(h.said())
	}
}

// newHouse starts three servers on a PostgreSQL of the test's own. Commits take a
// few milliseconds there, so that connections can be cut in the midst of one.
func newHouse(t *testing.T, seed uint64) *house {
	t.Helper()
	postgres := sqltest.NewServer(t, sqltest.Postgres(t)[0], "commit_delay=3000", "commit_siblings=0")
	h := &house{postgres: postgres, authority: newAuthority(t), random: rand.New(rand.NewPCG(seed, 0)), befell: map[string]int{}}
	h.servers = start(t, postgres.URL(), 3, map[string]string{
		"providers":   "{Internal: {kind: ca}, DigiCert: " + h.authority.node + "}",
		"renew_floor": "1s", "renew_floor_percent": "1",
	})
	for name, body := range map[string]object{"own": {"provider": "Internal"},
		"paid": {"provider": "DigiCert", "credentials": object{"account_id": "4417", "pwd": apiKey}, "org_details": object{"id": "90210"}}} {
		if r, err := (client{all: h.servers}).Send(t.Context(), "PUT", "/certificates/issuers/"+name, body); err != nil || r.Status != 200 {
			t.Fatalf("issuer %s: %d %v %v", name, r.Status, r.Body, err)
		}
	}
	return h
}

// season is some rounds of load and faults. What was said and answered is returned.
func (h *house) season(rounds int) (*ledger.Ledger, *history) {
	h.t.Helper()
	h.signIn()
	h.seasons++
	facts, past := ledger.New(), &history{began: time.Now()}
	ctx, stop := context.WithCancel(h.t.Context())
	defer stop()
	var working sync.WaitGroup
	brings := make([]ledger.Brought, 3)
	for i := range brings {
		var err error
		brings[i], err = ledger.Bring()
		must.Do(h.t, err)
	}
	for i := range hands {
		hand := h.hand(facts, i, brings[0])
		working.Go(func() { hand.Work(ctx) })
	}
	for i := range callers {
		working.Go(func() { past.work(ctx, client{all: h.servers}, i, brings) })
	}
	for range rounds {
		past.epoch.Store(int64(h.rounds))
		pause(ctx, time.Duration(300+h.random.IntN(600))*time.Millisecond)
		h.befall()
	}
	pause(ctx, 300*time.Millisecond)
	stop()
	working.Wait()
	return facts, past
}

// judge holds what was answered against what there is, and returns how many names
// had a history.
func (h *house) judge(facts *ledger.Ledger, past *history) int {
	h.t.Helper()
	wrong := facts.Judge(h.t.Context(), client{h.servers, h.each[0]}, client{h.servers, h.each[1]}, client{h.servers, h.each[2]})
	names, strange := past.judge(h.t)
	for _, text := range slices.Concat(wrong, h.authority.judge(facts.Orders()), strange) {
		h.t.Error(text)
	}
	return names
}

// hand is one that works at whichever server the balancer takes.
func (h *house) hand(facts *ledger.Ledger, n int, brings ledger.Brought) *ledger.Hand {
	return &ledger.Hand{Server: client{all: h.servers}, Ledger: facts, Prefix: "h" + strconv.Itoa(h.seasons) + "-" + strconv.Itoa(n), Brings: brings, Renews: "own", Stays: true,
		Issuers: []string{"own", "own", "own", "own", "own", "paid"}, Random: rand.New(rand.NewPCG(rand.Uint64(), 0))}
}

// events are the ids of all events, in the order in which the stream tells them.
func (h *house) events() (ids []int64) {
	h.t.Helper()
	c := h.postgres.Connect()
	defer c.Close(context.Background())
	rows, err := c.Query(h.t.Context(), "SELECT seq, topic FROM outbox WHERE sink = '' AND state = 'delivered' ORDER BY xid, seq")
	must.Do(h.t, err)
	for rows.Next() {
		var m vault.Message
		must.Do(h.t, rows.Scan(&m.Seq, &m.Topic))
		if notify.IsEvent(m) {
			ids = append(ids, m.Seq)
		}
	}
	must.Do(h.t, rows.Err())
	return ids
}
