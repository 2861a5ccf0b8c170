// Package listener takes connections before anybody is known: it bounds what they
// may hold, refuses requests whose end two readers might see in different places,
// answers where a handler panics, and keeps what strangers do out of the log, but
// for a few lines. It knows no path and no caller. Begin with Server.
package listener

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// What one connection may hold, of every listener.
const (
	headerTime = 10 * time.Second // for the headers of a request to arrive; also for a handshake
	idleTime   = 2 * time.Minute  // between two requests
	maxHeader  = 64 << 10         // bytes of a request's headers

	// maxStreams is how many requests one HTTP/2 connection may have under way. A
	// client that resets them and begins others is sent away by the library once
	// four times as many wait for the end of theirs.
	maxStreams = 250
	pingAfter  = 30 * time.Second // of silence while requests are under way
	pingTime   = 15 * time.Second // for the answer to a ping
	stallTime  = 30 * time.Second // for a client to take any byte
)

// Bare returns a server with the bounds of every listener, and nothing else.
func Bare(h http.Handler, log *slog.Logger) *http.Server {
	quiet := slog.New(Sparse(log.Handler()))
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: maxStreams, SendPingTimeout: pingAfter, PingTimeout: pingTime, WriteByteTimeout: stallTime},
		ErrorLog:          slog.NewLogLogger(quiet.Handler(), slog.LevelWarn),
	}
}

// Server returns a server for a listener made by TLS or Plain: requests come to h
// with bodies that have a deadline.
func Server(h http.Handler, log *slog.Logger) *http.Server {
	s := Bare(recovered(framed(timed(h, bodyTime)), log), log)
	s.DisableGeneralOptionsHandler = true // OPTIONS * is for h to answer, too
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		if w := watchedOf(c); w != nil {
			return context.WithValue(ctx, watchedKey{}, w)
		}
		return ctx
	}
	s.ConnState = func(c net.Conn, state http.ConnState) {
		if w := watchedOf(c); w != nil && state == http.StateIdle {
			w.next()
		}
	}
	return s
}
