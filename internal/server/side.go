package server

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"certwright/internal/admin"
	"certwright/internal/vault"
)

// sideHandler makes the handler of the side door, with what it may do.
func (s *Server) sideHandler() *admin.Handler {
	return &admin.Handler{
		Production: s.config.Production, Permit: s.sidePermit(), SignIn: s.challenge, Rules: s.rules,

		CA:    s.caText(),
		Ready: s.ready,
		Notes: s.signInNotes,
		Hosts: s.config.Hosts, PublicHosts: publicHosts(s.config.Providers),
		Now:       s.Now,
		Advance:   s.Advance,
		Outbox:    s.Outbox,
		Notices:   s.notices,
		Events:    s.notices.stream.Serve,
		Metrics:   s.metrics,
		Reset:     s.Reset,
		Operator:  s.service.Operator,
		Rollover:  s.issuers.rollover,
		PKI:       s.issuers.published,
		Challenge: s.issuers.challenge,
		Keyset:    s.keeper,
		Audit:     s.audit,
		Log:       s.log,
	}
}

// ready reports whether requests can be served: the store answers and can be
// written, and nobody is closing it.
func (s *Server) ready(ctx context.Context) error {
	if s.closing.Load() {
		return errors.New("the server is shutting down")
	}
	if disk := s.store.Trouble(); disk != nil {
		return disk
	}
	if why := s.audit.Trouble(); why != nil {
		return fmt.Errorf("the audit log cannot be written: %w", why)
	}
	if down, all := s.now().signIn.verifier.Down(); all && s.now().signIn.mutual == nil {
		return fmt.Errorf("nobody can sign in: the keys of %s cannot be fetched", strings.Join(down, ", "))
	}
	return s.store.View(ctx, func(r vault.Reader) error {
		_, err := r.Setting(offsetSetting)
		if errors.Is(err, vault.ErrNotFound) {
			return nil
		}
		return err
	})
}

// Answers reports whether the store answers before ctx ends, be it with an error:
// a server that hangs does not.
func (s *Server) Answers(ctx context.Context) bool {
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		_ = s.store.View(ctx, func(r vault.Reader) error {
			_, err := r.Setting(offsetSetting)
			return err
		})
	}()
	select {
	case <-answered:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// Now returns the server's time and how far it is from real time.
func (s *Server) Now() (now time.Time, offset time.Duration) {
	return s.clock.Now(), s.clock.Offset()
}

// Advance moves the server's clock forward by d, from due job to due job. It
// returns when all that fell due on the way is done.
func (s *Server) Advance(ctx context.Context, d time.Duration) error {
	s.moving.Lock()
	defer s.moving.Unlock()
	defer s.metrics.Forget()
	return s.worker.Advance(ctx, s.clock, d)
}

// Reset empties the server: no vault holds anything, and its clock shows real
// time again. Its authorities and keys stay.
func (s *Server) Reset(ctx context.Context) error {
	s.moving.Lock()
	defer s.moving.Unlock()
	defer s.metrics.Forget()
	if err := s.service.Reset(ctx); err != nil {
		return err
	}
	if err := s.clock.Back(ctx); err != nil {
		return err
	}
	return s.service.Sweeper.Start(ctx) // its job went with all others
}
