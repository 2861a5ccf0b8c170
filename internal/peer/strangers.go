package peer

import (
	"net"
	"time"
)

// A conn is a connection of this machine, and the user at its other end.
type conn struct {
	net.Conn
	uid int
}

// strangerAnswer is what a user gets whom the door does not know.
const strangerAnswer = "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json; charset=utf-8\r\nCache-Control: no-store\r\nConnection: close\r\nContent-Length: 84\r\n\r\n" +
	`{"message":"No client of this server is the user that calls here.","statusCode":403}`

// maxHeader is what is read of a stranger, in bytes.
const maxHeader = 16 << 10

// maxStrangers is how many are told at a time that they are; more are cut off.
const maxStrangers = 16

// knowing is a socket that asks the kernel who calls, and turns strangers away, so
// that they hold nothing for long.
type knowing struct {
	net.Listener
	allowed   func(uid int) bool
	strangers chan struct{}
}

func newKnowing(l net.Listener, allowed func(uid int) bool) *knowing {
	return &knowing{l, allowed, make(chan struct{}, maxStrangers)}
}

// Accept implements net.Listener.
func (l *knowing) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		is, err := peerOf(c)
		if err == nil && l.allowed(is.uid) {
			return &conn{c, is.uid}, nil
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
func (l *knowing) turnAway(c net.Conn) {
	_ = c.SetDeadline(time.Now().Add(time.Second))
	_, _ = c.Read(make([]byte, maxHeader))
	_, _ = c.Write([]byte(strangerAnswer))
	_ = c.Close()
	<-l.strangers
}

// credentials are who is at the other end of a connection.
type credentials struct{ uid, pid int }
