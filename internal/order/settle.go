package order

import (
	"context"
	"errors"
	"sync"
	"time"

	"certwright/internal/clock"
	"certwright/internal/vault"
)

// A GET that finds the worker at the job waits a little for it, in real time:
// the worker may have looked at the order just before it became ready.
const (
	settleWait  = time.Second
	settleEvery = 5 * time.Millisecond
)

// A Reading is what a caller wants to know of an object, read in one transaction.
type Reading func(r vault.Reader, o vault.Object) error

// SettleAndRead reads an object, once an operation of it that has nothing to wait for is
// finished, so that the first GET after a create already sees its end
// (docs/decisions/002-when-work-happens.md). vault.ErrNotFound: there is no such object.
func (s *Orders) SettleAndRead(ctx context.Context, ref vault.Ref, read Reading) error {
	for until := (clock.Real{}).Now().Add(settleWait); ; {
		w, endable, err := s.look(ctx, ref, read)
		if err != nil || !endable {
			return err
		}
		shown := false
		switch now := (clock.Real{}).Now(); {
		case !w.o.Busy(now):
			shown, err = s.settle(ctx, w, ref.Kind, read)
		case now.After(until): // the worker is at it for long
			return s.asItStands(ctx, ref, read)
		default:
			err = pause(ctx)
		}
		switch {
		case vault.IsStorageFault(err): // nothing can be stored
			return s.asItStands(ctx, ref, read)
		case shown, err != nil && !errors.Is(err, vault.ErrStale): // stale: somebody else finished it, or cancelled
			return err
		}
	}
}

// look reads an object, unless this GET can end its operation first (endable): then
// nothing is read yet.
func (s *Orders) look(ctx context.Context, ref vault.Ref, read Reading) (w work, endable bool, err error) {
	err = s.Store.View(ctx, func(r vault.Reader) error {
		o, err := r.Object(ref)
		if err != nil {
			return err
		}
		if w, endable, err = s.endable(r, o); err != nil || endable {
			return err
		}
		return read(r, o)
	})
	return w, endable, err
}

// asItStands reads an object whose operation cannot be finished now.
func (s *Orders) asItStands(ctx context.Context, ref vault.Ref, read Reading) error {
	return s.Store.View(ctx, func(r vault.Reader) error {
		o, err := r.Object(ref)
		if err != nil {
			return err
		}
		return read(r, o)
	})
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(settleEvery):
		return nil
	}
}

// endable tells whether an object, or the certificate behind it, has an operation
// that this GET can finish, and what that takes.
func (s *Orders) endable(r vault.Reader, o vault.Object) (w work, yes bool, err error) {
	op := o.Operation
	if !o.InProgress() || o.Deletion != nil || op.CancelRequested || op.Manual() {
		return w, false, nil
	}
	if o.Managed {
		if o, err = r.Object(o.Ref.As(vault.Certificates)); err != nil {
			return w, false, err
		}
	}
	if w, err = workOn(r, o); err != nil || op.Self() {
		return w, err == nil, err
	}
	w.order, yes = s.Issuers.prompt(*op, w.cfg, w.previous)
	return w, yes, nil
}

// settle takes the step that ends an operation, without a lease: what it achieved is
// stored only if the order goes on as it was read (edited), and read from there, as
// an object of a kind. GETs that come meanwhile wait for the first;
// those have shown nothing yet.
func (s *Orders) settle(ctx context.Context, w work, kind vault.Kind, read Reading) (shown bool, err error) {
	done, first := s.settling.enter(w.o.Ref.String())
	if !first {
		select {
		case <-done:
			return false, nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
	defer s.settling.leave(w.o.Ref.String())
	next, err := s.step(ctx, w)
	if err != nil {
		return false, err
	}
	var answer error
	err = s.concludeForGet(ctx, w.o, next, func(r vault.Reader, o vault.Object) { answer = read(r, o.As(kind)) })
	if err != nil {
		return false, err
	}
	return true, answer
}

// settling are the names whose operations a GET is ending.
type settling struct {
	mu    sync.Mutex
	names map[string]chan struct{}
}

// enter returns first for who is to do the work; done is closed when it is done.
func (s *settling) enter(name string) (done chan struct{}, first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if done, there := s.names[name]; there {
		return done, false
	}
	if s.names == nil {
		s.names = map[string]chan struct{}{}
	}
	s.names[name] = make(chan struct{})
	return nil, true
}

func (s *settling) leave(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.names[name])
	delete(s.names, name)
}
