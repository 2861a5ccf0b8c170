package sqlstore

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"certwright/internal/clock"
	"certwright/internal/vault"
)

const (
	probeEvery = time.Second     // a store in trouble looks whether it can write again
	quiet      = 5 * time.Second // without a fault, until a disk that failed counts as mended: elsewhere it may still fail
)

// A trouble is what keeps a store from writing. It begins with a write that
// fails for the disk's sake, and ends with a probe that does not: the writes of
// callers may be small enough to find room where others do not.
type trouble struct {
	mu       sync.Mutex
	now      *vault.StorageError // nil: none
	last     time.Time           // that the disk failed
	told     func(*vault.StorageError)
	failures map[vault.StorageFault]int64
	probes   sync.WaitGroup
}

// Trouble returns what keeps the store from writing; nil if nothing does.
func (s *Store) Trouble() *vault.StorageError {
	s.trouble.mu.Lock()
	defer s.trouble.mu.Unlock()
	return s.trouble.now
}

// Failures counts the calls that failed for the disk's sake.
func (s *Store) Failures() map[vault.StorageFault]int64 {
	s.trouble.mu.Lock()
	defer s.trouble.mu.Unlock()
	counts := map[vault.StorageFault]int64{}
	for _, f := range vault.StorageFaults {
		counts[f] = s.trouble.failures[f]
	}
	return counts
}

// OnTrouble has fn told when the store cannot write any more, and with nil when
// it can again; at once if it is in trouble already.
func (s *Store) OnTrouble(fn func(*vault.StorageError)) {
	s.trouble.mu.Lock()
	s.trouble.told = fn
	now := s.trouble.now
	s.trouble.mu.Unlock()
	if now != nil {
		fn(now)
	}
}

// noted returns the error of a call as what it means, and remembers it.
func (s *Store) noted(err error, reading bool) error {
	if err == nil {
		return nil
	}
	e := storageError(err)
	if e == nil {
		return err
	}
	e.Reading, e.Unknown = reading, errors.Is(err, errUnknown)
	t := &s.trouble
	t.mu.Lock()
	defer t.mu.Unlock()
	if e.Fault == vault.DiskFails {
		t.last = clock.Real{}.Now()
	}
	if t.failures == nil {
		t.failures = map[vault.StorageFault]int64{}
	}
	t.failures[e.Fault]++
	select {
	case <-s.closed:
		return e
	default:
	}
	if e.Fault == vault.DatabaseSlow { // others may fare better: it is no reason to take nobody in
		return e
	}
	if t.now == nil {
		t.probes.Go(s.probe)
	}
	if t.now == nil || t.now.Fault != e.Fault {
		t.now = e
		t.tell(e)
	}
	return e
}

// tell runs who wants to know; with the lock held, so that the words come in order.
func (t *trouble) tell(now *vault.StorageError) {
	if t.told != nil {
		t.told(now)
	}
}

// end waits for the last probe of a store that is closed.
func (t *trouble) end() {
	t.mu.Lock() // whoever began a probe has begun it by now
	t.mu.Unlock()
	t.probes.Wait()
}

// probe writes until it can.
func (s *Store) probe() {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.closed:
			return
		case <-tick.C:
		}
		if err := s.writer.do(context.Background(), writeSome); err == nil && s.trouble.over() {
			return
		}
	}
}

// over ends a trouble, unless the disk failed just now.
func (t *trouble) over() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if (clock.Real{}).Now().Sub(t.last) < quiet {
		return false
	}
	t.now = nil
	t.tell(nil)
	return true
}

const (
	sqlProbe    = "INSERT INTO settings (key, value) VALUES ('storage.probe', $1) ON CONFLICT DO NOTHING"
	sqlProbeEnd = "DELETE FROM settings WHERE key = 'storage.probe'"
)

// some are 64 kB.
var some = strings.Repeat("0", 64<<10)

// writeSome writes some that are not needed: what is deleted is overwritten, so
// both go to the log.
func writeSome(v vault.Tx) error {
	if _, err := v.(*tx).exec("probe", sqlProbe, some); err != nil {
		return err
	}
	_, err := v.(*tx).exec("probe", sqlProbeEnd)
	return err
}

// storageError returns an error of the engine that comes of the disk as that;
// nil for any other.
func storageError(err error) *vault.StorageError {
	var fault *driver.Error
	if !errors.As(err, &fault) {
		return postgresTrouble(err)
	}
	switch fault.Code() & 0xff {
	case lib.SQLITE_FULL:
		return &vault.StorageError{Fault: vault.DiskFull, Err: err}
	case lib.SQLITE_READONLY:
		return &vault.StorageError{Fault: vault.DiskReadOnly, Err: err}
	case lib.SQLITE_IOERR, lib.SQLITE_CANTOPEN:
		return &vault.StorageError{Fault: vault.DiskFails, Err: err}
	}
	return nil
}
