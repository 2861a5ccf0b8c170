package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"certwright/internal/store/sqlstore"
	"certwright/internal/vault"
)

// benchRows is, for make long, how many certificates the big database holds.
const benchRows = "CERTWRIGHT_BENCH_ROWS"

// record returns a version with so many bytes, which cannot be compressed.
func record(bytes int) vault.Version {
	value := make(vault.Sealed, bytes)
	for i := range value {
		value[i] = byte(rand.Uint32())
	}
	return vault.Version{ID: "0123456789abcdef0123456789abcdef", Tags: map[string]string{"team": "web"},
		Attributes: vault.Attributes{Enabled: true, NotBefore: noon, Expires: noon.AddDate(1, 0, 0), Created: noon, Updated: noon},
		Secret:     &vault.SecretBody{ContentType: vault.PKCS12, Value: value}}
}

func putRecord(tx vault.Tx, name string, v vault.Version) error {
	v.Ref = ref(name)
	return errors.Join(tx.PutObject(&vault.Object{Ref: v.Ref, Latest: v.ID}), tx.PutVersion(v))
}

// fsyncRate appends and syncs a record at a time for a while: what the disk
// gives to one writer.
func fsyncRate(b *testing.B, d time.Duration) float64 {
	b.Helper()
	f, err := os.Create(filepath.Join(b.TempDir(), "probe"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	block, n, start := make([]byte, 6300), 0, time.Now() // a record with its row
	for time.Since(start) < d {
		if _, err := f.Write(block); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
		n++
	}
	return float64(n) / time.Since(start).Seconds()
}

// Durable records per second of 16 writers, as a ratio to the disk's own rate
// of the same run (docs/measurements.md: at least 1.0).
func BenchmarkGroupCommit16(b *testing.B) {
	s := open(b)
	v := record(6000)
	before := fsyncRate(b, 300*time.Millisecond)
	var next atomic.Int64
	var all sync.WaitGroup
	b.ResetTimer()
	for range 16 {
		all.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				name := fmt.Sprint("c", n*7919%1000003)
				if err := s.Update(context.Background(), func(tx vault.Tx) error { return putRecord(tx, name, v) }); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
	rate := float64(b.N) / b.Elapsed().Seconds()
	probe := (before + fsyncRate(b, 300*time.Millisecond)) / 2
	b.ReportMetric(rate, "records/s")
	b.ReportMetric(probe, "fsyncs/s")
	b.ReportMetric(rate/probe, "x-probe")
}

// One writer alone: one commit, one fsync each.
func BenchmarkCommitAlone(b *testing.B) {
	s := open(b)
	v := record(6000)
	n := 0
	for b.Loop() {
		n++
		if err := s.Update(context.Background(), func(tx vault.Tx) error { return putRecord(tx, fmt.Sprint("c", n), v) }); err != nil {
			b.Fatal(err)
		}
	}
}

// filled returns a store of n objects with a version each, every tenth deleted.
func filled(b *testing.B, n int) *sqlstore.Store {
	b.Helper()
	s := open(b)
	v := record(2000)
	const batch = 2000
	for from := 0; from < n; from += batch {
		err := s.Update(context.Background(), func(tx vault.Tx) error {
			for i := from; i < min(from+batch, n); i++ {
				o := vault.Object{Ref: ref(name(i)), Latest: v.ID, Jobs: map[vault.JobKind]time.Time{vault.JobIssue: noon.Add(time.Duration(i) * time.Hour)}}
				if i%10 == 0 {
					o.Deletion = &vault.Deletion{At: noon, PurgeAt: noon}
				}
				v.Ref = o.Ref
				if err := errors.Join(tx.PutObject(&o), tx.PutVersion(v), tx.Append(vault.Message{Topic: "t", Ref: o.Ref})); err != nil {
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

// name spreads the rows over the alphabet, so that neighbours in the list were
// not written next to each other.
func name(i int) string { return fmt.Sprintf("cert-%07d", uint32(i)*2654435761%10000019) }

func sizes() []int {
	if n, err := strconv.Atoi(os.Getenv(benchRows)); err == nil {
		return []int{1000, n}
	}
	return []int{1000, 20_000}
}

// Each must cost about the same in a small and a large database (docs/measurements.md:
// at most 2.0 between 1k and 1M).
func BenchmarkRead(b *testing.B) {
	for _, rows := range sizes() {
		s := filled(b, rows)
		view := func(b *testing.B, fn func(r vault.Reader) error) {
			b.Helper()
			for b.Loop() {
				if err := s.View(context.Background(), fn); err != nil {
					b.Fatal(err)
				}
			}
		}
		page := vault.ObjectsPage{Vault: "web", Kind: vault.Certificates, Limit: 25}
		some := func() int { i := rand.IntN(rows); return i - i%10 + 1 } // one that is live
		objects := func(p func() vault.ObjectsPage) func(r vault.Reader) error {
			return func(r vault.Reader) error {
				_, err := r.Objects(p())
				return err
			}
		}
		reads := []struct {
			name string
			fn   func(r vault.Reader) error
		}{
			{"first page", objects(func() vault.ObjectsPage { return page })},
			{"any page", objects(func() vault.ObjectsPage { p := page; p.After = name(some()); return p })},
			{"page with pending", objects(func() vault.ObjectsPage {
				p := page
				p.After, p.IncludePending = name(some()), true
				return p
			})},
			{"deleted page", objects(func() vault.ObjectsPage { p := page; p.After, p.Deleted = name(some()), true; return p })},
			{"keys page", objects(func() vault.ObjectsPage { p := page; p.Kind, p.After = vault.Keys, name(some()); return p })},
			{"object", func(r vault.Reader) error { _, err := r.Object(ref(name(some()))); return err }},
			{"version", func(r vault.Reader) error {
				_, err := r.Version(ref(name(some())), "0123456789abcdef0123456789abcdef")
				return err
			}},
			{"version as key", func(r vault.Reader) error {
				_, err := r.Version(ref(name(some())).As(vault.Keys), "0123456789abcdef0123456789abcdef")
				return err
			}},
			{"next due", func(r vault.Reader) error { _, err := r.NextDue(noon); return err }},
			{"outbox", func(r vault.Reader) error { _, err := r.Outbox("", vault.Delivered, int64(some()), 25); return err }},
		}
		for _, read := range reads {
			b.Run(fmt.Sprintf("%s/%d", read.name, rows), func(b *testing.B) { view(b, read.fn) })
		}
		b.Run(fmt.Sprintf("claim/%d", rows), func(b *testing.B) {
			for b.Loop() {
				leases, err := s.Claim(context.Background(), noon, noon, time.Minute, 4)
				if err != nil || len(leases) != 1 {
					b.Fatalf("%v, %v", leases, err)
				}
				if err := s.Update(context.Background(), func(tx vault.Tx) error { return giveBack(tx, leases[0]) }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// From Open to a first read, of a database that is there.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "certwright.db")
	openAt(b, path).Close()
	for b.Loop() {
		s, err := sqlstore.Open(context.Background(), path)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := setting(s, "none"); err != vault.ErrNotFound {
			b.Fatal(err)
		}
		s.Close()
	}
}

// From nothing to a first read.
func BenchmarkOpenNew(b *testing.B) {
	n := 0
	for b.Loop() {
		n++
		s, err := sqlstore.Open(context.Background(), filepath.Join(b.TempDir(), strconv.Itoa(n)))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := setting(s, "none"); err != vault.ErrNotFound {
			b.Fatal(err)
		}
		s.Close()
	}
}
