package server

import (
	"sync"

	"certwright/internal/keys"
	"certwright/internal/vault"
)

// A keyMaker makes key pairs. It begins to make RSA keys beforehand once the first
// was asked for, so that a server without such work stays idle.
type keyMaker struct {
	pool  keys.Pool
	first sync.Once
	fill  func() // starts the pool
}

// Key returns a key pair that nobody else gets. Errors are those of keys.New.
func (k *keyMaker) Key(props vault.KeyProps) (keys.Key, error) {
	key, err := k.pool.Key(props)
	if props.Type.IsRSA() && err == nil {
		k.first.Do(k.fill)
	}
	return key, err
}

// fillKeys keeps the pool filled until the server stops.
func (s *Server) fillKeys() {
	s.background.Go(func() {
		if err := s.keys.pool.Run(s.ctx); err != nil {
			s.log.Error("keys cannot be made beforehand", "error", err)
		}
	})
}
