package server

import (
	"errors"
	"testing"
	"time"

	"certwright/internal/console/session"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// Who signed in to the console at one server is signed in at the other, and who
// signed out there is nowhere, at once in both modes: the row is read each time.
func TestSessionsAreObeyed(t *testing.T) {
	eachCache(t, nil, func(p pair) {
		book := func(s *Server) *session.Book {
			return &session.Book{Accounts: s.accounts, Now: time.Now, Access: func() string { return "rules" }}
		}
		one, two, ctx := book(p.one), book(p.two), p.t.Context()
		id, err := one.Begin(ctx, vault.Caller{Issuer: "corp", Subject: "ann"}, "link", time.Now())
		must.Do(p.t, err)
		if got, err := two.Find(ctx, id); err != nil || got.Who.Subject != "ann" {
			p.t.Errorf("a session of the other server: %+v, %v", got, err)
		}
		must.Do(p.t, one.End(ctx, id))
		if _, err := two.Find(ctx, id); !errors.Is(err, session.ErrNone) {
			p.t.Errorf("a session that ended at the other server: %v", err)
		}
		token, err := one.Link(ctx, vault.Caller{Issuer: "corp", Subject: "ann"})
		must.Do(p.t, err)
		if _, err := two.Redeem(ctx, token); err != nil {
			p.t.Errorf("a link of the other server: %v", err)
		}
		if _, err := one.Redeem(ctx, token); !errors.Is(err, session.ErrNone) {
			p.t.Errorf("a link that was used at the other server: %v", err)
		}
	})
}
