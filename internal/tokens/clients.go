package tokens

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// A book is the clients that are known, by what they may be called.
type book map[string]*client

// find returns the client of an id.
func (b book) find(id string) *client {
	c := b[strings.ToLower(id)]
	if c == nil || !strings.EqualFold(c.id, id) {
		return nil // a name proves nothing
	}
	return c
}

// named returns the client of a name or id.
func (b book) named(name string) *client { return b[strings.ToLower(name)] }

// openBook reads the clients of the configuration and of the file beside it.
func openBook(s Settings) (book, error) {
	all := s.Clients
	if s.File != "" {
		more, err := ReadClients(s.File)
		if err != nil {
			return nil, err
		}
		all = append(all[:len(all):len(all)], more...)
	}
	if err := errors.Join(checkClients(all)...); err != nil {
		return nil, fmt.Errorf("token_service: %w", err)
	}
	known := book{}
	for _, c := range all {
		opened, err := openClient(c)
		if err != nil {
			return nil, fmt.Errorf("token_service: %w", err)
		}
		for _, name := range c.names() {
			known[name] = opened
		}
	}
	for i, h := range s.Hosts {
		if known.named(h.Client) == nil {
			return nil, fmt.Errorf("token_service: hosts: item %d: client %q is unknown\nhint: add it with certwright client add, or name one of clients", i+1, h.Client)
		}
	}
	return known, nil
}

// A fileState tells whether a file was written since it was read.
type fileState struct {
	size int64
	at   time.Time
}

func stateOf(path string) fileState {
	info, err := os.Stat(path)
	if err != nil {
		return fileState{size: -1}
	}
	return fileState{info.Size(), info.ModTime()}
}

// reread reads the clients' file again where somebody wrote it. One that will not
// do is told once, and the clients stay as they are.
func (s *Service) reread() {
	if s.settings.File == "" {
		return
	}
	now := stateOf(s.settings.File)
	if now == s.file {
		return
	}
	s.file = now
	clients, err := openBook(s.settings)
	if err != nil {
		s.means.Log.Error("the clients' file was not read again: those that it had go on", "error", err)
		return
	}
	s.clients.Store(&clients)
	s.means.Log.Info("the clients' file was read again", "file", s.settings.File)
}
