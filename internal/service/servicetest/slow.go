package servicetest

import (
	"certwright/internal/keys"
	"certwright/internal/vault"
)

// SlowKeys makes a key only when told to, so that a test can act meanwhile.
type SlowKeys struct {
	keys.Pool
	Asked, Begin chan struct{} // nil: at once
}

// Key waits, and makes a key.
func (s *SlowKeys) Key(p vault.KeyProps) (keys.Key, error) {
	if s.Asked != nil {
		s.Asked <- struct{}{}
		<-s.Begin
	}
	return s.Pool.Key(p)
}

// Slow makes the next keys wait: each asks, and is made when it may begin.
func (s *SlowKeys) Slow() { s.Asked, s.Begin = make(chan struct{}), make(chan struct{}) }
