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

// maxStrangers is how many are told at a time that they are; more are cut off.
const maxStrangers = 16

// peers is a socket that asks the kernel who calls, and turns strangers away, so
// that they hold nothing for long.
type peers struct {
	net.Listener
	allowed   func(uid int) bool
	strangers chan struct{}
}

func newPeers(l net.Listener, allowed func(uid int) bool) *peers {
	return &peers{l, allowed, make(chan struct{}, maxStrangers)}
}

// Accept implements net.Listener.
func (l *peers) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		is, err := peerOf(c)
		if err == nil && l.allowed(is.uid) {
			return &peer{c, is.uid}, nil
		}
		select {
		case l.strangers <- struct{}{}:
			go l.turnAway(c)
		default:
			_ = c.Close()
		}
	}
}

// turnAway answers a stranger. What it asked has to be read first: it would not
// see the answer otherwise.
func (l *peers) turnAway(c net.Conn) {
	_ = c.SetDeadline(time.Now().Add(time.Second))
	_, _ = c.Read(make([]byte, hostHeader))
	_, _ = c.Write([]byte(strangerAnswer))
	_ = c.Close()
	<-l.strangers
}

// credentials are who is at the other end of a connection.
type credentials struct{ uid, pid int }
