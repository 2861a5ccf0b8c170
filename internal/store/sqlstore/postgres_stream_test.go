package sqlstore_test

import (
	"context"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"certwright/internal/must"
	"certwright/internal/store/sqlstore"
	"certwright/internal/vault"
)

const anEvent = "INSERT INTO outbox (state, topic, vault, kind, name, version, tries, error, id, sink, due) VALUES ('delivered', $1, '', '', '', '', 0, '', 'x', '', 0)"

// A follower reads events, each time after the one that it read last.
type follower struct {
	t      *testing.T
	store  vault.Store
	after  int64
	topics []string
}

func (f *follower) read() {
	f.t.Helper()
	must.Do(f.t, f.store.View(f.t.Context(), func(r vault.Reader) error {
		list, err := r.Outbox("", vault.Delivered, f.after, 10)
		for _, m := range list {
			f.topics, f.after = append(f.topics, m.Topic), m.Seq
		}
		return err
	}))
}

// Two transactions hand out numbers of events in turns, and commit in either
// order: who follows the events is told of each once, whenever it looks.
func TestNumbersOfEventsCross(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		s := postgresAt(t, server)
		for _, order := range [][2]int{{0, 1}, {1, 0}} {
			f := &follower{t: t, store: s.Store}
			_, err := s.Admin.Exec(t.Context(), "DELETE FROM outbox")
			must.Do(t, err)
			var both [2]pgx.Tx
			for i := range both {
				c, err := pgx.Connect(t.Context(), s.URL)
				must.Do(t, err)
				defer c.Close(context.Background())
				both[i], err = c.Begin(t.Context())
				must.Do(t, err)
				_, err = both[i].Exec(t.Context(), "INSERT INTO settings (key, value) VALUES ($1, '')", string(rune('a'+i)))
				must.Do(t, err)
			}
			for n, i := range []int{1, 0, 1, 0} { // the later one hands out the first number
				_, err := both[i].Exec(t.Context(), anEvent, string(rune('a'+i))+string(rune('0'+n)))
				must.Do(t, err)
			}
			for _, i := range order {
				f.read()
				if i == 1 && order[0] == 1 && len(f.topics) > 0 {
					t.Errorf("read %q before what comes first is committed", f.topics)
				}
				_, err := both[i].Exec(t.Context(), "DELETE FROM settings WHERE key = $1", string(rune('a'+i)))
				must.Do(t, err)
				must.Do(t, both[i].Commit(t.Context()))
			}
			for len(f.topics) < 4 { // other tests have transactions open, too
				f.read()
			}
			f.read()
			if want := []string{"a1", "a3", "b0", "b2"}; !slices.Equal(f.topics, want) {
				t.Errorf("committed in the order %v: read %q, want %q", order, f.topics, want)
			}
		}
	})
}

// A follower whose last event is gone goes on with those after it.
func TestFollowerOfAnEventThatIsGone(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		s := postgresAt(t, server)
		for _, gone := range []string{"topic = 'b'", "topic < 'c'"} {
			_, err := s.Admin.Exec(t.Context(), "DELETE FROM outbox")
			must.Do(t, err)
			for _, topic := range []string{"a", "b", "c", "d"} {
				_, err := s.Admin.Exec(t.Context(), anEvent, topic)
				must.Do(t, err)
			}
			f := &follower{t: t, store: s.Store}
			must.Do(t, s.Admin.QueryRow(t.Context(), "SELECT seq FROM outbox WHERE topic = 'b'").Scan(&f.after))
			_, err = s.Admin.Exec(t.Context(), "DELETE FROM outbox WHERE "+gone)
			must.Do(t, err)
			for len(f.topics) < 2 {
				f.read()
			}
			if want := []string{"c", "d"}; !slices.Equal(f.topics, want) {
				t.Errorf("without %s: read %q, want %q", gone, f.topics, want)
			}
		}
	})
}

// Events that were dumped from a server with many transactions behind it, and read
// into one with few, are told, and those that follow come after them.
func TestEventsOfADumpAreTold(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		s := postgresAt(t, server)
		_, err := s.Admin.Exec(t.Context(), "INSERT INTO outbox (state, topic, vault, kind, name, version, tries, error, id, sink, due, xid) SELECT 'delivered', 'd' || n, '', '', '', '', 0, '', 'x', '', 0, (4000000000000 + 10 - n)::TEXT::xid8 FROM generate_series(1, 2) AS n")
		must.Do(t, err)
		again, err := sqlstore.OpenPostgres(t.Context(), s.URL)
		must.Do(t, err)
		defer again.Close()
		_, err = s.Admin.Exec(t.Context(), anEvent, "new")
		must.Do(t, err)
		f := &follower{t: t, store: again}
		for len(f.topics) < 3 {
			f.read()
		}
		if want := []string{"d1", "d2", "new"}; !slices.Equal(f.topics, want) {
			t.Errorf("read %q, want %q", f.topics, want)
		}
	})
}
