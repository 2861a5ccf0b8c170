package tokens

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

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
	socket  net.Listener
	server  *http.Server
}

// caller is the key of the user's number in a connection's context.
type caller struct{}

// openHosts makes the sockets of the settings.
func (s *Service) openHosts(ctx context.Context) (doors []*hostDoor, err error) {
	seen := map[string]bool{}
	for _, h := range s.settings.Hosts {
		if seen[h.Socket] {
			continue
		}
		seen[h.Socket] = true
		door, err := s.openDoor(ctx, h.Socket)
		if err != nil {
			return doors, fmt.Errorf("token_service: hosts: open the socket %s: %w", h.Socket, err)
		}
		doors = append(doors, door)
	}
	return doors, nil
}

// openDoor makes a socket that every process may call: what it gets there
// depends on its user alone. One that a killed server left is replaced.
func (s *Service) openDoor(ctx context.Context, path string) (*hostDoor, error) {
	if !knowsPeers {
		return nil, errors.New("this system does not tell which user calls\nhint: hosts needs Linux; use a client secret or certificate here")
	}
	if err := removeLeft(path); err != nil {
		return nil, err
	}
	socket, err := (&net.ListenConfig{}).Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o666); err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	d := &hostDoor{service: s, path: path, socket: &peers{Listener: socket, allowed: func(uid int) bool { return s.hostOf(path, uid) != nil }}}
	d.server = &http.Server{
		Handler: d, ReadHeaderTimeout: hostHeaderTime, ReadTimeout: hostTime, WriteTimeout: hostTime, IdleTimeout: hostTime, MaxHeaderBytes: hostHeader,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			peer, _ := c.(*peer)
			return context.WithValue(ctx, caller{}, peer)
		},
	}
	return d, nil
}

// removeLeft removes a socket that nobody listens at, and nothing else.
func removeLeft(path string) error {
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
	if err == nil {
		_ = c.Close()
		return errors.New("another process listens there\nhint: stop it, or choose another path")
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return os.Remove(path)
	}
	return err
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
		refuse(http.StatusBadRequest, "AADSTS500011: The resource principal named "+printable(resource)+" was not found in the tenant named "+s.tenant+".")
		return
	}
	if wait := s.served.wait(who.id, s.means.Now()); wait > 0 {
		e.Refusal = "too many requests"
		s.tell(e)
		refuseTooMany(w, wait)
		return
	}
	s.give(w, who, resource, e, oauth.AnswerManaged)
}

// serveHosts answers at the sockets until ctx ends.
func serveHosts(ctx context.Context, doors []*hostDoor) {
	var all sync.WaitGroup
	for _, d := range doors {
		all.Go(func() { _ = d.server.Serve(d.socket) })
	}
	<-ctx.Done()
	for _, d := range doors {
		_ = d.server.Close() // and with it the socket, which is removed
	}
	all.Wait()
}
