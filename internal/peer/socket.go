package peer

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"

	"certwright/internal/files"
)

// A Socket is a Unix socket at a path. Everybody may call there; Allowed says who
// is answered, by the number of the user that the kernel names.
type Socket struct {
	Path    string
	Allowed func(uid int) bool
}

// caller is the key of a conn in a request's context.
type caller struct{}

// Of returns the user that a request came from.
func Of(r *http.Request) (uid int, ok bool) {
	c, ok := r.Context().Value(caller{}).(*conn)
	if !ok || c == nil {
		return 0, false
	}
	return c.uid, true
}

// Try tells whether the socket can be made, and makes none.
func (s Socket) Try() error {
	placing.Lock()
	defer placing.Unlock()
	if !known {
		return errors.New("this system does not tell which user calls\nhint: it needs Linux; use a client secret or certificate here")
	}
	if err := free(s.Path); err != nil {
		return err
	}
	l, err := s.listen()
	if err != nil {
		return err
	}
	_ = l.Close()
	return os.Remove(s.Path + files.Next)
}

// free refuses a path where there is anything but a socket of a process that
// ended, or of this one, which takes its place.
func free(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return errors.New("there is something else at that path\nhint: move it away, or choose another path")
	}
	c, err := net.DialTimeout("unix", path, time.Second)
	if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist) { // it was removed meanwhile
		return nil
	}
	if err != nil {
		return err
	}
	who, err := peerOf(c)
	_ = c.Close()
	if err == nil && who.pid == os.Getpid() {
		return nil
	}
	return errors.New("another process listens there\nhint: stop it, or choose another path")
}

// listen makes the socket beside its path.
func (s Socket) listen() (*net.UnixListener, error) {
	next := s.Path + files.Next
	_ = os.Remove(next)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: next, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false) // it gets another name
	if err := os.Chmod(next, 0o666); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Serve makes the socket and has the server answer there until ctx ends. It takes
// the place of one of before, and is removed unless another took its own.
func (s Socket) Serve(ctx context.Context, server *http.Server) error {
	socket, mine, err := s.place()
	if err != nil {
		return err
	}
	server.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		is, _ := c.(*conn)
		return context.WithValue(ctx, caller{}, is)
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	err = server.Serve(newKnowing(socket, s.Allowed))
	s.leave(mine)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// placing is held while a socket takes its place or leaves it, so that one that
// ends does not remove the one that just came.
var placing sync.Mutex

// place makes the socket at its path.
func (s Socket) place() (l *net.UnixListener, mine fs.FileInfo, err error) {
	placing.Lock()
	defer placing.Unlock()
	if err := free(s.Path); err != nil {
		return nil, nil, err
	}
	if l, err = s.listen(); err != nil {
		return nil, nil, err
	}
	if mine, err = os.Lstat(s.Path + files.Next); err == nil {
		err = files.Finish(s.Path)
	}
	if err != nil {
		return nil, nil, errors.Join(err, l.Close())
	}
	return l, mine, nil
}

// leave removes the socket, unless another took its place.
func (s Socket) leave(mine fs.FileInfo) {
	placing.Lock()
	defer placing.Unlock()
	if now, err := os.Lstat(s.Path); err == nil && os.SameFile(mine, now) {
		_ = os.Remove(s.Path)
	}
}
