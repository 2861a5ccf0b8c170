//go:build unix

package systemd_test

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
	"certwright/internal/systemd"
)

func env(pairs ...string) func(string) string {
	return func(key string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == key {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestTellsTheManager(t *testing.T) {
	t.Parallel()
	at := filepath.Join(t.TempDir(), "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: at, Net: "unixgram"})
	must.Do(t, err)
	defer manager.Close()
	n := systemd.Open(env("NOTIFY_SOCKET", at))
	for _, c := range []struct {
		say  func() error
		want string
	}{
		{func() error { return n.Ready("two\nlines") }, "READY=1\nSTATUS=two lines\n"},
		{func() error { return n.Starting("sealed:\nwaits", time.Minute) }, "STATUS=sealed: waits\nEXTEND_TIMEOUT_USEC=60000000\n"},
		{func() error { return n.Stopping(30 * time.Second) }, "STOPPING=1\nEXTEND_TIMEOUT_USEC=30000000\n"},
		{n.Alive, "WATCHDOG=1\n"},
		{n.Reloading, "RELOADING=1\nMONOTONIC_USEC="},
	} {
		must.Do(t, c.say())
		got := make([]byte, 200)
		size, err := manager.Read(got)
		must.Do(t, err)
		if text := string(got[:size]); !strings.HasPrefix(text, c.want) {
			t.Errorf("got %q, want %q", text, c.want)
		}
	}
}

func TestWatchdog(t *testing.T) {
	t.Parallel()
	pid := strconv.Itoa(os.Getpid())
	for _, c := range []struct {
		env  func(string) string
		want time.Duration
	}{
		{env("NOTIFY_SOCKET", "/s", "WATCHDOG_USEC", "30000000", "WATCHDOG_PID", pid), 30 * time.Second},
		{env("NOTIFY_SOCKET", "/s", "WATCHDOG_USEC", "30000000"), 30 * time.Second},
		{env("NOTIFY_SOCKET", "/s", "WATCHDOG_USEC", "30000000", "WATCHDOG_PID", "1"), 0}, // of another process
		{env("NOTIFY_SOCKET", "/s", "WATCHDOG_USEC", "-1"), 0},
		{env("NOTIFY_SOCKET", "/s", "WATCHDOG_USEC", "soon"), 0},
		{env("WATCHDOG_USEC", "30000000"), 0},
	} {
		if got := systemd.Open(c.env).Watchdog(); got != c.want {
			t.Errorf("%v, want %v", got, c.want)
		}
	}
}

func TestNobodyIsTold(t *testing.T) {
	t.Parallel()
	if err := systemd.Open(env()).Ready(""); err != nil {
		t.Errorf("without a manager: %v", err)
	}
	if err := systemd.Open(env("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "none"))).Alive(); err == nil {
		t.Error("a manager that is not there was told")
	}
}
