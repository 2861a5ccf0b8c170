//go:build unix

package serve_test

import (
	"encoding/json"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"certwright/conformance/serve"
	"certwright/internal/must"
)

// A manager is systemd as far as a service sees it.
type manager struct{ said chan string }

func newManager(t *testing.T) (m manager, socket string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "n")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	must.Do(t, err)
	t.Cleanup(func() { l.Close() })
	m.said = make(chan string, 1000)
	go func() {
		for text := make([]byte, 4096); ; {
			n, err := l.Read(text)
			if err != nil {
				return
			}
			m.said <- string(text[:n])
		}
	}()
	return m, socket
}

// waits returns the first message that begins so.
func (m manager) waits(t *testing.T, begins string) string {
	t.Helper()
	for {
		select {
		case text := <-m.said:
			if strings.HasPrefix(text, begins) {
				return text
			}
		case <-t.Context().Done():
			t.Fatalf("the manager was never told %s", begins)
		}
	}
}

// The manager is told when it is ready, that it lives, that it reads its
// configuration again, and that it ends; then it ends well.
func TestServiceManager(t *testing.T) {
	t.Parallel()
	m, socket := newManager(t)
	h := serve.New(t)
	h.Env = []string{"NOTIFY_SOCKET=" + socket, "WATCHDOG_USEC=300000"}
	h.Nodes["drain"] = "1s" // in which the manager still wants to know that it lives
	s := h.Start(t)
	m.waits(t, "READY=1\nSTATUS=serving at https://")
	m.waits(t, "WATCHDOG=1")
	s.Signal(t, syscall.SIGHUP)
	m.waits(t, "RELOADING=1\nMONOTONIC_USEC=")
	m.waits(t, "READY=1")
	s.Signal(t, syscall.SIGTERM)
	m.waits(t, "STOPPING=1\nEXTEND_TIMEOUT_USEC=26000000")
	m.waits(t, "WATCHDOG=1")
	must.Do(t, s.Wait())
}

// A configuration that will not do leaves what was in force, and says why.
func TestReloadsWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	h := serve.New(t)
	s := h.Start(t)
	token := h.Issuer.Token("ann", map[string]any{"groups": []string{"admins"}})
	status := func(vault string) int {
		return s.Ask(t, "GET", s.Vault(vault)+"/certificates", token, "").Status
	}
	if status("web") != 200 || status("mail") != 404 {
		t.Fatalf("web %d, mail %d:\n%s", status("web"), status("mail"), s.Said())
	}
	vaults := h.Nodes["vaults"]
	h.Nodes["vaults"], h.Nodes["hosts"] = "[{name: mail}]", "['*']"
	h.Config(t)
	s.Signal(t, syscall.SIGHUP)
	s.Eventually(t, "it says that the configuration was not taken", func() bool {
		return strings.Contains(s.Said(), "the configuration was not taken, what was in force stays") && strings.Contains(s.Said(), "hosts: '*' is neither a host name")
	})
	if status("web") != 200 || status("mail") != 404 {
		t.Errorf("half of a configuration is in force: web %d, mail %d", status("web"), status("mail"))
	}
	h.Nodes["vaults"], h.Nodes["hosts"], h.Nodes["region"] = "[{name: mail}, "+vaults[1:], "[vault.localhost]", "north"
	h.Config(t)
	s.Signal(t, syscall.SIGHUP)
	s.Eventually(t, "the new vault is there", func() bool { return status("mail") == 200 })
	if status("web") != 200 || !strings.Contains(s.Said(), "these settings changed and are taken at the next start settings=\"region, hosts\"") {
		t.Errorf("web %d; it says:\n%s", status("web"), s.Said())
	}
}

// SIGTERM ends it after the requests under way, and another certificate in the
// files is shown without a new start.
func TestTLSFilesAreLookedAfter(t *testing.T) {
	t.Parallel()
	h := serve.New(t)
	s := h.Start(t)
	shown := func() string {
		s.HTTP.CloseIdleConnections()
		answer, err := s.HTTP.Get(s.Vault("web") + "/certificates?api-version=7.4")
		must.Do(t, err)
		defer answer.Body.Close()
		if answer.StatusCode != 401 {
			t.Errorf("status %d without a token", answer.StatusCode)
		}
		return answer.TLS.PeerCertificates[0].SerialNumber.String()
	}
	first := shown()
	h.WriteTLS(t)
	s.Eventually(t, "the new certificate is shown", func() bool { return shown() != first })
	must.Do(t, s.Stop())
}

// Every line of the log is an object where that is wanted, and which lines there
// are follows the configuration.
func TestLogForPrograms(t *testing.T) {
	t.Parallel()
	h := serve.New(t)
	h.Nodes["log"] = "{format: json}"
	s := h.Start(t)
	token := h.Issuer.Token("ann", map[string]any{"groups": []string{"admins"}})
	ask := func() int {
		s.Ask(t, "GET", s.Vault("web")+"/certificates", token, "")
		return strings.Count(s.Said(), `"msg":"request","vault":"web"`)
	}
	ask()
	s.Eventually(t, "the request has a line", func() bool { return ask() > 1 })
	h.Nodes["log"] = "{format: json, requests: false}"
	h.Config(t)
	s.Signal(t, syscall.SIGHUP)
	s.Eventually(t, "requests have no line any more", func() bool { before := ask(); return ask() == before && ask() == before })
	must.Do(t, s.Stop())
	for line := range strings.Lines(s.Said()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("a line is no JSON: %s", line)
		}
	}
}
