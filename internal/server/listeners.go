package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"certwright/internal/clientenv"
	"certwright/internal/config"
	"certwright/internal/listener"
)

const (
	shutdownTime = 10 * time.Second
	vaultTime    = 3 * time.Minute // for a whole request to a vault, the largest backup read slowly included
)

// listeners are the two listeners with their http servers, and the proxy's where
// there is one.
type listeners struct {
	https, http         net.Listener
	httpsServer, server *http.Server
	proxy               *proxyListener // nil for none
	console             net.Listener   // of a production server; nil for none
	consoleServer       *http.Server

	running sync.WaitGroup
	once    sync.Once
	failed  chan struct{}
	err     error // why, once failed is closed
}

// listen opens both listeners, so that a port in use is told before anything runs.
func listen(ctx context.Context, s *Server) (*listeners, error) {
	d := &listeners{failed: make(chan struct{})}
	var err error
	if d.https, err = listenAt(ctx, "listen", s.config.Listen); err != nil {
		return nil, err
	}
	if d.http, err = listenAt(ctx, "http", s.config.HTTP); err != nil {
		return nil, errors.Join(err, d.https.Close())
	}
	if d.proxy, err = openProxy(ctx, s.config.Proxy, reachable(d.https.Addr()), s.log); err != nil {
		return nil, errors.Join(err, d.https.Close(), d.http.Close())
	}
	if s.config.Production && s.config.Console.Listen != "" {
		if d.console, err = listenAt(ctx, "console", s.config.Console.Listen); err != nil {
			return nil, errors.Join(err, d.https.Close(), d.http.Close())
		}
		pages := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, GetCertificate: s.getCertificate}
		d.consoleServer = listener.Server(listener.Hurried(s.parting(s.console)), s.log)
		d.console = listener.TLS(d.console, pages, s.log)
	}
	if at, err := netip.ParseAddrPort(d.https.Addr().String()); err == nil {
		s.trust.Addresses = []netip.Addr{at.Addr()}
	}
	s.trust.Hosts = s.config.Hosts
	d.httpsServer = listener.Server(s.parting(http.HandlerFunc(s.serveVault)), s.log)
	d.httpsServer.WriteTimeout = vaultTime // not at the side door, where a move of the clock may take long
	config := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, GetCertificate: s.getCertificate}
	s.askForCertificates(config)
	d.https = listener.TLS(d.https, config, s.log)
	d.server = listener.Server(listener.Hurried(http.HandlerFunc(s.serveSide)), s.log)
	d.http = listener.Plain(d.http)
	return d, nil
}

func listenAt(ctx context.Context, key, addr string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("open the %s listener: %w\nhint: %s", key, err, listenHint(key, err))
	}
	return l, nil
}

// listenHint is what to do where an address cannot be listened at.
func listenHint(key string, err error) string {
	switch {
	case errors.Is(err, syscall.EACCES):
		return fmt.Sprintf("ports below 1024 are for root: choose another with --%s, as in 127.0.0.1:8443; or allow it to the program, by AmbientCapabilities=CAP_NET_BIND_SERVICE in its unit or by setcap cap_net_bind_service=+ep", key)
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Sprintf("another program listens there; if that is certwright, certwright env speaks to it; else choose another address with --%s, or port 0 for a free one", key)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Sprintf("this machine has no such address: choose 127.0.0.1 or another of its own with --%s", key)
	}
	return fmt.Sprintf("choose another address with --%s, or port 0 for a free one", key)
}

// serve answers at both listeners until close.
func (d *listeners) serve() {
	d.running.Go(func() { d.fail(d.httpsServer.Serve(d.https)) })
	d.running.Go(func() { d.fail(d.server.Serve(d.http)) })
	if d.console != nil {
		d.running.Go(func() { d.fail(d.consoleServer.Serve(d.console)) })
	}
	if d.proxy != nil {
		d.running.Go(func() { d.fail(d.proxy.server.Serve(d.proxy.listener)) })
	}
}

