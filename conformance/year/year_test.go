package year_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"certwright/conformance/process"
)

const day = 24 * time.Hour

// TestYear lets a year go by on one server and judges it.
func TestYear(t *testing.T) {
	y := theYear(t, 60, 365, 2)
	y.on(newSingle(t, process.Build(t)))
}

// TestYearOfThree lets two months of it go by on three servers that share one database and are
// killed by turns: who does the work must make no difference.
func TestYearOfThree(t *testing.T) {
	y := theYear(t, 8, 60, 2)
	s := newSeveral(t, 3)
	y.on(s)
	s.wantShares()
	s.wantEachSent()
}

// A year is what one is like.
type year struct {
	t                       *testing.T
	many, days, kills, seed int
}

func theYear(t *testing.T, many, days, kills int) year {
	t.Helper()
	return year{t, process.Number(t, "YEAR_CERTIFICATES", many, 0), process.Number(t, "YEAR_DAYS", days, 0), process.Number(t, "YEAR_KILLS", kills, 0), process.Number(t, "YEAR_SEED", int(rand.Uint32()), 0)}
}

// on lets the year go by.
func (y year) on(s servers) {
	t := y.t
	t.Helper()
	t.Logf("YEAR_SEED=%d: %d certificates, %d days, %d kills", y.seed, y.many, y.days, y.kills)
	w := &world{host: &host{s, t}, t: t, random: rand.New(rand.NewPCG(uint64(y.seed), 1))}
	defer w.host.die()
	w.begin(y.many, y.days)
	w.live(y.kills)
	w.settle()
	t.Logf("%d moments of %d days lived in %v, %d kills", len(w.moments), y.days, w.lived.Round(time.Second), w.host.deaths())
	w.judge()
	if t.Failed() {
		t.Logf("the servers said last:\n%s", w.host.said())
	}
}
