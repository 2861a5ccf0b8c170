package server

import (
	"context"
	"net/http"

	"certwright/internal/access"
	"certwright/internal/vault"
)

// openPermissions makes who decides what callers may do: everything, in a
// development server; nothing, in a production server until permissions are
// written down.
func (s *Server) openPermissions(_ context.Context, l *live) error {
	l.may = access.Everything{}
	if l.config.Production {
		l.may = access.Nothing{}
		l.permit = func(*http.Request) error { return vault.NoToken() }
	}
	return nil
}

// sidePermit says whether who asks at the side door may; nil: everybody may.
func (s *Server) sidePermit() func(*http.Request) error {
	if !s.config.Production {
		return nil
	}
	return func(r *http.Request) error { return s.now().permit(r) }
}
