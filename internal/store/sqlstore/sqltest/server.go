package sqltest

import (
	"bytes"
	"context"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"certwright/internal/files"
	"certwright/internal/must"
)

// A Server is a PostgreSQL of the test's own, which it may restart, spoil and
// have followed by a standby.
type Server struct {
	Port   string
	Folder string // of its data

	t        testing.TB
	programs programs
	settings []string
	running  *exec.Cmd
	said     *transcript
}

// programs are where those of a PostgreSQL are.
type programs struct{ bin, lib string }

// NewServer makes one with the programs of a server of Postgres, which must run
// on this machine, and starts it. Settings are as in name=value.
func NewServer(t testing.TB, of string, settings ...string) *Server {
	t.Helper()
	s := &Server{t: t, programs: programsOf(t, of), settings: settings}
	s.place()
	s.run("initdb", "-D", s.Folder, "-A", "trust", "--no-sync", "-U", "certwright", "--encoding=UTF8", "--locale=C.UTF-8")
	s.Start()
	return s
}

// programsOf asks a server where its programs are. That they are not on this
// machine is a failure: what needs them would not be proved.
func programsOf(t testing.TB, server string) (p programs) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), server)
	must.Do(t, err)
	defer c.Close(context.Background())
	for name, into := range map[string]*string{"BINDIR": &p.bin, "LIBDIR": &p.lib} {
		must.Do(t, c.QueryRow(t.Context(), "SELECT setting FROM pg_config WHERE name = $1", name).Scan(into))
	}
	if _, err := os.Stat(filepath.Join(p.bin, "initdb")); err != nil {
		t.Fatalf("a test needs a PostgreSQL of its own, with the programs of $CERTWRIGHT_POSTGRES, which is not on this machine: %v", err)
	}
	return p
}

// place makes its folder, which is of the user that it runs as, and takes a port.
func (s *Server) place() {
	s.t.Helper()
	above, err := os.MkdirTemp("", "certwright-postgres-")
	must.Do(s.t, err)
	s.t.Cleanup(func() {
		s.Stop(Immediately)
		if s.t.Failed() {
			s.t.Logf("PostgreSQL said:\n%s", s.Said())
		}
		_ = os.RemoveAll(above)
	})
	must.Do(s.t, own(above))
	door, err := net.Listen("tcp", "127.0.0.1:0")
	must.Do(s.t, err)
	_, s.Port, err = net.SplitHostPort(door.Addr().String())
	must.Do(s.t, err)
	must.Do(s.t, door.Close())
	s.Folder, s.said = filepath.Join(above, "data"), &transcript{}
}

// command is one of its programs, to be run as its user.
func (s *Server) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(s.programs.bin, name), args...)
	c.Env = append(os.Environ(), "LC_ALL=C", "LD_LIBRARY_PATH="+s.programs.lib)
	c.Dir = filepath.Dir(s.Folder)
	as(c)
	return c
}

func (s *Server) run(name string, args ...string) {
	s.t.Helper()
	if out, err := s.command(name, args...).CombinedOutput(); err != nil {
		s.t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// URL is that of its database, with settings such as password=x.
func (s *Server) URL(settings ...string) string {
	url := "postgres://certwright@" + s.Name() + "/postgres"
	if len(settings) > 0 {
		url += "?" + strings.Join(settings, "&")
	}
	return url
}

// Start starts it, and returns when it answers.
func (s *Server) Start() {
	s.t.Helper()
	args := []string{"-D", s.Folder, "-p", s.Port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=200"}
	for _, setting := range s.settings {
		args = append(args, "-c", setting)
	}
	s.running = s.command("postgres", args...)
	s.running.Stdout, s.running.Stderr = s.said, s.said
	must.Do(s.t, s.running.Start())
	s.await()
}

// await waits until it takes connections, or refuses them for another reason than
// that it is not ready.
func (s *Server) await() {
	s.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		if out, err := s.command("pg_isready", "-h", "127.0.0.1", "-p", s.Port, "-U", "certwright", "-d", "postgres").CombinedOutput(); err == nil {
			return
		} else if bytes.Contains(out, []byte("no attempt")) {
			s.t.Fatalf("pg_isready: %s", out)
		}
		pause(20 * time.Millisecond)
	}
	s.t.Fatalf("PostgreSQL does not start:\n%s", s.Said())
}

// A Stopping is how a server ends.
type Stopping syscall.Signal

// The ways to end it: connections are cut and all is put away, or it is as if it crashed.
const (
	Fast        = Stopping(syscall.SIGINT)
	Immediately = Stopping(syscall.SIGQUIT)
)

// Stop ends it, if it runs.
func (s *Server) Stop(how Stopping) {
	if s.running == nil {
		return
	}
	_ = s.running.Process.Signal(syscall.Signal(how)) // it may have ended by itself
	_ = s.running.Wait()
	s.running = nil
}

// Write writes a file of its data folder that only its user may read.
func (s *Server) Write(name string, text []byte) {
	s.t.Helper()
	path := filepath.Join(s.Folder, name)
	must.Do(s.t, files.Replace(path, text, 0o600))
	must.Do(s.t, own(path))
}

// Connect is a connection to it.
func (s *Server) Connect() *pgx.Conn {
	s.t.Helper()
	c, err := pgx.Connect(s.t.Context(), s.URL("application_name=test"))
	must.Do(s.t, err)
	return c
}

// Do runs SQL on it.
func (s *Server) Do(text string) {
	s.t.Helper()
	c := s.Connect()
	defer c.Close(context.Background())
	_, err := c.Exec(s.t.Context(), text)
	must.Do(s.t, err)
}

// Standby makes a server that follows this one, and starts it.
func (s *Server) Standby() *Server {
	s.t.Helper()
	second := &Server{t: s.t, programs: s.programs, settings: s.settings}
	second.place()
	s.run("pg_basebackup", "-D", second.Folder, "-R", "-X", "stream", "-c", "fast", "-d", s.URL("application_name=standby"))
	second.Start()
	return second
}

// Said is what it wrote to its log so far.
func (s *Server) Said() string { return s.said.String() }

// Name is how it is named in the list of a URL of several hosts.
func (s *Server) Name() string { return net.JoinHostPort("127.0.0.1", s.Port) }

// Hosts is the URL of whichever of several servers writes.
func Hosts(servers ...*Server) string {
	var names []string
	for _, s := range servers {
		names = append(names, s.Name())
	}
	u := url.URL{Scheme: "postgres", User: url.User("certwright"), Host: strings.Join(names, ","), Path: "/postgres", RawQuery: "target_session_attrs=read-write"}
	return u.String()
}

// A transcript keeps what a program says while others read it.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(p)
}

// String returns the end of it.
func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := t.text.String()
	return all[max(0, len(all)-8000):]
}

func pause(d time.Duration) {
	moment := time.NewTimer(d)
	defer moment.Stop()
	<-moment.C
}
