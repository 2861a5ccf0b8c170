// Package pebble runs a real ACME authority for checks: Pebble, and the name
// server of its own that it asks for proofs, as programs on free ports of this
// machine. The programs are built once from the pinned module in programs and
// kept in Go's build cache. It knows no issuer. Begin with Start.
package pebble

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// Options say how an authority behaves. The zero Options are one that looks at
// every proof without delay and issues by the profile "default".
type Options struct {
	EAB            map[string]string // key ids and HMAC keys (base64url); where there are any, a binding is required
	Blocked        []string          // domains that it never certifies
	Profiles       map[string]time.Duration
	BadNonces      int  // per cent of good nonces that it refuses
	Reuse          int  // per cent of valid authorizations that it uses again; at 0 it is still one in a hundred
	AlternateRoots int  // further chains on offer
	ChainLength    int  // intermediates; 0 is one
	RetryAfter     int  // seconds to come back after, for orders and authorizations; 0: it does not say
	Slow           int  // seconds, at most, that looking at a proof takes
	RSA            bool // the authority's own keys; they take longer to make
}

// A Server is a running authority.
type Server struct {
	Directory string // its ACME directory
	CABundle  string // the file of the certificate that its doors show
	Manage    string // the address of its management door
	Zone      *Zone  // the names that it can see
	HTTPPort  int    // where it looks for http-01, at every name

	options Options
	folder  string
	program *program
	client  *http.Client
}

// Start starts an authority and stops it when the test ends.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s := &Server{options: o, folder: t.TempDir()}
	s.CABundle = filepath.Join(s.folder, "cert.pem")
	if err := writeCertificate(s.CABundle, filepath.Join(s.folder, "key.pem")); err != nil {
		t.Fatal(err)
	}
	var err error
	if s.client, err = trusting(s.CABundle); err != nil {
		t.Fatal(err)
	}
	s.Zone = startZone(t)
	s.HTTPPort = s.Zone.httpPort
	s.start(t)
	return s
}

// Restart is an authority that lost its memory: the same addresses, and no
// account, order or certificate of before.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.program.stop()
	s.run(t, s.Directory[len("https://"):len(s.Directory)-len("/dir")], s.Manage[len("https://"):])
}

func (s *Server) start(t testing.TB) {
	t.Helper()
	ports := freePorts(t, 2)
	s.run(t, local(ports[0]), local(ports[1]))
}

func (s *Server) run(t testing.TB, listen, manage string) {
	t.Helper()
	config := filepath.Join(s.folder, "config.json")
	if err := os.WriteFile(config, s.config(listen, manage), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Directory, s.Manage = "https://"+listen+"/dir", "https://"+manage
	s.program = launch(t, "pebble", s.environment(), "-config", config, "-dnsserver", s.Zone.address)
	s.program.await(t, func() error {
		answer, err := s.client.Get(s.Directory)
		if err != nil {
			return err
		}
		return answer.Body.Close()
	})
}

func (s *Server) environment() []string {
	o := s.options
	env := []string{"PEBBLE_WFE_NONCEREJECT=" + strconv.Itoa(o.BadNonces), "PEBBLE_AUTHZREUSE=" + strconv.Itoa(o.Reuse),
		"PEBBLE_ALTERNATE_ROOTS=" + strconv.Itoa(o.AlternateRoots), "PEBBLE_CHAIN_LENGTH=" + strconv.Itoa(max(o.ChainLength, 1))}
	if o.Slow > 0 {
		return append(env, "PEBBLE_VA_SLEEPTIME="+strconv.Itoa(o.Slow))
	}
	return append(env, "PEBBLE_VA_NOSLEEP=1")
}

// config is Pebble's configuration file.
func (s *Server) config(listen, manage string) []byte {
	type profile struct {
		Description    string `json:"description"`
		ValidityPeriod int    `json:"validityPeriod"`
	}
	o := s.options
	profiles := map[string]profile{}
	for name, validity := range o.Profiles {
		profiles[name] = profile{name, int(validity.Seconds())}
	}
	if len(profiles) == 0 {
		profiles["default"] = profile{"default", 90 * 24 * 3600}
	}
	algorithm := "ecdsa"
	if o.RSA {
		algorithm = "rsa"
	}
	text, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": listen, "managementListenAddress": manage,
		"certificate": s.CABundle, "privateKey": filepath.Join(s.folder, "key.pem"),
		"httpPort": s.HTTPPort, "tlsPort": 1,
		"externalAccountBindingRequired": len(o.EAB) > 0, "externalAccountMACKeys": o.EAB,
		"domainBlocklist": o.Blocked, "keyAlgorithm": algorithm, "profiles": profiles,
		"retryAfter": map[string]int{"authz": o.RetryAfter, "order": o.RetryAfter},
	}})
	if err != nil {
		return nil // maps of strings and numbers always have a form
	}
	return text
}

// Log is what the authority said so far.
func (s *Server) Log() string { return s.program.said.String() }

// Advise sets the renewal information of a certificate (PEM) to response,
// which may be anything.
func (s *Server) Advise(t testing.TB, certificate, response string) {
	t.Helper()
	post(t, s.client, s.Manage+"/set-renewal-info/", map[string]any{"Certificate": certificate, "ARIResponse": response})
}

// post sends JSON to a management door.
func post(t testing.TB, client *http.Client, address string, body any) {
	t.Helper()
	if err := send(client, address, body); err != nil {
		t.Fatal(err)
	}
}

func send(client *http.Client, address string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	answer, err := client.Post(address, "application/json", bytes.NewReader(text))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", address, answer.Status)
	}
	return nil
}
