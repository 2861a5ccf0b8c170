package pebble

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"certwright/conformance/process"
)

// builds are the paths of built programs.
var builds = map[string]func() (string, error){
	"pebble":              sync.OnceValues(func() (string, error) { return build("pebble") }),
	"pebble-challtestsrv": sync.OnceValues(func() (string, error) { return build("pebble-challtestsrv") }),
}

// build builds a program of the pinned module and returns its path in Go's
// build cache. The first time it may have to fetch the module.
func build(name string) (string, error) {
	root, err := root()
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", "tool", "-n", name)
	cmd.Dir = filepath.Join(root, "conformance", "pebble", "programs")
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-buildvcs=false", "CGO_ENABLED=0")
	var said bytes.Buffer
	cmd.Stderr = &said
	path, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("build %s from %s: %w\n%s", name, cmd.Dir, err, said.String())
	}
	return strings.TrimSpace(string(path)), nil
}

// root is the folder of the house: the nearest one above with our go.mod.
func root() (string, error) {
	at, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; at != filepath.Dir(at); at = filepath.Dir(at) {
		text, err := os.ReadFile(filepath.Join(at, "go.mod"))
		if err == nil && bytes.HasPrefix(text, []byte("module certwright\n")) {
			return at, nil
		}
	}
	return "", errors.New("find the sources of certwright above the current folder: there are none")
}

// A program is a running one.
type program struct {
	name string
	cmd  *exec.Cmd
	said *process.Transcript
	end  chan struct{} // closed when it has ended
}

// launch starts a program and stops it when the test ends. Where it cannot be
// built the test fails in CI and is skipped elsewhere, with the reason.
func launch(t testing.TB, name string, env []string, args ...string) *program {
	t.Helper()
	path, err := builds[name]()
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("SKIPPED: there is no ACME authority to test with, as it cannot be built: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	p := &program{name: name, said: &process.Transcript{}, end: make(chan struct{}), cmd: exec.Command(path, args...)}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = p.said, p.said
	p.cmd.WaitDelay = time.Second
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.end)
		_ = p.cmd.Wait() // it is killed in the end
	}()
	t.Cleanup(p.stop)
	return p
}

func (p *program) stop() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.end
}

// await asks until there is an answer.
func (p *program) await(t testing.TB, ask func() error) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		err := ask()
		if err == nil {
			return
		}
		select {
		case <-p.end:
			t.Fatalf("%s ended:\n%s", p.name, p.said)
		case <-deadline:
			t.Fatalf("%s does not answer: %v\n%s", p.name, err, p.said)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// freePorts returns ports of this machine on which nobody listens, for TCP and
// UDP.
func freePorts(t testing.TB, n int) []int {
	t.Helper()
	var ports []int
	for len(ports) < n {
		tcp, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer tcp.Close() // held until all are found
		port := tcp.Addr().(*net.TCPAddr).Port
		udp, err := net.ListenPacket("udp", local(port))
		if err != nil {
			continue
		}
		defer udp.Close()
		ports = append(ports, port)
	}
	return ports
}

func local(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }
