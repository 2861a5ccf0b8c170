package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"certwright/internal/admin"
	"certwright/internal/folder"
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
func (s *storage) openKeyset(ctx context.Context, past folder.Past) error {
	keks, err := s.config.Keyset.Open(s.folder.File(folder.KeysetFile))
	if err != nil {
		return err
	}
	named := len(s.config.Keyset.KEKs) > 0 // one that lies elsewhere may be made before its first database
	opening := seal.Opening{Store: s.store, KEKs: keks, New: s.options.NewDatabase || named && !past.Used}
	return s.patiently(ctx, func() (err error) {
		s.seal, _, err = opening.Open(ctx)
		return err
	})
}

// patiently does again what needs a key-encryption key until that can be used.
func (s *storage) patiently(ctx context.Context, do func() error) error {
	closeDoor := func() {}
	defer func() { closeDoor() }()
	for wait := leastSealed; ; wait = min(2*wait, mostSealed) {
		err := do()
		if !errors.Is(err, seal.ErrUnavailable) {
			return err
		}
		s.log.Warn("sealed: the data keys cannot be opened yet, and nothing is served until they are", "error", err, "again", wait)
		if s.options.Waiting != nil {
			s.options.Waiting("sealed: "+err.Error(), wait)
		}
		if wait == leastSealed {
			closeDoor = s.sealedDoor(ctx)
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(wait):
		}
	}
}

// sealedDoor answers at the side door's address that the server waits, until it
// is closed. Where a port is to be picked, nobody knows of it yet.
func (s *storage) sealedDoor(ctx context.Context) (closeDoor func()) {
	if _, port, err := net.SplitHostPort(s.config.HTTP); err != nil || port == "0" {
		return func() {}
	}
	var how net.ListenConfig
	l, err := how.Listen(ctx, "tcp", s.config.HTTP)
	if err != nil {
		s.log.Warn("nobody can be told at the side door that the server waits", "error", err)
		return func() {}
	}
	door := &http.Server{Handler: admin.Sealed(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = door.Serve(l) }() // ends when it is closed
	return func() { _ = door.Close(); <-ended }
}
