package year_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"certwright/conformance/process"
)

const day = 24 * time.Hour

// TestYear lets a year go by and judges it.
func TestYear(t *testing.T) {
	many, days, kills := number(t, "YEAR_CERTIFICATES", 60), number(t, "YEAR_DAYS", 365), number(t, "YEAR_KILLS", 2)
	seed := number(t, "YEAR_SEED", int(rand.Uint32()))
	t.Logf("YEAR_SEED=%d: %d certificates, %d days, %d kills", seed, many, days, kills)
	w := &world{host: newHost(t, process.Build(t)), t: t, random: rand.New(rand.NewPCG(uint64(seed), 1))}
	defer w.host.die()
	w.begin(many, days)
	w.live(kills)
	w.settle()
	t.Logf("%d moments of %d days lived in %v, %d kills", len(w.moments), days, w.lived.Round(time.Second), w.host.deaths)
	w.judge()
	if t.Failed() {
		t.Logf("the last server said:\n%s", w.host.said())
	}
}

// number reads a setting of the run.
func number(t *testing.T, name string, usual int) int {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return usual
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		t.Fatalf("%s=%s: want a number", name, s)
	}
	return n
}
