// Package process runs the program itself, as a person would: built once, with
// a configuration and a data folder that outlives it, killed as by a power cut
// and started again. It knows no operation of the API. Begin with Start.
package process

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// A Program is a built certwright and the way it is started.
type Program struct {
	Path   string    // of the executable; see Build
	Folder string    // of its data
	Config string    // the configuration file; "" for none
	Serve  bool      // start certwright serve, whose folder and addresses stand in the configuration
	Log    io.Writer // gets what it says on stderr; nil: Said does
}

// Build compiles the program into a folder of the test's and returns its path.
func Build(t testing.TB) string {
	t.Helper()
	path, err := Compile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Compile builds the program into a folder and returns its path.
func Compile(folder string) (string, error) {
	return build(folder, exec.Command("go", "build"))
}

// Release builds the program as make release does.
func Release(folder string) (string, error) {
	c := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	return build(folder, c)
}

func build(folder string, with *exec.Cmd) (string, error) {
	path := filepath.Join(folder, "certwright")
	with.Args = append(with.Args, "-o", path, "certwright/cmd/certwright")
	if out, err := with.CombinedOutput(); err != nil {
		return "", &StartError{Cause: err, Said: string(out)}
	}
	return path, nil
}

// A Process is a running server.
type Process struct {
	Caller
	cmd  *exec.Cmd
	said *Transcript
	once sync.Once
}

// Start starts the program and waits until it is ready. What still runs at the
// test's end is killed.
func Start(t testing.TB, p Program) *Process {
	t.Helper()
	s, err := p.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Kill)
	return s
}

// Start starts the program and waits until it is ready; it must be killed.
func (p Program) Start() (*Process, error) {
	args := []string{"dev", "--data", p.Folder, "--json", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"}
	if p.Serve {
		args = []string{"serve", "--json"}
	}
	if p.Config != "" {
		args = append(args, "--config", p.Config)
	}
	s := &Process{said: &Transcript{}, cmd: exec.Command(p.Path, args...)}
	s.cmd.Stderr = p.Log
	if p.Log == nil {
		s.cmd.Stderr = s.said
	}
	s.cmd.WaitDelay = time.Second
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = s.meet(line)
	}
	if err != nil {
		s.Kill()
		return nil, &StartError{Cause: err, Said: s.Said()}
	}
	return s, nil
}

// A StartError says why a server did not get ready.
type StartError struct {
	Cause error
	Said  string // on stderr
}

// Error returns both.
func (e *StartError) Error() string {
	return "the server did not get ready: " + e.Cause.Error() + "\n" + e.Said
}

// Unwrap returns the cause.
func (e *StartError) Unwrap() error { return e.Cause }

// meet reads the ready line and learns to trust the server.
func (s *Process) meet(line []byte) (err error) {
	var ready struct {
		URL  string `json:"ip_url"`
		Side string `json:"http_url"`
		CA   string `json:"ca_file"`
	}
	if err := json.Unmarshal(line, &ready); err != nil {
		return err
	}
	s.Caller, err = Call(ready.URL, ready.Side, ready.CA)
	return err
}

// Kill ends the process as a power cut would: SIGKILL, no goodbye. Killing
// twice is once.
func (s *Process) Kill() {
	s.once.Do(func() {
		_ = s.cmd.Process.Kill() // it may have ended by itself
		_ = s.cmd.Wait()
		if s.client != nil {
			s.client.CloseIdleConnections()
		}
	})
}

// Stop ends the process as an operator does and waits for its end.
func (s *Process) Stop() (err error) {
	s.once.Do(func() {
		if err = s.cmd.Process.Signal(os.Interrupt); err == nil {
			err = s.cmd.Wait()
		}
		s.client.CloseIdleConnections()
	})
	return err
}

// PID is the number of the process.
func (s *Process) PID() int { return s.cmd.Process.Pid }

// Said is what the server said on stderr so far, unless its Program has a Log.
func (s *Process) Said() string { return s.said.String() }

// A Transcript keeps what a program says while others read it.
type Transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (t *Transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(p)
}

// String returns all of it.
func (t *Transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}
