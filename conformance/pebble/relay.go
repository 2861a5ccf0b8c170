package pebble

import (
	"net"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// relayTime is how long a question may take, however busy the machine is.
const relayTime = 20 * time.Second

// relay answers questions over UDP and TCP with what the name server behind it
// says, asked until it does. Pebble asks over TCP, and its own name server gives
// up on a connection after a second: on a busy machine that is a failed proof.
func relay(t testing.TB, behind string) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	packets, err := net.ListenPacket("udp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	handler := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) { _ = w.WriteMsg(ask(behind, q)) })
	for _, s := range []*dns.Server{{Listener: listener}, {PacketConn: packets}} {
		s.Handler, s.ReadTimeout, s.WriteTimeout = handler, relayTime, relayTime
		go func() { _ = s.ActivateAndServe() }() // until the test ends
		t.Cleanup(func() { _ = s.Shutdown() })
	}
	return listener.Addr().String()
}

func ask(server string, q *dns.Msg) *dns.Msg {
	udp, tcp := &dns.Client{Timeout: time.Second}, &dns.Client{Net: "tcp", Timeout: time.Second}
	for until := time.Now().Add(relayTime); time.Now().Before(until); {
		a, _, err := udp.Exchange(q, server)
		if err == nil && a.Truncated {
			a, _, err = tcp.Exchange(q, server)
		}
		if err == nil {
			return a
		}
	}
	return new(dns.Msg).SetRcode(q, dns.RcodeServerFailure)
}
