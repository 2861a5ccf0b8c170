package cluster

import (
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"certwright/conformance/serve"
	"certwright/internal/files"
	"certwright/internal/must"
	"certwright/internal/seal"
	"certwright/internal/store/sqlstore/sqltest"
)

// servers are production servers that share a database and a keyset, with a
// folder each.
type servers struct {
	t      *testing.T
	schema sqltest.Schema
	token  string

	mu   sync.Mutex
	each []*server
}

type server struct {
	house *serve.House
	mu    sync.RWMutex // held to write while it is down
	*serve.Server
}

// start starts n servers on one database.
func start(t *testing.T, n int) *servers {
	t.Helper()
	first := serve.New(t)
	all := &servers{t: t, schema: sqltest.NewSchema(t, sqltest.Postgres(t)[0])}
	all.token = first.Issuer.Token("somebody", map[string]any{"groups": []string{"admins"}})
	first.Nodes["store"] = all.schema.URL
	for i := range n {
		h := first
		if i > 0 {
			h = another(t, first)
		}
		all.each = append(all.each, &server{house: h, Server: h.Start(t)})
	}
	return all
}

// another is a house with the same keys as one, and a folder of its own.
func another(t *testing.T, first *serve.House) *serve.House {
	t.Helper()
	h := *first
	h.Folder, h.Nodes = t.TempDir(), maps.Clone(first.Nodes)
	for _, name := range []string{"tls.pem", "tls.key"} {
		text, err := os.ReadFile(first.File(name))
		must.Do(t, err)
		must.Do(t, files.Replace(h.File(name), text, 0o600))
	}
	h.Nodes["data"] = h.File("data")
	must.Do(t, os.MkdirAll(h.File("data"), 0o700))
	text, err := os.ReadFile(filepath.Join(first.File("data"), seal.File))
	must.Do(t, err)
	must.Do(t, files.Replace(filepath.Join(h.File("data"), seal.File), text, 0o600))
	return &h
}

// kill kills a server and starts it again.
func (s *server) kill(t *testing.T) {
	t.Helper()
	s.Server.Kill()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Server = s.house.Start(t)
}

// A reply is an answer, or none: the server died of the question.
type reply struct {
	serve.Reply
	lost bool
}

// ask asks one server, whichever the balancer takes.
func (all *servers) ask(method, path, body string) reply {
	return all.each[rand.N(len(all.each))].ask(all.token, method, path, body)
}

func (s *server) ask(token, method, path, body string) reply {
	s.mu.RLock()
	defer s.mu.RUnlock()
	at := s.Vault("web") + path
	if !strings.Contains(path, "api-version") {
		at += "?api-version=7.4"
	}
	r, err := http.NewRequest(method, at, strings.NewReader(body))
	if err != nil {
		return reply{lost: true}
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	got, err := s.HTTP.Do(r)
	if err != nil {
		return reply{lost: true}
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		return reply{lost: true}
	}
	return reply{Reply: serve.Reply{Status: got.StatusCode, Header: got.Header, Body: string(text)}}
}
