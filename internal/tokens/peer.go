package tokens

import (
	"net"
	"time"
)

// A peer is a connection of this machine, and the user at its other end.
type peer struct {
	net.Conn
	uid int
}

// strangerAnswer is what a user gets who stands for no client.
const strangerAnswer = "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json; charset=utf-8\r\nCache-Control: no-store\r\nConnection: close\r\nContent-Length: 84\r\n\r\n" +
	`{"message":"No client of this server is the user that calls here.","statusCode":403}`

// peers is a socket that asks the kernel who calls, and turns strangers away at
// once, so that they hold nothing.
type peers struct {
	net.Listener
	allowed func(uid int) bool
}

// Accept implements net.Listener.
func (l *peers) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		uid, err := peerOf(c)
		if err == nil && l.allowed(uid) {
			return &peer{c, uid}, nil
		}
		_ = c.SetWriteDeadline(time.Now().Add(time.Second)) // it fits the buffer of any socket
		_, _ = c.Write([]byte(strangerAnswer))
		_ = c.Close()
	}
}
