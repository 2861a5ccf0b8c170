package audit_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"certwright/internal/audit"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// On a disk that is full no write begins and no half of a line stays; with room
// again the log goes on by itself, and is whole.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	disk := t.TempDir()
	if err := syscall.Mount("none", disk, "tmpfs", 0, "mode=0700,size=256k"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("mount a small disk: %v", err)
		}
		t.Skipf("SKIPPED: a full disk is not tried, since none can be mounted here (%v); TestFailsClosed has a stand-in", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	b := newBreakable(t, audit.Settings{File: audit.FileSettings{Path: filepath.Join(disk, "audit.jsonl")}})
	b.path = filepath.Join(disk, "audit.jsonl")
	filler, written := filepath.Join(disk, "filler"), 0
	must.Do(t, os.WriteFile(filler, make([]byte, 128<<10), 0o600))
	for b.Event(audit.Entry{Operation: "Fills", Description: "so that the disk is full at some time"}) == nil {
		written++
	}
	if err := b.Trouble(); !errors.Is(err, syscall.ENOSPC) || written == 0 {
		t.Fatalf("after %d lines: %v", written, err)
	}
	if err := b.ask(t.Context(), b.request(t, "SetSecret")); reasonOf(err) != vault.Unavailable {
		t.Errorf("a write: %v", err)
	}
	if got := b.lines(t); len(got) < written { // each is one line of JSON, or this ends the test
		t.Errorf("%d lines, and %d were acknowledged", len(got), written)
	}
	must.Do(t, os.Remove(filler))
	<-b.back
	must.Do(t, b.ask(t.Context(), b.request(t, "SetSecret")))
	must.Do(t, b.Close())
	how, _ := b.keys(t)
	if r := b.verify(t, how); len(r.Findings) > 0 || r.Lines < int64(written) {
		t.Errorf("%d lines: %v", r.Lines, r.Findings)
	}
}
