package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"certwright/internal/outbound"
)

// What is usual where a Proxy does not say.
const (
	usualTunnels = 512
	usualIdle    = 10 * time.Minute
	reachTime    = 15 * time.Second // for a host to be found and connected to, another proxy on the way included
)

// A Proxy answers CONNECT, and requests for plain http, of programs on this
// machine. Its fields are set before the first request.
type Proxy struct {
	Ours func(host string) bool                // whether a host is answered here
	Here string                                // host:port of the https listener, which answers
	Own  string                                // host:port of this proxy, which is no way to anywhere
	Via  func(*http.Request) (*url.URL, error) // the proxy that leads a request elsewhere, as http.ProxyFromEnvironment says; a nil URL: none
	Most int                                   // tunnels and requests at a time; 0 means 512
	Idle time.Duration                         // a tunnel that carries nothing for this long is closed; 0 means ten minutes

	once    sync.Once
	slots   chan struct{}
	forward http.Handler
	running sync.WaitGroup
}

func (p *Proxy) prepare() {
	if p.Most == 0 {
		p.Most = usualTunnels
	}
	if p.Idle == 0 {
		p.Idle = usualIdle
	}
	p.slots = make(chan struct{}, p.Most)
	p.forward = p.forwarder()
}

// ServeHTTP implements http.Handler. A tunnel ends with its request's context.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.once.Do(p.prepare)
	p.running.Add(1)
	defer p.running.Done()
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	default:
		refuse(w, http.StatusServiceUnavailable, fmt.Sprintf("There are %d connections through this proxy already; close some.", p.Most))
		return
	}
	if r.Method == http.MethodConnect {
		p.connect(w, r)
		return
	}
	p.plain(w, r)
}

// Wait returns when every tunnel has ended.
func (p *Proxy) Wait() { p.running.Wait() }

// connect makes a tunnel.
func (p *Proxy) connect(w http.ResponseWriter, r *http.Request) {
	host, port, err := target(r.Host)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	far, err := p.reach(r.Context(), host, port)
	if err != nil {
		refuse(w, http.StatusBadGateway, fmt.Sprintf("%s cannot be reached: %v", r.Host, err))
		return
	}
	defer far.Close()
	near, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		refuse(w, http.StatusInternalServerError, "This connection cannot become a tunnel.")
		return
	}
	defer near.Close()
	if _, err := near.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n")); err != nil {
		return // who asked is gone
	}
	tunnel{after(buffered.Reader, near), far, p.Idle}.run(r.Context())
}

// target reads host:port as CONNECT sends it, RFC 9110 section 9.3.6.
func target(authority string) (host, port string, err error) {
	host, port, err = net.SplitHostPort(authority)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n == 0 || host == "" {
		return "", "", errors.New("CONNECT needs a host and a port, as in web.vault.azure.net:443.")
	}
	return strings.ToLower(strings.TrimSuffix(host, ".")), port, nil
}

// reach connects to the https listener for our own hosts, to the host itself, or
// the proxy before it, for any other.
func (p *Proxy) reach(ctx context.Context, host, port string) (net.Conn, error) {
	ctx, stop := context.WithTimeout(ctx, reachTime)
	defer stop()
	if p.Ours(host) {
		return dial(ctx, p.Here)
	}
	addr := net.JoinHostPort(host, port)
	via, err := p.via(&url.URL{Scheme: "https", Host: addr})
	if err != nil {
		return nil, err
	}
	if via == nil {
		return dial(ctx, addr)
	}
	return through(ctx, via, addr)
}

// via returns the proxy that leads to a URL elsewhere, never this one.
func (p *Proxy) via(to *url.URL) (*url.URL, error) {
	if p.Via == nil {
		return nil, nil
	}
	via, err := p.Via(&http.Request{URL: to})
	if err != nil { // which may spell a password
		return nil, errors.New("the proxy that the environment names has no valid address")
	}
	if via == nil || p.isOwn(via) {
		return nil, nil
	}
	return via, nil
}

func (p *Proxy) isOwn(via *url.URL) bool {
	_, port, err := net.SplitHostPort(p.Own)
	return err == nil && via.Port() == port && outbound.IsLocal(via.Hostname())
}

func dial(ctx context.Context, addr string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "tcp", addr)
}

// refuse answers with a sentence.
func refuse(w http.ResponseWriter, status int, sentence string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Connection", "close")
	w.WriteHeader(status)
	fmt.Fprintln(w, sentence)
}
