package storetest

import (
	"context"
	"errors"
	"testing"

	"certwright/internal/vault"
)

// cancelled: a context that has ended ends the call, and nothing is written.
func cancelled(t *testing.T, s vault.Store) {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	calls := map[string]func() error{
		"View":   func() error { return s.View(ended, func(vault.Reader) error { return nil }) },
		"Update": func() error { return s.Update(ended, func(vault.Tx) error { return nil }) },
		"Reset":  func() error { return s.Reset(ended) },
		"Claim": func() error {
			_, err := s.Claim(ended, instant, instant, minute, 1)
			return err
		},
		"Extend": func() error {
			_, err := s.Extend(ended, vault.Lease{Job: vault.Job{Ref: ref("a")}, Token: "x"}, instant)
			return err
		},
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got error %v, want %v", name, err, context.Canceled)
		}
	}

	// While it runs: the next read or write says so, and all is undone.
	running, stop := context.WithCancel(context.Background())
	err := s.Update(running, func(tx vault.Tx) error {
		if err := tx.PutSetting("k", "v"); err != nil {
			return err
		}
		stop()
		return tx.PutSetting("k", "w")
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Update cancelled while running: %v", err)
	}

	// While it waits for another: it does not wait on, and never runs.
	waiting, leave := context.WithCancel(context.Background())
	left := make(chan error)
	update(t, s, func(tx vault.Tx) error {
		go func() {
			left <- s.Update(waiting, func(tx vault.Tx) error { return tx.PutSetting("k", "x") })
		}()
		leave()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("Update cancelled while waiting: %v", err)
		}
		return nil
	})
	update(t, s, func(tx vault.Tx) error { return tx.PutSetting("other", "y") })
	if got := setting(t, s, "k"); got != "" {
		t.Errorf("a cancelled Update wrote %q", got)
	}
}

// ended: what was handed to fn is of no use after fn has returned.
func ended(t *testing.T, s vault.Store) {
	var oldTx vault.Tx
	var oldReader vault.Reader
	update(t, s, func(tx vault.Tx) error { oldTx = tx; return nil })
	view(t, s, func(r vault.Reader) error { oldReader = r; return nil })
	if err := oldTx.PutSetting("k", "v"); err == nil {
		t.Error("a write after the end of its transaction")
	}
	if _, err := oldReader.Setting("k"); err == nil || errors.Is(err, vault.ErrNotFound) {
		t.Errorf("a read after the end of its transaction: %v", err)
	}
	if got := setting(t, s, "k"); got != "" {
		t.Errorf("setting %q", got)
	}
}

// closed: Close may be called twice; afterwards every call is an error.
func closed(t *testing.T, s vault.Store) {
	update(t, s, func(tx vault.Tx) error { return tx.PutSetting("k", "v") })
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
	}
	if err := s.View(context.Background(), func(vault.Reader) error { return nil }); err == nil {
		t.Error("View of a closed store")
	}
	if err := s.Update(context.Background(), func(vault.Tx) error { return nil }); err == nil {
		t.Error("Update of a closed store")
	}
}
