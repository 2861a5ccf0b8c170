package sqlstore_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"net"
	"runtime"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"certwright/internal/must"
	"certwright/internal/store/pgdriver"
	"certwright/internal/store/sqlstore"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

// A loss is a connection that ends with the first statement of a text that runs on it:
// before the server hears of it, or after it was done and before anybody is told.
type loss struct {
	text string
	done bool
}

// losses befall connections one after the other, each the next one that is made
// once the one before has happened.
type losses struct {
	mu       sync.Mutex
	left     []loss
	happened int
}

// dial makes connections that they befall.
func (l *losses) dial(dial pgconn.DialFunc) pgconn.DialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		return &lossyConn{Conn: c, of: l}, err
	}
}

// A lossyConn waits until the text is prepared: what is sent next runs it.
type lossyConn struct {
	net.Conn
	of    *losses
	ready bool
	lost  bool
}

var errLost = errors.New("the connection is lost")

// Write implements net.Conn.
func (c *lossyConn) Write(p []byte) (int, error) {
	l := c.of
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.lost {
		return 0, errLost
	}
	if len(l.left) == 0 {
		return c.Conn.Write(p)
	}
	next := l.left[0]
	if !c.ready {
		c.ready = bytes.Contains(p, []byte(next.text+"\x00"))
		return c.Conn.Write(p)
	}
	c.lost, l.left = true, l.left[1:]
	l.happened++
	if next.done {
		if _, err := c.Conn.Write(p); err != nil {
			return 0, err
		}
		if _, err := c.Read(make([]byte, 1<<10)); err != nil { // it was done by now
			return 0, err
		}
	}
	_ = c.Close() // it is lost
	return 0, errLost
}

// lostAt opens an empty store whose connections are lost as told from now on.
func lostAt(t *testing.T, server string, all ...loss) (*settledStore, *losses) {
	t.Helper()
	schema := sqltest.NewSchema(t, server)
	config, err := pgconn.ParseConfig(schema.URL)
	must.Do(t, err)
	l := &losses{}
	config.DialFunc = l.dial(config.DialFunc)
	s, err := sqlstore.StartPostgres(t.Context(), sql.OpenDB(pgdriver.Connector{Config: config}))
	must.Do(t, err)
	t.Cleanup(func() { must.Do(t, s.Close()) })
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left = all
	return &settledStore{Store: s, Schema: schema}, l
}

// A commit whose answer is lost is looked up until an answer arrives, however many
// are lost on the way: it is acknowledged if it became, and else it is done again.
func TestAnswersAreLostAgainAndAgain(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		const ask = sqlstore.ProofText
		for what, c := range map[string][]loss{
			"it did not become":                     {{"COMMIT", false}},
			"it became":                             {{"COMMIT", true}},
			"it did not, nobody heard the question": {{"COMMIT", false}, {ask, false}},
			"it did not, nobody heard the answer":   {{"COMMIT", false}, {ask, true}},
			"it did not, nobody heard two answers":  {{"COMMIT", false}, {ask, true}, {ask, true}},
			"it became, nobody heard the answer":    {{"COMMIT", true}, {ask, true}},
		} {
			t.Run(what, func(t *testing.T) {
				s, l := lostAt(t, server, c...)
				must.Do(t, countUp(t.Context(), s, sink(1)))
				if l.happened != len(c) {
					t.Errorf("%d connections were lost, want %d", l.happened, len(c))
				}
				if sum, messages := counts(t, s, 2); sum != 1 || messages != 1 {
					t.Errorf("acknowledged, and %d counted, %d messages, want 1", sum, messages)
				}
			})
		}
	})
}

// An update that failed among others is told so also where the connection is lost
// before that could be undone, and holds up nobody: it once kept the turn for ever,
// since it was asked to run again when it no longer would.
func TestConnectionIsLostAfterAFailure(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		gone := vault.Object{Ref: sink(1000), Rev: 7}
		stale := func(tx vault.Tx) error { // in doubt first, then by itself, in a savepoint
			o := gone
			return tx.PutObject(&o)
		}
		for _, text := range []string{"SAVEPOINT one", "ROLLBACK TO one", "RELEASE one"} {
			t.Run(text, func(t *testing.T) {
				s, l := lostAt(t, server, loss{text, false})
				if err := s.Update(t.Context(), stale); !errors.Is(err, vault.ErrStale) || l.happened != 1 {
					t.Errorf("%d connections were lost: %v", l.happened, err)
				}
				must.Do(t, countUp(t.Context(), s, sink(1)))
			})
		}
		t.Run("a panic", func(t *testing.T) {
			s, l := lostAt(t, server, loss{"ROLLBACK TO one", false})
			func() {
				defer func() {
					if p := recover(); p != "because" {
						t.Errorf("recovered %v", p)
					}
				}()
				_ = s.Update(t.Context(), func(tx vault.Tx) error {
					if err := stale(tx); err != nil {
						panic("because")
					}
					return nil
				})
			}()
			must.Do(t, countUp(t.Context(), s, sink(1)))
			if l.happened != 1 {
				t.Errorf("%d connections were lost", l.happened)
			}
		})
	})
}

// An update that failed for what another one of its group wrote, whose commit was lost
// and did not become, runs again like the other one: it was told so, of what may never
// come to be.
func TestCommitIsLostAfterAFailure(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		s, l := lostAt(t, server, loss{"COMMIT", false})
		var first, second error
		began, goOn := make(chan struct{}), make(chan struct{})
		var all sync.WaitGroup
		var runs int
		all.Go(func() {
			first = s.Update(t.Context(), func(tx vault.Tx) error {
				if runs++; runs > 1 {
					return errors.New("it is wanted no more")
				}
				close(began)
				<-goOn
				return tx.PutSetting("k", "v")
			})
		})
		<-began
		all.Go(func() {
			second = s.Update(t.Context(), func(tx vault.Tx) error {
				if _, err := tx.Setting("k"); !errors.Is(err, vault.ErrNotFound) {
					return errors.Join(vault.ErrStale, err)
				}
				return nil
			})
		})
		for s.Waiting() == 0 {
			runtime.Gosched()
		}
		close(goOn)
		all.Wait()
		if l.happened != 1 || runs != 2 || first == nil || second != nil {
			t.Errorf("%d commits were lost, the first ran %d times: %v; the second: %v", l.happened, runs, first, second)
		}
	})
}
