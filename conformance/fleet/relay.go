package fleet

import (
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
)

// A relay is the way of one server to its database. Once it is cut nothing goes
// through, in the middle of a statement or a COMMIT, and nobody is told: to the
// database and to everybody else the server is dead.
type relay struct {
	listener net.Listener
	to       string

	mu    sync.Mutex
	isCut bool
	conns map[net.Conn]bool
}

// relayed makes a relay to the database of a URL, and returns its URL through it.
func relayed(store string) (*relay, string, error) {
	u, err := url.Parse(store)
	if err != nil || u.Host == "" {
		return nil, "", errors.New("a server that may be killed needs the URL of its database")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	r := &relay{listener: l, to: u.Host, conns: map[net.Conn]bool{}}
	go r.run()
	u.Host = l.Addr().String()
	return r, u.String(), nil
}

func (r *relay) run() {
	for {
		in, err := r.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", r.to)
		if err != nil {
			_ = in.Close()
			continue
		}
		if !r.keep(in, out) {
			return
		}
		go r.carry(in, out)
		go r.carry(out, in)
	}
}

// keep remembers the two ends of a connection; not if it came too late.
func (r *relay) keep(ends ...net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range ends {
		if r.isCut {
			_ = c.Close()
		} else {
			r.conns[c] = true
		}
	}
	return !r.isCut
}

// carry takes what comes from one end to the other, until either is closed.
func (r *relay) carry(from, to net.Conn) {
	_, _ = io.Copy(to, from)
	_, _ = from.Close(), to.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, from)
}

func (r *relay) cut() {
	_ = r.listener.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.isCut = true
	for c := range r.conns {
		_ = c.Close()
	}
}
