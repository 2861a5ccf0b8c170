package proxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
)

const patience = 20 * time.Second

// azure stands for the names that lead here.
func azure(host string) bool { return strings.HasSuffix(host, ".vault.azure.net") }

// serve runs a proxy until the test's end and returns its URL.
func serve(t *testing.T, p *Proxy) *url.URL {
	t.Helper()
	if p.Ours == nil {
		p.Ours = azure
	}
	ctx, end := context.WithCancel(t.Context())
	s := httptest.NewUnstartedServer(p)
	s.Config.BaseContext = func(net.Listener) context.Context { return ctx }
	s.Start()
	t.Cleanup(func() {
		end()
		s.Close()
		p.Wait()
	})
	at, err := url.Parse(s.URL)
	must.Do(t, err)
	return at
}

// says is a TLS server for the names given that answers with its own name, the
// host it was called by and the protocol.
func says(t *testing.T, own string) (*httptest.Server, *x509.CertPool) {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s %s", own, r.Host, r.Proto, body)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return s, roots
}

// by is a client that goes through the proxy.
func by(t *testing.T, at *url.URL, roots *x509.CertPool, name string) *http.Client {
	tr := &http.Transport{Proxy: http.ProxyURL(at), ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: name}}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: patience}
}

func text(t *testing.T, c *http.Client, url string) string {
	t.Helper()
	answer, err := c.Post(url, "text/plain", strings.NewReader("body"))
	must.Do(t, err)
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	must.Do(t, err)
	return string(b)
}

func hostOf(s *httptest.Server) string { return s.Listener.Addr().String() }

// Our names are answered by the https listener, whatever their port and letters;
// other hosts by themselves, with their own certificate and protocol.
func TestOursHereOthersThere(t *testing.T) {
	t.Parallel()
	here, ourRoots := says(t, "here")
	there, theirRoots := says(t, "there")
	at := serve(t, &Proxy{Here: hostOf(here)})
	for _, host := range []string{"web.vault.azure.net", "WEB.vault.azure.net:8443"} {
		want := "here " + host + " HTTP/2.0 body"
		if got := text(t, by(t, at, ourRoots, "example.com"), "https://"+host); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	want := "there " + hostOf(there) + " HTTP/2.0 body"
	if got := text(t, by(t, at, theirRoots, ""), there.URL); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What is refused says why, and is no tunnel.
func TestRefusals(t *testing.T) {
	t.Parallel()
	here, _ := says(t, "here")
	broken := func(*http.Request) (*url.URL, error) {
		return nil, errors.New(`invalid proxy address "http://u:secret@"`)
	}
	closed := httptest.NewServer(nil)
	gone := hostOf(closed)
	closed.Close()
	untrusted := httptest.NewTLSServer(nil)
	t.Cleanup(untrusted.Close)
	for name, c := range map[string]struct {
		via     func(*http.Request) (*url.URL, error)
		request string
		want    string
	}{
		"no port":             {nil, "CONNECT web.vault.azure.net HTTP/1.1\r\nHost: web.vault.azure.net\r\n\r\n", "400 CONNECT needs a host and a port"},
		"port 0":              {nil, "CONNECT a.example:0 HTTP/1.1\r\nHost: a.example:0\r\n\r\n", "400 CONNECT needs a host and a port"},
		"large port":          {nil, "CONNECT a.example:65536 HTTP/1.1\r\nHost: a.example:65536\r\n\r\n", "400 CONNECT needs a host and a port"},
		"nobody there":        {nil, "CONNECT " + gone + " HTTP/1.1\r\nHost: x\r\n\r\n", "502 " + gone + " cannot be reached: dial tcp"},
		"a proxy of no kind":  {http.ProxyURL(&url.URL{Scheme: "socks5", Host: gone}), "CONNECT a.example:443 HTTP/1.1\r\nHost: x\r\n\r\n", "502 a.example:443 cannot be reached: by the proxy socks5://" + gone + ": only http and https"},
		"a proxy of no trust": {http.ProxyURL(&url.URL{Scheme: "https", Host: hostOf(untrusted)}), "CONNECT a.example:443 HTTP/1.1\r\nHost: x\r\n\r\n", "502 a.example:443 cannot be reached: by the proxy https://" + hostOf(untrusted) + ": tls: failed to verify certificate"},
		"no proxy at all":     {http.ProxyURL(&url.URL{Scheme: "http", Host: hostOf(untrusted)}), "CONNECT a.example:443 HTTP/1.1\r\nHost: x\r\n\r\n", "502 a.example:443 cannot be reached: by the proxy http://" + hostOf(untrusted) + ": it does not answer as a proxy does"},
		"a proxy with no URL": {broken, "CONNECT a.example:443 HTTP/1.1\r\nHost: x\r\n\r\n", "502 a.example:443 cannot be reached: the proxy that the environment names has no valid address"},
		"no proxy's request":  {nil, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "400 This is a proxy: give its address to a program as HTTPS_PROXY."},
		"https without":       {nil, "GET https://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n", "400 Hosts are called through this proxy by CONNECT"},
		"a vault by http":     {nil, "GET http://web.vault.azure.net/keys HTTP/1.1\r\nHost: web.vault.azure.net\r\n\r\n", "400 Vaults are called by https only."},
		"nobody there, http":  {nil, "GET http://" + gone + "/ HTTP/1.1\r\nHost: x\r\n\r\n", "502 " + gone + " cannot be reached: dial tcp"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := serve(t, &Proxy{Here: hostOf(here), Via: c.via})
			answer := exchange(t, at.Host, c.request)
			body, _ := io.ReadAll(answer.Body)
			got := fmt.Sprintf("%d %s", answer.StatusCode, body)
			if !strings.HasPrefix(got, c.want) || strings.Contains(got, "secret") {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// exchange sends bytes and reads an answer.
func exchange(t *testing.T, addr, request string) *http.Response {
	t.Helper()
	c := open(t, addr)
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	must.Do(t, err)
	return answer
}

func open(t *testing.T, addr string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	must.Do(t, err)
	t.Cleanup(func() { c.Close() })
	must.Do(t, c.SetDeadline(time.Now().Add(patience)))
	return c.(*net.TCPConn)
}

// Plain http is passed on as it came.
func TestPlainHTTPIsPassedOn(t *testing.T) {
	t.Parallel()
	there := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s %s %q %q", r.Host, r.URL.RawQuery, r.Header.Get("X-Forwarded-For"), r.Header["User-Agent"], r.Header["Accept-Encoding"])
	}))
	t.Cleanup(there.Close)
	at := serve(t, &Proxy{Via: func(*http.Request) (*url.URL, error) { return nil, nil }})
	request := "GET " + there.URL + "/a?b=%zz;c HTTP/1.1\r\nHost: " + hostOf(there) + "\r\nX-Forwarded-For: 192.0.2.1\r\nConnection: close\r\n\r\n"
	body, err := io.ReadAll(exchange(t, at.Host, request).Body)
	if want := hostOf(there) + ` b=%zz;c 192.0.2.1 [] []`; err != nil || string(body) != want {
		t.Errorf("got %q (%v), want %q", body, err, want)
	}
}
