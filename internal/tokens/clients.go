package tokens

import (
	"errors"
	"fmt"
	"os"
	"slices"
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

// Has reports whether there is a client of an id.
func (s *Service) Has(id string) bool { return s.clients.Load().find(id) != nil }

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
	if wrong := checkClients(all); wrong != nil {
		return nil, errors.Join(wrong...)
	}
	known := book{}
	for _, c := range all {
		opened, err := openClient(c)
		if err != nil {
			return nil, err
		}
		for _, name := range c.names() {
			known[name] = opened
		}
	}
	for i, h := range s.Hosts {
		if known.named(h.Client) == nil {
			return nil, fmt.Errorf("hosts: item %d: client %q is unknown\nhint: add it with certwright client add, or name one of clients", i+1, h.Client)
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

// Unknown returns those of the names that no client has.
func Unknown(s Settings, names []string) ([]string, error) {
	known, err := openBook(s.WithDefaults())
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return known.named(name) != nil }), err
}

// endsSoon is when the end of a secret or certificate is worth a word.
const endsSoon = 30 * day

// Look reads what the settings name, as a start does, and tells how many clients
// there are, and whose secrets and certificates ended or end within a month.
func Look(s Settings, now time.Time) (clients int, ending []string, err error) {
	known, err := openBook(s.WithDefaults())
	if err != nil {
		return 0, nil, err
	}
	for name, c := range known {
		if name != strings.ToLower(c.id) {
			continue // it is there by its name as well
		}
		clients++
		for _, kept := range c.secrets {
			if kept.live && !kept.expires.IsZero() {
				ending = append(ending, ends("the secret of "+c.label(), kept.expires, now)...)
			}
		}
		for _, cert := range c.certificates {
			if cert.known != nil {
				ending = append(ending, ends("the certificate of "+c.label(), cert.known.NotAfter, now)...)
			}
		}
	}
	slices.Sort(ending)
	return clients, ending, nil
}

func ends(what string, at, now time.Time) []string {
	switch day := at.UTC().Format(time.DateOnly); {
	case !now.Before(at):
		return []string{what + " ended on " + day}
	case at.Sub(now) < endsSoon:
		return []string{what + " ends on " + day}
	}
	return nil
}
