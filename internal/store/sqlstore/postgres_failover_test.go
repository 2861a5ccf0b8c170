package sqlstore_test

import (
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"certwright/internal/must"
	"certwright/internal/store/sqlstore"
	"certwright/internal/store/sqlstore/sqltest"
)

// The server that writes crashes in the midst of writes, and its standby takes its
// place: the store finds it by itself, what was acknowledged is there once, and what
// was under way is there once or not at all.
func TestStandbyTakesOver(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		first := sqltest.NewServer(t, server)
		second := first.Standby()
		first.Do("ALTER SYSTEM SET synchronous_standby_names = '*'")
		first.Do("SELECT pg_reload_conf()")
		s, err := sqlstore.OpenPostgres(t.Context(), sqltest.Hosts(first, second))
		must.Do(t, err)
		defer s.Close()
		const writers = 6
		var written, unknown atomic.Int64
		var all sync.WaitGroup
		over := make(chan struct{})
		for n := range writers {
			all.Go(func() {
				for after := 0; after < 10; { // writes on the second one
					err := countUp(t.Context(), s, sink(n))
					if err != nil {
						unknown.Add(1)
						continue
					}
					written.Add(1)
					select {
					case <-over:
						after++
					default:
					}
				}
			})
		}
		for written.Load() < 100 {
			time.Sleep(time.Millisecond)
		}
		first.Stop(sqltest.Immediately)
		second.Do("SELECT pg_promote()")
		close(over)
		all.Wait()
		sum, messages := counts(t, s, writers)
		if least, most := int(written.Load()), int(written.Load()+unknown.Load()); sum < least || sum > most || messages != sum {
			t.Errorf("%d counted, %d messages; %d acknowledged, %d unknown", sum, messages, least, most-least)
		}
		t.Logf("%d acknowledged, %d unknown", written.Load(), unknown.Load())
	})
}

// A host that takes connections and never answers does not keep the store from the
// other one.
func TestFirstHostIsSilent(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	must.Do(t, err)
	defer silent.Close()
	db := sqltest.NewServer(t, sqltest.Postgres(t)[0])
	url := strings.Replace(sqltest.Hosts(db), db.Name(), silent.Addr().String()+","+db.Name(), 1)
	began := time.Now()
	s, err := sqlstore.OpenPostgres(t.Context(), url)
	must.Do(t, err)
	defer s.Close()
	must.Do(t, countUp(t.Context(), s, sink(1)))
	if took := time.Since(began); took > time.Minute {
		t.Errorf("it took %v", took)
	}
}
