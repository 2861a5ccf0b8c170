package server

import (
	"time"

	"certwright/internal/keys"
)

// keysIdle is how long a server must have had no request before it makes RSA keys
// of which none was asked for yet. A throwaway server waits for the first: most
// are asked for none, and end before they are idle.
const keysIdle = 5 * time.Second

// openKeys makes the pool of ready keys.
func (s *Server) openKeys() {
	s.keys = &keys.Pool{}
	if !s.config.Ephemeral {
		s.keys.Idle = keysIdle
	}
}

// fillKeys keeps the pool filled until the server stops.
func (s *Server) fillKeys() {
	if err := s.keys.Run(s.ctx); err != nil {
		s.log.Error("keys cannot be made beforehand", "error", err)
	}
}
