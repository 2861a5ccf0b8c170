package server

import (
	"net/http"

	"certwright/internal/access"
	"certwright/internal/vault"
)

// authorizer decides what callers may do: everything, in a development server.
func (s *Server) authorizer() (vault.Authorizer, error) {
	if s.config.Production {
		return access.Nothing{}, nil // until permissions are written down
	}
	return access.Everything{}, nil
}

// sidePermit says whether who asks at the side door may: everybody may in a
// development server, and nobody in a production server until permissions are
// written down.
func (s *Server) sidePermit() func(*http.Request) error {
	if !s.config.Production {
		return nil
	}
	return func(*http.Request) error { return vault.NoToken() }
}