func (d *listeners) fail(err error) {
	if errors.Is(err, http.ErrServerClosed) {
		return
	}
	d.once.Do(func() {
		d.err = fmt.Errorf("serve: %w", err)
		close(d.failed)
	})
}

// close lets the requests under way end, cuts those that take too long, and
// returns why a listener had failed.
func (d *listeners) close() error {
	ctx, stop := context.WithTimeout(context.Background(), shutdownTime)
	defer stop()
	var all sync.WaitGroup
	servers := []*http.Server{d.httpsServer, d.server}
	if d.console != nil {
		servers = append(servers, d.consoleServer)
		defer func() { _ = d.console.Close() }() // not the server's yet if serve was never called
	}
	if d.proxy != nil {
		servers = append(servers, d.proxy.server)
	}
	for _, s := range servers {
		all.Go(func() {
			if s.Shutdown(ctx) != nil {
				_ = s.Close()
			}
		})
	}
	all.Wait()
	d.proxy.close()                        // last: requests under way may have come through it
	_, _ = d.https.Close(), d.http.Close() // not the servers' yet if serve was never called
	d.running.Wait()
	select {
	case <-d.failed:
		return d.err
	default:
		return nil
	}
}

// ready says where the listeners are.
func (d *listeners) ready(c config.Config, data, ca string) clientenv.Ready {
	r := clientenv.Ready{
		IPURL: "https://" + reachable(d.https.Addr()), HTTPURL: "http://" + reachable(d.http.Addr()),
		CAFile: ca, Data: data, PID: os.Getpid(), Production: c.Production,
	}
	if c.Production {
		r.VaultHosts = vaultHosts(c.Hosts)
	}
	if d.proxy != nil {
		r.ProxyURL = "http://" + d.proxy.listener.Addr().String()
	}
	r.VaultURL = r.VaultURLOf(c.DefaultVault)
	return r
}

// vaultHosts is the first name of the server that is one for every vault; "" for none.
func vaultHosts(hosts []string) string {
	for _, host := range hosts {
		if strings.HasPrefix(host, "*.") {
			return host
		}
	}
	return ""
}

// reachable returns host:port under which a listener's address can be called
// from this machine: loopback where it listens on every address.
func reachable(a net.Addr) string {
	at, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return a.String()
	}
	host := at.Addr().Unmap().WithZone("")
	if host.IsUnspecified() {
		host = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return net.JoinHostPort(host.String(), strconv.Itoa(int(at.Port())))
}

// Exposed lists the listeners that other machines can reach.
func (s *Server) Exposed() (open []string) {
	for _, l := range []net.Listener{s.listeners.https, s.listeners.http} {
		at, err := netip.ParseAddrPort(l.Addr().String())
		if err != nil || !at.Addr().Unmap().IsLoopback() {
			open = append(open, l.Addr().String())
		}
	}
	return open
}

// serveVault is the https listener: vaults, and beside them the management plane
// and the token endpoints.
func (s *Server) serveVault(w http.ResponseWriter, r *http.Request) {
	for _, f := range []front{s.arm, s.now().tokens} {
		if f != nil && f.Serves(r.URL.Path) {
			f.ServeHTTP(w, r)
			return
		}
	}
	s.api.ServeHTTP(w, r)
}

// serveSide is the side door, on plain http.
func (s *Server) serveSide(w http.ResponseWriter, r *http.Request) {
	if tokens := s.now().tokens; !s.config.Production && !strings.HasPrefix(r.URL.Path, "/admin/") && tokens.Serves(r.URL.Path) {
		tokens.ServeHTTP(w, r)
		return
	}
	if s.console != nil && !s.config.Production && consoleAsked(r) {
		s.console.ServeHTTP(w, r)
		return
	}
	s.side.ServeHTTP(w, r)
}
