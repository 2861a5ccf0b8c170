package sqlstore_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"certwright/internal/store/sqlstore"
	"certwright/internal/vault"
)

// planned returns a store of n certificates whose jobs fall due in the year
// after noon, in no order.
func planned(b *testing.B, n int) *sqlstore.Store {
	b.Helper()
	s := open(b)
	const batch = 5000
	for from := 0; from < n; from += batch {
		err := s.Update(context.Background(), func(tx vault.Tx) error {
			for i := from; i < min(from+batch, n); i++ {
				after := time.Hour + time.Duration(uint32(i)*2654435761)*2*time.Millisecond
				if err := putDue(tx, ref(name(i)), noon.Add(after)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return s
}

// What finding due work costs with a thousand and with many certificates, and
// the ratio: with nothing due, and with ten jobs that are claimed, ended and put
// again. CERTWRIGHT_BENCH_ROWS says how many are many.
func BenchmarkFindDue(b *testing.B) {
	many := 100_000
	if n, err := strconv.Atoi(os.Getenv(benchRows)); err == nil {
		many = n
	}
	for _, due := range []int{0, 10} {
		took := map[int]float64{}
		for _, n := range []int{1000, many} {
			s := planned(b, n)
			for i := range due {
				dueNow(b, s, ref(fmt.Sprint("due", i)))
			}
			b.Run(fmt.Sprintf("%d due of %d", due, n), func(b *testing.B) {
				for b.Loop() {
					claimAll(b, s, due)
				}
				took[n] = float64(b.Elapsed().Nanoseconds()) / float64(b.N)
				if n == many {
					b.ReportMetric(took[many]/took[1000], "x-of-1000")
				}
			})
		}
	}
}

func dueNow(b *testing.B, s *sqlstore.Store, r vault.Ref) {
	b.Helper()
	if err := s.Update(context.Background(), func(tx vault.Tx) error { return putDue(tx, r, noon) }); err != nil {
		b.Fatal(err)
	}
}

func putDue(tx vault.Tx, r vault.Ref, due time.Time) error {
	return tx.PutObject(&vault.Object{Ref: r, Jobs: map[vault.JobKind]time.Time{vault.JobSchedule: due}})
}

// giveBack ends a job that was claimed and sets it again.
func giveBack(tx vault.Tx, l vault.Lease) error {
	o, err := tx.Object(l.Ref)
	if err == nil {
		err = o.Finish(l)
	}
	if err != nil {
		return err
	}
	o.SetJob(l.Kind, l.Due)
	return tx.PutObject(&o)
}

// claimAll claims what is due and puts it again.
func claimAll(b *testing.B, s *sqlstore.Store, want int) {
	b.Helper()
	leases, err := s.Claim(context.Background(), noon, noon, time.Minute, 10)
	if err != nil || len(leases) != want {
		b.Fatalf("%d claimed, %v; want %d", len(leases), err, want)
	}
	if want == 0 {
		return
	}
	err = s.Update(context.Background(), func(tx vault.Tx) error {
		for _, l := range leases {
			if err := giveBack(tx, l); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}
