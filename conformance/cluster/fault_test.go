package cluster

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
)

// A house is servers, their database and what they order from.
type house struct {
	*servers
	postgres  *sqltest.Server
	authority authority
	seasons   int

	random *rand.Rand // of the faults
	rounds int
	order  []int // in which the next ones befall it
	befell map[string]int
}

// faults are what may befall the house while it works.
var faults = []struct {
	name string
	do   func(*house)
}{
	{"a server is killed", (*house).kill},
	{"a server is killed while its connections are cut", func(h *house) { h.cut("TRUE"); h.kill() }},
	{"all connections are cut", func(h *house) { h.cut("TRUE") }},
	{"a connection is cut in the midst of COMMIT", (*house).cutCommit},
	{"a third of the connections are cut", func(h *house) { h.cut("pid % 3 = 0") }},
	{"PostgreSQL is restarted", func(h *house) { h.restart(sqltest.Fast) }},
	{"PostgreSQL crashes", func(h *house) { h.restart(sqltest.Immediately) }},
}

// befall has a fault befall the house; each does once before any comes again.
func (h *house) befall() {
	if len(h.order) == 0 {
		h.order = h.random.Perm(len(faults))
	}
	f := faults[h.order[0]]
	h.order = h.order[1:]
	h.rounds++
	h.befell[f.name]++
	f.do(h)
}

func (h *house) kill() { h.each[h.random.IntN(len(h.each))].kill(h.t) }

func (h *house) restart(how sqltest.Stopping) {
	h.postgres.Stop(how)
	h.postgres.Start()
}

// cut ends connections of the servers.
func (h *house) cut(which string) int {
	h.t.Helper()
	c := h.postgres.Connect()
	defer c.Close(h.t.Context())
	tag, err := c.Exec(h.t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'certwright' AND "+which)
	must.Do(h.t, err)
	return int(tag.RowsAffected())
}

// cutCommit waits until somebody commits, and ends that connection. Commits take
// a few milliseconds here (commit_delay), so that there is a midst.
func (h *house) cutCommit() {
	h.t.Helper()
	c := h.postgres.Connect()
	defer c.Close(h.t.Context())
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		tag, err := c.Exec(h.t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'certwright' AND state = 'active' AND wait_event IN ('CommitDelay', 'WALSync', 'WalSync', 'WALWrite', 'WalWrite')")
		must.Do(h.t, err)
		if tag.RowsAffected() > 0 {
			return
		}
	}
	h.t.Errorf("nobody commits for ten seconds; what the connections do:\n%s", h.doing(c))
}

// doing is what the servers' connections do, and whom each waits for.
func (h *house) doing(c *pgx.Conn) (text string) {
	h.t.Helper()
	rows, err := c.Query(h.t.Context(), `SELECT concat_ws(' ', pid, state, now() - state_change, wait_event_type, wait_event, pg_blocking_pids(pid), left(query, 200))
FROM pg_stat_activity WHERE application_name = 'certwright' ORDER BY state_change`)
	must.Do(h.t, err)
	for rows.Next() {
		var line string
		must.Do(h.t, rows.Scan(&line))
		text += line + "\n"
	}
	return text
}

// String says what befell it.
func (h *house) String() (text string) {
	for _, f := range faults {
		text += fmt.Sprintf("; %s %d times", f.name, h.befell[f.name])
	}
	return text
}
