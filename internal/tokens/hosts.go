package tokens

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"certwright/internal/files"
	"certwright/internal/oauth"
)

// TokenPath is where a process of this machine asks for a token, at the socket.
const TokenPath = "/msi/token"

const (
	hostHeaderTime = 5 * time.Second
	hostTime       = 30 * time.Second
	hostHeader     = 16 << 10
)

// A hostDoor is one socket: who calls there gets the tokens of the client that
// its user stands for. The kernel says which user that is.
type hostDoor struct {
	service *Service
	path    string
}

// caller is the key of a peer in a connection's context.
type caller struct{}

// hostDoors are the sockets of the settings.
func (s *Service) hostDoors() (doors []*hostDoor) {
	seen := map[string]bool{}
	for _, h := range s.settings.Hosts {
		if !seen[h.Socket] {
			doors = append(doors, &hostDoor{s, h.Socket})
		}
		seen[h.Socket] = true
	}
	return doors
}

// try tells whether the socket can be made, and makes none.
func (d *hostDoor) try() error {
	if !knowsPeers {
		return errors.New("this system does not tell which user calls\nhint: hosts needs Linux; use a client secret or certificate here")
	}
	if err := free(d.path); err != nil {
		return err
	}
	l, err := d.listen()
	if err != nil {
		return err
	}
	_ = l.Close()
	return os.Remove(d.path + files.Next)
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
	if errors.Is(err, syscall.ECONNREFUSED) {
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

// listen makes the socket beside its path. Every process may call there: what it
// gets depends on its user alone.
func (d *hostDoor) listen() (*net.UnixListener, error) {
	next := d.path + files.Next
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

// serve makes the socket and answers there until ctx ends. It takes the place of
// one of before, and is removed unless another took its own.
func (d *hostDoor) serve(ctx context.Context) error {
	if err := free(d.path); err != nil {
		return err
	}
	socket, err := d.listen()
	if err != nil {
		return err
	}
	mine, err := os.Lstat(d.path + files.Next)
	if err == nil {
		err = files.Finish(d.path)
	}
	if err != nil {
		return errors.Join(err, socket.Close())
	}
	server := d.server()
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	err = server.Serve(newPeers(socket, func(uid int) bool { return d.service.hostOf(d.path, uid) != nil }))
	if now, lost := os.Lstat(d.path); lost == nil && os.SameFile(mine, now) {
		_ = os.Remove(d.path)
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (d *hostDoor) server() *http.Server {
	return &http.Server{
		Handler: d, ReadHeaderTimeout: hostHeaderTime, ReadTimeout: hostTime, WriteTimeout: hostTime, IdleTimeout: hostTime, MaxHeaderBytes: hostHeader,
		ErrorLog: slog.NewLogLogger(d.service.means.Log.Handler(), slog.LevelWarn),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			is, _ := c.(*peer)
			return context.WithValue(ctx, caller{}, is)
		},
	}
}

// hostOf returns the client that a user stands for at a socket.
func (s *Service) hostOf(path string, uid int) *client {
	for _, h := range s.settings.Hosts {
		if h.Socket == path && h.UID == uid {
			return s.clients.Load().named(h.Client)
		}
	}
	return nil
}

// ServeHTTP answers as App Service's identity endpoint does.
func (d *hostDoor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	is, _ := r.Context().Value(caller{}).(*peer)
	q := r.URL.Query()
	switch {
	case is == nil:
		oauth.RefuseAppService(w, http.StatusForbidden, "It is unknown which user calls.")
	case strings.Trim(r.URL.Path, "/") != strings.Trim(TokenPath, "/"):
		oauth.RefuseAppService(w, http.StatusNotFound, "There is no such endpoint.")
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", http.MethodGet)
		oauth.RefuseAppService(w, http.StatusMethodNotAllowed, "The method is not allowed here.")
	case q.Get("resource") == "":
		oauth.RefuseAppService(w, http.StatusBadRequest, "The query parameter 'resource' is missing.")
	default:
		d.token(w, is.uid, q.Get("resource"), q.Get("client_id"))
	}
}

// token gives the user's token for a resource; clientID may say whose it means.
func (d *hostDoor) token(w http.ResponseWriter, uid int, resource, clientID string) {
	s, who := d.service, d.service.hostOf(d.path, uid)
	resource = strings.TrimSuffix(resource, "/.default")
	e := Event{Grant: HostGrant, User: fmt.Sprint(uid)}
	refuse := func(status int, text string) {
		e.Refusal = text
		s.tell(e)
		oauth.RefuseAppService(w, status, text)
	}
	if who == nil { // the clients were read anew meanwhile
		refuse(http.StatusForbidden, "No client of this server is user "+fmt.Sprint(uid)+".")
		return
	}
	e.Client = who.id
	if clientID != "" && !strings.EqualFold(clientID, who.id) && !strings.EqualFold(clientID, who.name) {
		refuse(http.StatusBadRequest, "No managed identity of the client_id "+printable(clientID)+" was found for user "+fmt.Sprint(uid)+".")
		return
	}
	if !s.audiences.allows(resource) {
		refuse(http.StatusBadRequest, s.foreign(resource).text)
		return
	}
	if wait := s.served.wait(who.id, s.means.Now()); wait > 0 {
		w.Header().Set("Retry-After", seconds(wait))
		refuse(tooMany.status, tooMany.text)
		return
	}
	s.give(w, who, resource, e, oauth.AnswerManaged)
}
