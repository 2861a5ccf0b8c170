// Package testvault runs a vault server inside a Go test: on free ports, with
// nothing in it, gone at the test's end. Programs under test reach it with the
// Azure SDKs and no change of code. Begin with Start.
package testvault

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"os"
	"testing"
	"time"

	"certwright/internal/client"
	"certwright/internal/clientenv"
	"certwright/internal/config"
	"certwright/internal/logs"
	"certwright/internal/server"
)

// A Vault is a running server; its default vault is the one that URL means.
// Vaults that are called by other names come into being at their first write.
type Vault struct {
	URL     string // the vault by IP address, which needs no DNS
	NameURL string // the same vault by name, for where *.localhost resolves
	HTTPURL string // the side door: tokens and administration, on plain http
	CAFile  string // PEM of the authority behind the server's TLS certificates

	t      testing.TB
	server *server.Server
	calls  *client.Client
	http   *http.Client
}

// Start starts a server and stops it at the end of the test. What the server
// logs goes to the test's log.
func Start(t testing.TB) *Vault {
	t.Helper()
	return StartWith(t, "")
}

// StartWith starts a server that is set up as a configuration file with that
// text would (docs/operate.md), providers for instance:
//
//	testvault.StartWith(t, `providers: {Internal: {kind: ca, manual_approval: true}}`)
//
// Files that it names are looked for in the test's folder. Doors and data folder
// are chosen here, whatever the text says.
func StartWith(t testing.TB, configuration string) *Vault {
	t.Helper()
	c, err := config.Parse([]byte(configuration), ".")
	if err != nil {
		t.Fatalf("read the vault server's configuration: %v", err)
	}
	c.Listen, c.HTTP, c.Ephemeral = "127.0.0.1:0", "127.0.0.1:0", true
	log := &testLog{t: t}
	s, err := server.Start(context.Background(), c, server.Options{
		Log:     slog.New(logs.Lines(log, slog.LevelInfo)),
		Observe: logs.Requests(log),
	})
	if err != nil {
		t.Fatalf("start the vault server: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Errorf("stop the vault server: %v", err)
		}
	})
	v := &Vault{
		URL: s.Ready.IPURL, NameURL: s.Ready.VaultURL, HTTPURL: s.Ready.HTTPURL, CAFile: s.Ready.CAFile,
		t: t, server: s,
	}
	v.calls = client.New(s.Ready)
	if v.http, err = v.calls.Vaults(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.http.CloseIdleConnections)
	return v
}

// Client returns a client that trusts the server and, as SDKs do, follows no
// redirect. Hand it to an SDK as its transport, or use it for bare requests.
func (v *Vault) Client() *http.Client {
	c := *v.http
	return &c
}

// Env returns this process's environment with what unmodified programs need to
// find the vault, trust it and get tokens: set exec.Cmd.Env to it.
func (v *Vault) Env() []string {
	return clientenv.Apply(v.server.Ready.Environment(v.URL, os.Getenv), os.Environ())
}

// Now returns the server's time.
func (v *Vault) Now() time.Time {
	now, _ := v.server.Now()
	return now
}

// Advance moves the server's clock forward, from due job to due job. When it
// returns, all that fell due on the way is done: certificates were issued and
// renewed, deleted ones purged. The test fails if it cannot be done.
func (v *Vault) Advance(d time.Duration) {
	v.t.Helper()
	if _, err := v.calls.Advance(v.t.Context(), d); err != nil {
		v.t.Fatalf("advance the vault server's clock by %v: %v", d, err)
	}
}

// A Mail is one that a certificate's contacts would have got.
type Mail struct {
	To, Subject, Text, HTML string
	At                      time.Time // on the server's clock
	Certificate             string
}

// Outbox returns the mails that the server caught so far, and the events, as
// JSON in Event Grid's schema.
func (v *Vault) Outbox() (mails []Mail, events [][]byte) {
	v.t.Helper()
	box, err := v.calls.Outbox(v.t.Context())
	if err != nil {
		v.t.Fatalf("read the vault server's outbox: %v", err)
	}
	for _, m := range box.Mails {
		mails = append(mails, Mail(m))
	}
	for _, e := range box.Events {
		events = append(events, e)
	}
	return mails, events
}

// Reset empties the server and puts its clock back to real time.
func (v *Vault) Reset() {
	v.t.Helper()
	if err := v.calls.Reset(v.t.Context()); err != nil {
		v.t.Fatalf("reset the vault server: %v", err)
	}
}

// testLog writes to a test's log.
type testLog struct{ t testing.TB }

// Write logs one line.
func (l *testLog) Write(p []byte) (int, error) {
	l.t.Logf("%s", bytes.TrimRight(p, "\n"))
	return len(p), nil
}
