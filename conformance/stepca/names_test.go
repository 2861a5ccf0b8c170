package stepca

import (
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"certwright/internal/must"

	"github.com/miekg/dns"
)

// names is a name server of the zone test: every name has this machine's
// address, TXT records come and go by dynamic updates (RFC 2136).
type names struct {
	address string

	mu   sync.Mutex
	txt  map[string][]string
	ever int // updates that added something
}

func startNames(t *testing.T) *names {
	t.Helper()
	n := &names{txt: map[string][]string{}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must.Do(t, err)
	n.address = l.Addr().String()
	conn, err := net.ListenPacket("udp", n.address)
	must.Do(t, err)
	for _, s := range []*dns.Server{{Listener: l}, {PacketConn: conn}} {
		s.Handler = dns.HandlerFunc(n.answer)
		s.MsgAcceptFunc = func(dns.Header) dns.MsgAcceptAction { return dns.MsgAccept }
		up, down := make(chan struct{}), make(chan error, 1)
		s.NotifyStartedFunc = func() { close(up) }
		go func() { down <- s.ActivateAndServe() }()
		<-up
		t.Cleanup(func() {
			_ = s.Shutdown() // the test is over
			<-down
		})
	}
	return n
}

func (n *names) answer(w dns.ResponseWriter, q *dns.Msg) {
	n.mu.Lock()
	defer n.mu.Unlock()
	a := new(dns.Msg).SetReply(q)
	a.Authoritative = true
	if q.Opcode == dns.OpcodeUpdate {
		n.update(q.Ns)
	}
	for _, question := range q.Question {
		if q.Opcode == dns.OpcodeQuery {
			a.Answer = append(a.Answer, n.records(question)...)
		}
	}
	_ = w.WriteMsg(a) // whoever asked will ask again
}

func (n *names) records(q dns.Question) (found []dns.RR) {
	h := dns.RR_Header{Name: q.Name, Rrtype: q.Qtype, Class: dns.ClassINET}
	switch q.Qtype {
	case dns.TypeA:
		return []dns.RR{&dns.A{Hdr: h, A: net.IPv4(127, 0, 0, 1)}}
	case dns.TypeSOA:
		h.Name = "test."
		return []dns.RR{&dns.SOA{Hdr: h, Ns: "ns.test.", Mbox: "admin.test.", Serial: 1, Minttl: 1}}
	case dns.TypeTXT:
		for _, v := range n.txt[strings.ToLower(q.Name)] {
			found = append(found, &dns.TXT{Hdr: h, Txt: []string{v}})
		}
	}
	return found
}

func (n *names) update(changes []dns.RR) {
	for _, rr := range changes {
		txt, ok := rr.(*dns.TXT)
		if !ok {
			continue
		}
		name, value := strings.ToLower(txt.Hdr.Name), strings.Join(txt.Txt, "")
		left := slices.DeleteFunc(n.txt[name], func(v string) bool { return v == value })
		if txt.Hdr.Class == dns.ClassINET {
			left = append(left, value)
			n.ever++
		}
		n.txt[name] = left
	}
}

// count returns how many TXT records stand, and how many ever stood.
func (n *names) count() (now, ever int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, values := range n.txt {
		now += len(values)
	}
	return now, n.ever
}
