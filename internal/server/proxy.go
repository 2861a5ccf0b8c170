package server

import (
	"context"
	"log/slog"
	"net"
	"net/http"

	"certwright/internal/listener"
	"certwright/internal/proxy"
	"certwright/internal/trust"
)

const maxProxyHeader = 16 << 10 // bytes of what a program sends to the proxy before its tunnel

// A proxyListener is the listener for programs that have Azure's names built in.
type proxyListener struct {
	listener net.Listener
	server   *http.Server
	proxy    *proxy.Proxy
	cut      context.CancelFunc // ends all tunnels
}

// openProxy listens at addr, unless that is "". here is the https listener.
func openProxy(ctx context.Context, addr, here string, log *slog.Logger) (*proxyListener, error) {
	if addr == "" {
		return nil, nil
	}
	l, err := listenAt(ctx, "proxy", addr)
	if err != nil {
		return nil, err
	}
	d := &proxyListener{listener: l, proxy: &proxy.Proxy{
		Ours: trust.IsAzure, Here: here, Own: l.Addr().String(), Via: http.ProxyFromEnvironment,
	}}
	var tunnels context.Context
	tunnels, d.cut = context.WithCancel(context.Background())
	d.server = listener.Bare(d.proxy, log)
	d.server.MaxHeaderBytes = maxProxyHeader
	d.server.BaseContext = func(net.Listener) context.Context { return tunnels }
	return d, nil
}

// close ends all tunnels, after its server has ended, and returns when they have.
func (d *proxyListener) close() {
	if d == nil {
		return
	}
	d.cut()
	_ = d.listener.Close() // not its server's yet if serve was never called
	d.proxy.Wait()
}
