package tokens

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"certwright/internal/oauth"
	"certwright/internal/peer"
)

// TokenPath is where a process of this machine asks for a token, at the socket.
const TokenPath = "/msi/token"

const (
	hostHeaderTime = 5 * time.Second
	hostTime       = 30 * time.Second
	hostHeader     = 16 << 10
)

// A hostDoor is one socket: who calls there gets the tokens of the client that
// its user stands for.
type hostDoor struct {
	service *Service
	path    string
}

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

func (d *hostDoor) socket() peer.Socket {
	return peer.Socket{Path: d.path, Allowed: func(uid int) bool { return d.service.hostOf(d.path, uid) != nil }}
}

// serve answers at the socket until ctx ends.
func (d *hostDoor) serve(ctx context.Context) error {
	return d.socket().Serve(ctx, &http.Server{
		Handler: d, ReadHeaderTimeout: hostHeaderTime, ReadTimeout: hostTime, WriteTimeout: hostTime, IdleTimeout: hostTime, MaxHeaderBytes: hostHeader,
		ErrorLog: slog.NewLogLogger(d.service.means.Log.Handler(), slog.LevelWarn),
	})
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
	uid, known := peer.Of(r)
	q := r.URL.Query()
	switch {
	case !known:
		oauth.RefuseAppService(w, http.StatusForbidden, "It is unknown which user calls.")
	case strings.Trim(r.URL.Path, "/") != strings.Trim(TokenPath, "/"):
		oauth.RefuseAppService(w, http.StatusNotFound, "There is no such endpoint.")
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", http.MethodGet)
		oauth.RefuseAppService(w, http.StatusMethodNotAllowed, "The method is not allowed here.")
	case q.Get("resource") == "":
		oauth.RefuseAppService(w, http.StatusBadRequest, "The query parameter 'resource' is missing.")
	default:
		d.token(w, r, uid, q.Get("resource"), q.Get("client_id"))
	}
}

// token gives the user's token for a resource; clientID may say whose it means.
func (d *hostDoor) token(w http.ResponseWriter, r *http.Request, uid int, resource, clientID string) {
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
	s.give(w, r, who, resource, e, oauth.AnswerManaged)
}
