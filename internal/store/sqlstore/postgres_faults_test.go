package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"certwright/internal/must"
	"certwright/internal/store/sqlstore"
	"certwright/internal/vault"
)

func sink(n int) vault.Ref {
	return vault.Ref{Vault: "-", Kind: vault.Sinks, Name: fmt.Sprintf("s%d", n)}
}

// count adds one to an object's count, read and put in one transaction.
func countUp(ctx context.Context, s vault.Store, r vault.Ref) error {
	for {
		err := s.Update(ctx, func(tx vault.Tx) error {
			o, err := tx.Object(r)
			if err != nil && !errors.Is(err, vault.ErrNotFound) {
				return err
			}
			o.Ref = r
			o.Attempt++
			if err := tx.Append(vault.Message{Topic: "count", Ref: r}); err != nil {
				return err
			}
			return tx.PutObject(&o)
		})
		if !errors.Is(err, vault.ErrStale) {
			return err
		}
	}
}

// counts returns the counts of objects, and how many messages there are.
func counts(t *testing.T, s vault.Store, n int) (sum, messages int) {
	t.Helper()
	must.Do(t, s.View(t.Context(), func(r vault.Reader) error {
		for i := range n {
			o, err := r.Object(sink(i))
			if err != nil && !errors.Is(err, vault.ErrNotFound) {
				return err
			}
			sum += o.Attempt
		}
		list, err := r.Outbox("", vault.Delivered, 0, 100_000)
		messages = len(list)
		return err
	}))
	return sum, messages
}

// Two servers write to the same names: nothing is lost, and nothing done twice.
func TestTwoServersOnOneDatabase(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		a := postgresAt(t, server)
		b, err := sqlstore.OpenPostgres(t.Context(), a.URL)
		must.Do(t, err)
		defer b.Close()
		const names, each = 3, 25
		var all sync.WaitGroup
		for n := range 16 {
			s := []vault.Store{a.Store, b}[n%2]
			all.Go(func() {
				for i := range each {
					if err := countUp(t.Context(), s, sink((n+i)%names)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if sum, messages := counts(t, a, names); sum != 16*each || messages != 16*each {
			t.Errorf("%d counted, %d messages, want %d", sum, messages, 16*each)
		}
	})
}

// Connections are cut at any moment, in the midst of COMMIT too: each write that
// was acknowledged is there once, and each is acknowledged in the end.
func TestConnectionsAreCut(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		s := postgresAt(t, server)
		ctx, stop := context.WithCancel(t.Context())
		var cutting, all sync.WaitGroup
		var cut, written atomic.Int64
		cutting.Go(func() {
			for ctx.Err() == nil {
				if n, err := s.Cut(t.Context()); err == nil { // a context that ends would end its connection
					cut.Add(int64(n))
				}
				select {
				case <-ctx.Done():
				case <-time.After(rand.N(200 * time.Millisecond)):
				}
			}
		})
		const writers, enough = 8, 15
		for n := range writers {
			all.Go(func() {
				for cut.Load() < enough {
					if err := countUp(t.Context(), s.Store, sink(n)); err != nil {
						t.Error(err)
					}
					written.Add(1)
				}
			})
		}
		all.Wait()
		stop()
		cutting.Wait()
		want := int(written.Load())
		if sum, messages := counts(t, s, writers); sum != want || messages != want {
			t.Errorf("%d counted, %d messages, want %d; %d connections were cut", sum, messages, want, cut.Load())
		}
	})
}

// Whoever reads the outbox by its numbers passes by no message of a transaction
// that commits late.
func TestLateCommitIsNotPassedBy(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		s := postgresAt(t, server)
		late, err := s.Admin.Begin(t.Context())
		must.Do(t, err)
		_, err = late.Exec(t.Context(), "INSERT INTO outbox (state, topic, vault, kind, name, version, tries, error, id, sink, due) VALUES ('delivered', 'late', '', '', '', '', 0, '', 'x', '', 0)")
		must.Do(t, err)
		must.Do(t, countUp(t.Context(), s.Store, sink(1)))
		read := func() (topics []string) {
			must.Do(t, s.Store.View(t.Context(), func(r vault.Reader) error {
				list, err := r.Outbox("", vault.Delivered, 0, 10)
				for _, m := range list {
					topics = append(topics, m.Topic)
				}
				return err
			}))
			return topics
		}
		if got := read(); len(got) != 0 {
			t.Errorf("read %q before what comes first is committed", got)
		}
		must.Do(t, late.Commit(t.Context()))
		_, messages := counts(t, s, 0)
		if got := strings.Join(read(), " "); got != "late count" || messages != 2 {
			t.Errorf("read %q, want late count", got)
		}
	})
}

// A database of another program is refused, and stays as it is.
func TestForeignPostgresIsRefused(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		s := postgresAt(t, server)
		for _, text := range []string{"DELETE FROM settings WHERE key = 'product'", "DROP TABLE settings"} {
			_, err := s.Admin.Exec(t.Context(), text)
			must.Do(t, err)
			if again, err := sqlstore.OpenPostgres(t.Context(), s.URL); !errors.Is(err, sqlstore.ErrForeign) {
				t.Errorf("after %s: %v", text, err)
				if err == nil {
					again.Close()
				}
			}
		}
	})
}
