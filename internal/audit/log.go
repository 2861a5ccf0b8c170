package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"certwright/internal/audit/line"
	"certwright/internal/clock"
	"certwright/internal/vault"
)

// A Log is written to by any number of goroutines; one of its own puts the lines
// in order, proves them and hands them to the sinks. Open one, Close it at the
// end; nil is a server without one.
type Log struct {
	maker         line.Maker
	writes, reads time.Duration // how long a line may take to be on the disk

	mu      sync.Mutex
	open    *batch // takes lines
	ended   bool
	used    batch // whose room the next one gets
	refused int64 // lines that there was no room for since the last one that there was

	wake    chan struct{}
	done    chan struct{} // the writer ended
	trouble atomic.Pointer[error]
	last    atomic.Pointer[string] // checkpoint that is on the disk
	writer  *writer
	spare   sync.Pool // of buffers that lines are made in

	strangers, forgers noise // sign-ins that were refused, without a token and with one
}

// A batch is lines that are written together.
type batch struct {
	says  []byte
	ends  []int
	since time.Time // of the first
	now   bool      // somebody waits
	done  chan struct{}
	err   error
}

func newBatch() *batch { return &batch{done: make(chan struct{})} }

// Means are what a log needs of its server.
type Means struct {
	Data     string         // the data folder
	Accounts vault.Accounts // for its keys and its last checkpoint
	Host     string         // what the server is called; part of the name of a new log
	Resource string         // what resource identifiers begin with, up to the vault's name
	Failed   func(sink string)
	Log      *slog.Logger
}

const (
	mostWaiting = 4 << 20 // bytes of lines that wait for the sinks
	largeBatch  = 256 << 10
)

var errNoRoom = errors.New("too many lines wait to be written")

// Open opens the log of a server: its keys, its file where it ended, and the
// other sinks.
func Open(ctx context.Context, s Settings, m Means) (*Log, error) {
	if err := errors.Join(s.Check()...); err != nil {
		return nil, err
	}
	s = s.withDefaults(m.Data)
	l := &Log{maker: line.Maker{Server: s.Server, Resource: m.Resource}, open: newBatch(), wake: make(chan struct{}, 1), done: make(chan struct{})}
	l.spare.New = func() any { b := make([]byte, 0, 2048); return &b }
	l.writes, _ = lag(s.Sync) // both were checked
	l.reads, _ = lag(s.Reads)
	var err error
	if l.writer, err = openWriter(ctx, l, s, m); err != nil {
		return nil, fmt.Errorf("open the audit log: %w", err)
	}
	go l.writer.run()
	return l, nil
}

// Event writes what happened to the server itself, or what an operator did
// beside the API, and returns when it is on the disk.
func (l *Log) Event(e Entry) error {
	if l == nil {
		return nil
	}
	e.Phase = line.Happens
	e.ByServer()
	return l.write(&e, true)
}

// Note is Event for what cannot be refused: it waits for nothing, and is left out
// only if there is no room for it.
func (l *Log) Note(e Entry) {
	if l == nil {
		return
	}
	if e.Phase == "" {
		e.Phase = line.Happens
	}
	e.ByServer()
	_ = l.write(&e, false)
}

// write hands a line to the writer. With wait it returns when the line is on the
// disk, or could not be put there.
func (l *Log) write(e *Entry, wait bool) error {
	room := l.spare.Get().(*[]byte)
	*room = e.Append((*room)[:0], clock.Real{}.Now(), &l.maker)
	b, err := l.put(*room, wait)
	l.spare.Put(room)
	if err != nil || !wait {
		return err
	}
	<-b.done
	return b.err
}

// keep writes the end of what showed no secret: if the sinks do not take it now,
// it is enough that they get it later.
func (l *Log) keep(e *Entry) error {
	err := l.write(e, l.reads == 0 && l.Trouble() == nil)
	if errors.Is(err, errNoRoom) || errors.Is(err, errEnded) {
		return err
	}
	return nil
}

var errEnded = errors.New("the audit log is closed")

// put adds a line to the open batch.
func (l *Log) put(says []byte, wait bool) (*batch, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.open
	switch {
	case l.ended:
		return nil, errEnded
	case len(b.says)+len(says) > mostWaiting:
		l.refused++
		return nil, errNoRoom
	}
	first := len(b.ends) == 0
	if first {
		b.since = clock.Real{}.Now()
	}
	b.says = append(b.says, says...)
	b.ends = append(b.ends, len(b.says))
	if first || wait && !b.now || len(b.says) > largeBatch {
		b.now = b.now || wait || len(b.says) > largeBatch
		l.poke()
	}
	return b, nil
}

func (l *Log) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// taken returns the open batch and begins another; nil if there is nothing in
// it. urgent: somebody waits for it.
func (l *Log) taken() (b *batch, refused int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	refused, l.refused = l.refused, 0
	if b = l.open; len(b.ends) == 0 {
		return nil, refused
	}
	l.open = newBatch()
	l.open.says, l.open.ends = l.used.says[:0], l.used.ends[:0]
	l.used = batch{}
	return b, refused
}

// Trouble is why nothing can be written at the moment; nil if it can.
func (l *Log) Trouble() error {
	if l == nil {
		return nil
	}
	if why := l.trouble.Load(); why != nil {
		return *why
	}
	return nil
}

// Close writes what there is, with a checkpoint, and closes the sinks.
func (l *Log) Close() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	again := l.ended
	l.ended = true
	l.mu.Unlock()
	if again {
		return nil
	}
	l.poke()
	<-l.done
	return l.writer.close()
}

// Reopen opens the file anew, as after somebody else moved it away.
func (l *Log) Reopen() {
	if l != nil {
		l.writer.reopen.Store(true)
		l.poke()
	}
}

// Known is what anybody who may see the log is to know of it.
func (l *Log) Known() Known {
	return Known{Server: l.maker.Server, Verifier: l.writer.keeper.verifier, Checkpoint: *l.last.Load()}
}
