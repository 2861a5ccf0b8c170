package main

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A contender is one operation of one server, made by parallel callers.
type contender struct {
	name    string
	pid     int // of the process whose CPU counts
	callers []*caller
	do      func(*caller) error
	times   int // that one call does it; 0 is 1

	postmaster int // of PostgreSQL, whose children's CPU is told beside; 0: of none
}

// An outcome is what a contender did in each round.
type outcome struct {
	rates  []float64 // a second
	cpu    []float64 // ms of the process for each
	beside []float64 // ms of PostgreSQL, where it runs here
}

// A speed is what a contender did in a time.
type speed struct{ rate, cpu, beside float64 }

// inTurn lets contenders run one after the other in each round, each time
// beginning with another one. Each warms up for a third of a round.
func (s scale) inTurn(all ...*contender) ([]outcome, error) {
	got := make([]outcome, len(all))
	for _, c := range all {
		if _, err := c.run(s.length / 3); err != nil {
			return nil, err
		}
	}
	for round := range s.rounds {
		for i := range all {
			at := (i + round) % len(all)
			p, err := all[at].run(s.length)
			if err != nil {
				return nil, err
			}
			it := &got[at]
			it.rates, it.cpu, it.beside = append(it.rates, p.rate), append(it.cpu, p.cpu), append(it.beside, p.beside)
		}
	}
	return got, nil
}

// often is the same in five times as many rounds, each a fifth as long: calls
// that take a fraction of a millisecond lose nothing by that, and what else the
// machine does falls even more on all alike.
func (s scale) often() scale {
	s.rounds, s.length = 5*s.rounds, s.length/5
	return s
}

// run makes calls for a time and returns how many a second, and the CPU of each.
func (c *contender) run(length time.Duration) (p speed, err error) {
	var done atomic.Int64
	var failed atomic.Pointer[error]
	var callers sync.WaitGroup
	before, beside, began := used(c.pid), usedBelow(c.postmaster), time.Now()
	for _, it := range c.callers {
		callers.Go(func() {
			for one := true; one || failed.Load() == nil && time.Since(began) < length; one = false {
				if err := c.do(it); err != nil {
					failed.Store(&err)
				}
				done.Add(1)
			}
		})
	}
	callers.Wait()
	took, spent, besides := time.Since(began), used(c.pid)-before, usedBelow(c.postmaster)-beside
	if err := failed.Load(); err != nil {
		return p, fmt.Errorf("%s: %w", c.name, *err)
	}
	n := float64(done.Load()) * float64(max(c.times, 1))
	return speed{n / took.Seconds(), spent.Seconds() * 1000 / n, besides.Seconds() * 1000 / n}, nil
}

// median of values, which are not none.
func median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	if len(v)%2 == 1 {
		return v[len(v)/2]
	}
	return (v[len(v)/2-1] + v[len(v)/2]) / 2
}

// ratio is the median of what one did beside another, round by round.
func ratio(of, to []float64) float64 {
	each := make([]float64, len(of))
	for i := range of {
		each[i] = of[i] / to[i]
	}
	return median(each)
}
