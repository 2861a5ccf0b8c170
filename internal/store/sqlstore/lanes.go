package sqlstore

import "context"

// Lanes are the writing connections that nobody uses. A transaction that is about
// to commit has all its locks: its connection waits for the disk by itself, while
// the writer goes on with another one.
type lanes struct {
	free  chan *session
	all   []*session
	spare int // how many more may be made
}

func newLanes(first *session) lanes {
	l := lanes{free: make(chan *session, first.of.writers), all: []*session{first}, spare: first.of.writers - 1}
	l.free <- first
	return l
}

// take waits for a connection that nobody uses. Where an update comes first, and
// there may be more connections, it makes one, and returns the update as well.
func (w *writer) take() (s *session, first *update) {
	l := &w.lanes
	select {
	case s := <-l.free:
		return s, nil
	default:
	}
	if l.spare == 0 {
		return <-l.free, nil
	}
	select {
	case s := <-l.free:
		return s, nil
	case first = <-w.queue:
	}
	ctx, stop := context.WithTimeout(context.Background(), dialFor)
	defer stop()
	s, err := w.connect(ctx)
	if err != nil {
		return <-l.free, first
	}
	l.all, l.spare = append(l.all, s), l.spare-1
	return s, first
}

func (l *lanes) give(s *session) { l.free <- s }

// finish gives a connection back once fn has ended, and waits for that if there is
// but one.
func (l *lanes) finish(s *session, fn func()) {
	if cap(l.free) == 1 {
		fn()
		l.give(s)
		return
	}
	go func() {
		defer l.give(s)
		fn()
	}()
}

// wait waits until no connection is used any more.
func (l *lanes) wait() {
	for range l.all {
		<-l.free
	}
}
