package challenge_test

import (
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"certwright/internal/must"

	"github.com/miekg/dns"
)

// The key that nameServers know, and one that they do not.
const (
	keySecret   = "c2VjcmV0IG9mIHRoZSBuYW1lIHNlcnZlcg=="
	wrongSecret = "YW5vdGhlciBzZWNyZXQgYWx0b2dldGhlcg=="
)

// nameServer is a primary of example.org and example.net that holds TXT records
// and takes updates as RFC 2136 says, over real packets.
type nameServer struct {
	Addr string

	mu      sync.Mutex
	txt     map[string][]string // by name
	ttl     map[string]uint32
	cname   map[string]string
	updates int
	asked   int

	// How it behaves.
	open     bool           // takes unsigned updates
	mute     bool           // answers nothing over UDP
	cut      bool           // truncates every answer over UDP
	long     bool           // sends answers over UDP that are longer than the asker said
	unsigned bool           // never signs
	rcode    int            // of every update that is otherwise fine
	badTime  bool           // finds every signature too old
	forged   string         // signs answers with this secret
	queries  map[uint16]int // the rcode of queries by type
}

func startNameServer(t *testing.T) *nameServer {
	t.Helper()
	n := &nameServer{txt: map[string][]string{}, ttl: map[string]uint32{}, cname: map[string]string{}, queries: map[uint16]int{}}
	var l net.Listener
	var p net.PacketConn
	var err error
	for range 20 { // until both kinds of one port are free
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		if p, err = net.ListenPacket("udp", l.Addr().String()); err == nil {
			break
		}
		l.Close()
	}
	must.Do(t, err)
	n.Addr = l.Addr().String()
	for _, s := range []*dns.Server{{Listener: l, Net: "tcp"}, {PacketConn: p, Net: "udp"}} {
		s.Handler = dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) { n.serve(w, q, s.Net == "udp") })
		s.TsigSecret = map[string]string{"certwright.": keySecret}
		s.MsgAcceptFunc = func(dns.Header) dns.MsgAcceptAction { return dns.MsgAccept }
		up := make(chan struct{})
		s.NotifyStartedFunc = func() { close(up) }
		go s.ActivateAndServe() //nolint:errcheck // ends with Shutdown
		<-up
		t.Cleanup(func() { _ = s.Shutdown() })
	}
	return n
}

func (n *nameServer) set(how func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	how()
}

func (n *nameServer) count(of *int) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return *of
}

func (n *nameServer) timeToLive(name string) uint32 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.ttl[name]
}

// values returns the TXT values of a name, sorted.
func (n *nameServer) values(name string) []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	v := slices.Clone(n.txt[name])
	slices.Sort(v)
	return v
}

func (n *nameServer) serve(w dns.ResponseWriter, q *dns.Msg, udp bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if udp && n.mute {
		return
	}
	a := new(dns.Msg).SetReply(q)
	if q.Opcode == dns.OpcodeUpdate {
		n.update(w, q, a)
	} else {
		n.answer(q, a)
	}
	if udp && n.cut {
		a.Truncated, a.Answer = true, nil
	}
	if opt := q.IsEdns0(); udp && opt != nil && !n.long {
		a.Truncate(int(opt.UDPSize()))
	}
	if n.forged != "" {
		out, _, err := dns.TsigGenerate(a, n.forged, q.IsTsig().MAC, false)
		if err == nil {
			_, _ = w.Write(out)
		}
		return
	}
	_ = w.WriteMsg(a)
}

func (n *nameServer) update(w dns.ResponseWriter, q, a *dns.Msg) {
	n.updates++
	key := q.IsTsig()
	if key != nil && !n.unsigned {
		a.SetTsig(key.Hdr.Name, key.Algorithm, 300, int64(key.TimeSigned))
	}
	refuse := func(tsigError uint16) {
		a.Rcode = dns.RcodeNotAuth
		if t := a.IsTsig(); t != nil {
			t.Error = tsigError
		}
	}
	zone := q.Question[0].Name
	switch {
	case key == nil && !n.open:
		a.Rcode = dns.RcodeRefused
		return
	case key != nil && key.Hdr.Name != "certwright.":
		refuse(dns.RcodeBadKey)
		return
	case key != nil && w.TsigStatus() != nil:
		refuse(dns.RcodeBadSig)
		return
	case n.badTime:
		refuse(dns.RcodeBadTime)
		return
	case zone != "example.org." && zone != "example.net.":
		a.Rcode = dns.RcodeNotAuth
		return
	case n.rcode != 0:
		a.Rcode = n.rcode
		return
	}
	for _, rr := range q.Ns {
		if !dns.IsSubDomain(zone, rr.Header().Name) {
			a.Rcode = dns.RcodeNotZone
			return
		}
		n.apply(rr)
	}
}

func (n *nameServer) apply(rr dns.RR) {
	name := strings.ToLower(rr.Header().Name)
	t, ok := rr.(*dns.TXT)
	if !ok {
		n.txt[name] = nil // somebody deletes a whole set
		return
	}
	value := strings.Join(t.Txt, "")
	there := slices.Contains(n.txt[name], value)
	switch {
	case rr.Header().Class == dns.ClassINET && !there:
		n.txt[name] = append(n.txt[name], value)
		n.ttl[name] = rr.Header().Ttl
	case rr.Header().Class == dns.ClassNONE:
		n.txt[name] = slices.DeleteFunc(n.txt[name], func(v string) bool { return v == value })
	}
}

func (n *nameServer) answer(q, a *dns.Msg) {
	n.asked++
	a.Authoritative = true
	name, kind := strings.ToLower(q.Question[0].Name), q.Question[0].Qtype
	if a.Rcode = n.queries[kind]; a.Rcode != 0 {
		return
	}
	if target := n.cname[name]; target != "" {
		a.Answer = append(a.Answer, &dns.CNAME{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeCNAME, Class: dns.ClassINET, Ttl: 5}, Target: target})
		name = target
	}
	if kind == dns.TypeTXT {
		for _, v := range n.txt[name] {
			a.Answer = append(a.Answer, &dns.TXT{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 5}, Txt: []string{v}})
		}
	}
	if len(a.Answer) > 0 {
		return
	}
	for _, zone := range []string{"example.org.", "example.net."} {
		if dns.IsSubDomain(zone, name) {
			a.Ns = append(a.Ns, &dns.SOA{Hdr: dns.RR_Header{Name: zone, Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: 5}, Ns: "ns." + zone, Mbox: "root." + zone, Serial: 1})
			if len(n.txt[name]) == 0 {
				a.Rcode = dns.RcodeNameError
			}
		}
	}
}
