package server

import (
	"context"
	"errors"
	"time"

	"certwright/internal/seal"
)

// How long is waited for a key-encryption key that cannot be used now, between
// two tries.
const (
	leastSealed = time.Second
	mostSealed  = 30 * time.Second
)

// openKeyset opens the data keys. What holds the key-encryption key may start
// after this server, or be sealed itself: that is said and waited for, and
// nothing stands in for it.
func (s *Server) openKeyset(ctx context.Context, past past) error {
	keks, err := s.config.Keyset.Open(s.folder.file(keysetFile))
	if err != nil {
		return err
	}
	named := len(s.config.Keyset.KEKs) > 0 // one that lies elsewhere may be made before its first database
	opening := seal.Opening{Store: s.store, KEKs: keks, New: s.options.NewDatabase || named && !past.used}
	return s.patiently(ctx, func() (err error) {
		s.seal, _, err = opening.Open(ctx)
		return err
	})
}

// patiently does again what needs a key-encryption key until that can be used.
func (s *Server) patiently(ctx context.Context, do func() error) error {
	for wait := leastSealed; ; wait = min(2*wait, mostSealed) {
		err := do()
		if !errors.Is(err, seal.ErrUnavailable) {
			return err
		}
		s.log.Warn("sealed: the data keys cannot be opened yet, and nothing is served until they are", "error", err, "again", wait)
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(wait):
		}
	}
}
