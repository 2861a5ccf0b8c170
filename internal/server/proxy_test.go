package server

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"certwright/internal/config"
	"certwright/internal/must"
)

// proxied starts a server with a proxy and returns a client that trusts it and
// goes through it.
func proxied(t *testing.T) (*Server, *http.Client) {
	t.Helper()
	s, err := Start(t.Context(), config.Config{Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0", Proxy: "127.0.0.1:0", Data: t.TempDir()}, Options{})
	must.Do(t, err)
	at, err := url.Parse(s.Ready.ProxyURL)
	if err != nil || at.Port() == "" {
		t.Fatalf("%q: %v", s.Ready.ProxyURL, err)
	}
	c := client(t, s)
	c.Transport.(*http.Transport).Proxy = http.ProxyURL(at)
	return s, c
}

// Azure's names, public and sovereign, are vaults of this server by its proxy:
// the certificate is for the name and the challenge for its zone.
func TestProxyLeadsAzuresNamesHere(t *testing.T) {
	t.Parallel()
	s, c := proxied(t)
	defer stop(t, s)
	for _, zone := range []string{"vault.azure.net", "vault.azure.cn", "vault.usgovcloudapi.net", "vault.microsoftazure.de", "managedhsm.azure.net"} {
		got := ask(t, c, "PUT", "https://web."+zone+"/secrets/a?api-version=7.4", `{"value":"v"}`)
		if want := `resource="https://` + zone + `"`; got.status != 401 || !strings.Contains(got.header.Get("WWW-Authenticate"), want) {
			t.Errorf("%s: %d %v, want %s", zone, got.status, got.header, want)
		}
	}
	got := ask(t, c, "PUT", "https://web.vault.azure.net/secrets/a?api-version=7.4", `{"value":"v"}`, "Authorization", "Bearer x", "Content-Type", "application/json")
	if got.status != 200 || !strings.Contains(got.body, `"id":"https://web.vault.azure.net/secrets/a/`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	direct := ask(t, client(t, s), "GET", s.Ready.IPURL+"/secrets/a?api-version=7.4", "", "Host", "web.vault.localhost", "Authorization", "Bearer x")
	if direct.status != 200 {
		t.Errorf("not the vault web: %d %s", direct.status, direct.body)
	}
}

// What is too large or never comes is given up, and the server's end takes
// tunnels along.
func TestProxyIsBounded(t *testing.T) {
	t.Parallel()
	elsewhere, err := net.Listen("tcp", "127.0.0.1:0")
	must.Do(t, err)
	defer elsewhere.Close()
	s, _ := proxied(t)
	send := func(head string) (net.Conn, *http.Response) {
		t.Helper()
		c, err := net.Dial("tcp", strings.TrimPrefix(s.Ready.ProxyURL, "http://"))
		must.Do(t, err)
		t.Cleanup(func() { c.Close() })
		must.Do(t, c.SetDeadline(time.Now().Add(20*time.Second)))
		if _, err := fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\nHost: x\r\n%s\r\n", elsewhere.Addr(), head); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: http.MethodConnect})
		must.Do(t, err)
		return c, answer
	}
	if _, answer := send("Long: " + strings.Repeat("x", maxProxyHeader+8<<10) + "\r\n"); answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a large header: %s", answer.Status)
	}
	if s.listeners.proxy.server.ReadHeaderTimeout <= 0 || s.listeners.proxy.server.IdleTimeout <= 0 {
		t.Error("a header may take for ever")
	}
	open, answer := send("")
	if answer.StatusCode != 200 {
		t.Fatal(answer.Status)
	}
	stop(t, s)
	if _, err := open.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the tunnel outlives the server: %v", err)
	}
	if _, err := io.WriteString(open, "x"); err == nil {
		if _, err := open.Read(make([]byte, 1)); err == nil {
			t.Error("the tunnel carries on")
		}
	}
}

func TestNoProxyUnlessAskedFor(t *testing.T) {
	t.Parallel()
	s := run(t)
	if s.Ready.ProxyURL != "" || s.listeners.proxy != nil {
		t.Errorf("%+v", s.Ready)
	}
}
