package sqlstore

import (
	"context"
	"database/sql"
	"time"
)

// When the log is written back into the database file.
const (
	checkpointIdle  = 2 * time.Second // after the last write: all of it
	checkpointAgain = time.Second     // if somebody was reading the log then
	checkpointEvery = 8               // commits between two looks at the log's length
	checkpointAt    = 1000            // pages in the log, 4 MB: under load
	checkpointRest  = 200             // pages that the writer may be held up for
)

// A checkpointer writes the log back into the database file, on a connection of
// its own and while others write, so that no commit waits for it. What was
// written meanwhile is left for the writer, which does the little that remains
// between two commits: only when all of the log is written back does it begin
// anew, and stays short.
type checkpointer struct {
	writer  *writer
	session *session
	stop    chan struct{}
	stopped chan struct{}
}

func newCheckpointer(ctx context.Context, db *sql.DB, d dialect, w *writer) (*checkpointer, error) {
	s, err := newSession(ctx, db, &d, d.setup)
	if err != nil {
		return nil, err
	}
	c := &checkpointer{writer: w, session: s, stop: make(chan struct{}), stopped: make(chan struct{})}
	go c.run()
	return c, nil
}

// close ends it; what is in the log stays there.
func (c *checkpointer) close() error {
	close(c.stop)
	<-c.stopped
	return c.session.close()
}

func (c *checkpointer) run() {
	defer close(c.stopped)
	for {
		select {
		case <-c.stop:
			return
		case <-c.writer.wrote:
			c.follow()
		}
	}
}

// follow keeps the log short until nobody writes any more, and then empties it.
func (c *checkpointer) follow() {
	idle := time.NewTimer(checkpointIdle)
	defer idle.Stop()
	for commits := 1; ; {
		select {
		case <-c.stop:
			return
		case <-c.writer.wrote:
			if commits++; commits%checkpointEvery == 0 {
				c.shorten()
			}
			idle.Reset(checkpointIdle)
		case <-idle.C:
			if pages, done, err := checkpoint(c.session, "PASSIVE"); err == nil && pages == done {
				return
			}
			idle.Reset(checkpointAgain)
		}
	}
}

// shorten writes a long log back. An error shows at the next write, too, and is
// told there.
func (c *checkpointer) shorten() {
	pages, done, err := checkpoint(c.session, "NOOP")
	if err != nil || pages < checkpointAt {
		return
	}
	if _, done, err = checkpoint(c.session, "PASSIVE"); err != nil {
		return
	}
	if pages, _, err = checkpoint(c.session, "NOOP"); err != nil || pages == done || pages-done > checkpointRest {
		return // nothing is left, or too much: the next look finds less
	}
	c.writer.between(c.stop, func(s *session) { _, _, _ = checkpoint(s, "PASSIVE") })
}

// checkpoint runs a checkpoint that waits for nobody, and returns how many pages
// the log has and how many of them are in the database file.
func checkpoint(s *session, mode string) (pages, done int64, err error) {
	var busy int64
	err = s.one("PRAGMA wal_checkpoint("+mode+")", nil, &busy, &pages, &done)
	return pages, done, err
}
