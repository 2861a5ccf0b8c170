package main

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	_ "modernc.org/sqlite" // ages the outbox
)

// longestHold is the metric that tells how long one transaction held the writer
// at most since the start, in seconds.
const longestHold = "certwright_store_writer_longest_seconds"

// writer measures how long others wait for the store's one writer on the day
// that half of the outbox becomes too old to keep and many versions are purged;
// and, since the machine has others, in a time in which nothing happens.
func writer(s *stand) ([]row, error) {
	v, err := s.server(large)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(v.process.Stop(), v.start()); err != nil { // the metric begins anew
		return nil, err
	}
	calm := v.probed(func(*caller) error { time.Sleep(10 * s.length); return nil })
	calmHold, _, err := v.metric(longestHold)
	if err != nil {
		return nil, err
	}
	messages, err := s.age(v)
	if err != nil {
		return nil, err
	}
	busy := v.probed(func(c *caller) error {
		defer quiet(v.pid, 0.3) // the probe's own writes are less
		return day(v, c)
	})
	hold, ok, err := v.metric(longestHold)
	if err := errors.Join(err, calm.err, busy.err); err != nil {
		return nil, err
	}
	what := fmt.Sprintf("longest hold of the writer, in a day with %d outbox rows and a purge of %d versions", messages, s.scale.versions)
	waits := fmt.Sprintf("of %d small writes meanwhile one waited %.0f ms, of %d before %.0f ms", busy.n, busy.most, calm.n, calm.most)
	if !ok {
		return []row{{What: what, Bar: "<= 50 ms", Absent: fmt.Sprintf("no %s; %s", longestHold, waits)}}, nil
	}
	return []row{atMost(50, hold*1000, what, "<= 50 ms", "%.0f ms; %.0f ms when nothing happens; %s", hold*1000, calmHold*1000, waits)}, nil
}

// age makes the older half of the outbox forty days older, since nobody can wait
// that long and the server takes the age of messages from the machine's clock.
func (s *stand) age(v *server) (messages int, err error) {
	if err := v.process.Stop(); err != nil {
		return 0, err
	}
	db, err := sql.Open("sqlite", filepath.Join(v.program.Folder, "certwright.db"))
	if err != nil {
		return 0, err
	}
	defer db.Close()
	if err := db.QueryRow("SELECT count(*) FROM outbox").Scan(&messages); err != nil {
		return 0, err
	}
	_, err = db.Exec("UPDATE outbox SET at = at - ? WHERE seq <= (SELECT seq FROM outbox ORDER BY seq LIMIT 1 OFFSET ?)", int64(40*24*time.Hour), messages/2)
	return messages, errors.Join(err, db.Close(), v.start())
}

// day purges the secret of many versions and moves the server's clock by a day.
func day(v *server, c *caller) error {
	if err := c.send("DELETE", "/secrets/"+manyVersions, "", http.StatusOK); err != nil {
		return err
	}
	if err := c.send("DELETE", "/deletedsecrets/"+manyVersions, "", http.StatusNoContent); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	r, err := v.process.Send(ctx, "POST", "/admin/clock", map[string]string{"advance": "25h"})
	if err == nil && r.Status != http.StatusOK {
		err = fmt.Errorf("move the clock: %d %v", r.Status, r.Body)
	}
	return err
}

// A probe is what a client saw that wrote a little again and again.
type probe struct {
	n    int
	most float64 // ms that one waited
	err  error
}

// probed writes a little again and again beside something that is done.
func (v *server) probed(do func(*caller) error) probe {
	quiet(v.pid, rest)
	all, err := v.callers(2)
	if err != nil {
		return probe{err: err}
	}
	stop := make(chan struct{})
	ended := make(chan probe)
	go func() { ended <- probing(all[0], stop) }()
	err = do(all[1])
	close(stop)
	p := <-ended
	p.err = errors.Join(p.err, err)
	return p
}

func probing(c *caller, stop <-chan struct{}) (p probe) {
	for {
		select {
		case <-stop:
			return p
		case <-time.After(10 * time.Millisecond):
		}
		began := time.Now()
		if p.err = c.send("PUT", "/secrets/probe", `{"value":"bench"}`, http.StatusOK); p.err != nil {
			return p
		}
		p.n++
		p.most = max(p.most, time.Since(began).Seconds()*1000)
	}
}

// metric reads one that has no labels.
func (v *server) metric(name string) (value float64, ok bool, err error) {
	_, text, err := v.side("/metrics")
	if err != nil {
		return 0, false, err
	}
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		if is, found := strings.CutPrefix(lines.Text(), name+" "); found {
			value, err = strconv.ParseFloat(is, 64)
			return value, true, err
		}
	}
	return 0, false, nil
}
