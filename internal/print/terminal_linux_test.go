package print

import (
	"fmt"
	"io"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"certwright/internal/must"
)

// openTerminal makes a terminal of so many columns.
func openTerminal(t *testing.T, columns uint16) *os.File {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	must.Do(t, err)
	t.Cleanup(func() { master.Close() })
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	must.Do(t, err)
	must.Do(t, unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0))
	must.Do(t, unix.IoctlSetWinsize(int(master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}))
	end, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	must.Do(t, err)
	t.Cleanup(func() { end.Close() })
	return end
}

// Colours are for terminals that have them, unless somebody wants none.
func TestTerminal(t *testing.T) {
	end := openTerminal(t, 61)
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm")
	if p := (Format{}).On(end, io.Discard); p.Width != 61 || !p.Colour {
		t.Errorf("on a terminal: %+v", p)
	}
	if p := (Format{Color: "never"}).On(end, io.Discard); p.Colour {
		t.Errorf("--color=never: %+v", p)
	}
	t.Setenv("TERM", "dumb")
	if p := (Format{}).On(end, io.Discard); p.Colour {
		t.Errorf("on one without colours: %+v", p)
	}
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "1")
	if p := (Format{}).On(end, io.Discard); p.Colour || p.Width != 61 {
		t.Errorf("NO_COLOR: %+v", p)
	}
	if p := (Format{Color: "always"}).On(end, io.Discard); !p.Colour {
		t.Errorf("--color=always counts more: %+v", p)
	}
	file, err := os.Create(t.TempDir() + "/out")
	must.Do(t, err)
	defer file.Close()
	t.Setenv("NO_COLOR", "")
	if p := (Format{}).On(file, io.Discard); p.Colour || p.Width != 0 || IsTerminal(file) || !IsTerminal(end) {
		t.Errorf("a file: %+v", p)
	}
}
