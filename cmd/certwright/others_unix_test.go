//go:build unix

package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"certwright/internal/must"
)

// nobody is a user with no rights, as many systems number it.
const nobody = 65534

// asPlainUser returns the program as a user who is not root runs it, with a home
// of its own.
func asPlainUser(t *testing.T) func(args ...string) (string, error) {
	t.Helper()
	program, err := exec.LookPath("certwright")
	must.Do(t, err)
	dir, err := os.MkdirTemp("", "plain") // that of the test is closed to others
	must.Do(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	must.Do(t, os.Chmod(dir, 0o755))
	home := filepath.Join(dir, "home")
	must.Do(t, os.Mkdir(home, 0o700))
	var as *syscall.SysProcAttr
	if os.Geteuid() == 0 {
		program = copied(t, program, filepath.Join(dir, "certwright"))
		must.Do(t, os.Chown(home, nobody, nobody))
		as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	return func(args ...string) (string, error) {
		cmd := exec.Command(program, args...)
		cmd.Dir, cmd.Env, cmd.SysProcAttr = home, []string{"HOME=" + home, "TMPDIR=" + home, "PATH=" + os.Getenv("PATH")}, as
		said, err := cmd.CombinedOutput()
		return string(said), err
	}
}

func copied(t *testing.T, from, to string) string {
	t.Helper()
	in, err := os.Open(from)
	must.Do(t, err)
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	must.Do(t, err)
	_, err = io.Copy(out, in)
	must.Do(t, err)
	must.Do(t, out.Close())
	return to
}

// What belongs to somebody else is told with whose it is and a way out, by every
// command that would use it.
func TestOthersFolder(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 && os.Getenv("CI") == "true" {
		t.Fatal("only root can make a folder of somebody else's")
	}
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: only root can make a folder of somebody else's")
	}
	plain := asPlainUser(t)
	dir, err := os.MkdirTemp("", "theirs")
	must.Do(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	want := "\nhint: " + dir + " belongs to the user root: run the command as that one, as in sudo -u root certwright ..., or name a folder of your own with --data"
	for _, args := range [][]string{{"pending"}, {"env"}, {"clock"}, {"check"}, {"keyset", "status"}, {"backup", "to.tar"}, {"dev", "--listen=127.0.0.1:0", "--http=127.0.0.1:0"}} {
		said, err := plain(append(args, "--data", filepath.Join(dir, "data"))...)
		if err == nil || !strings.Contains(said, "permission denied"+want) {
			t.Errorf("%v: %v\n%s", args, err, said)
		}
	}
}

// A port that is for root says so.
func TestPrivilegedPort(t *testing.T) {
	t.Parallel()
	if low, err := os.ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start"); err == nil && strings.TrimSpace(string(low)) == "0" {
		t.Skip("SKIPPED: this system lets everybody have every port; the test of server has a stand-in")
	}
	said, err := asPlainUser(t)("dev", "--ephemeral", "--listen=127.0.0.1:443", "--http=127.0.0.1:0")
	if err == nil || !strings.Contains(said, "permission denied\nhint: ports below 1024 are for root: choose another with --listen, as in 127.0.0.1:8443") {
		t.Errorf("%v\n%s", err, said)
	}
}
