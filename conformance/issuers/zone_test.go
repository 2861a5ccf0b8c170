package issuers_test

import (
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"
)

// zone is the name service of a test: TXT records that servers change by
// dynamic updates (RFC 2136), shown to the authority's own name server.
type zone struct {
	show func(name string, values []string) error
	hide string // records at and below it are taken and never seen

	mu      sync.Mutex
	records map[string][]string // TXT values by name in lower case
}

// values returns the TXT records at and below a domain.
func (z *zone) values(domain string) (all []string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	for name, values := range z.records {
		if dns.IsSubDomain(dns.Fqdn(domain), name) {
			all = append(all, values...)
		}
	}
	return all
}

// open answers on UDP until end. Updates go through the toll: each server that
// may be killed has an address of its own.
func (z *zone) open(toll *toll) (addr string, end func(), err error) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	s := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) { z.answer(w, q, toll) }),
		MsgAcceptFunc: func(h dns.Header) dns.MsgAcceptAction { return dns.MsgAccept }}
	go func() { _ = s.ActivateAndServe() }() // until end
	return conn.LocalAddr().String(), func() { _ = s.Shutdown() }, nil
}

func (z *zone) answer(w dns.ResponseWriter, q *dns.Msg, toll *toll) {
	a := new(dns.Msg).SetReply(q)
	if q.Opcode != dns.OpcodeUpdate {
		z.look(q, a)
		_ = w.WriteMsg(a)
		return
	}
	here := toll.next("UPDATE " + about(q))
	switch here.fault {
	case killBefore:
		toll.kill(w.RemoteAddr().String())
		return
	case cutBefore:
		return
	case fails, busy, tooMany:
		a.Rcode = dns.RcodeServerFailure
	default:
		if here.fault == loses {
			toll.cut(w.RemoteAddr().String())
		}
		if z.update(q) != nil {
			a.Rcode = dns.RcodeServerFailure
		}
	}
	toll.told(here, 1000+a.Rcode)
	switch here.fault {
	case killAfter:
		toll.kill(w.RemoteAddr().String())
	case cutAfter, cutShort: // no answer
	default:
		_ = w.WriteMsg(a)
	}
}

// about tells what an update is of.
func about(q *dns.Msg) string {
	for _, rr := range q.Ns {
		if rr.Header().Class == dns.ClassNONE {
			return "remove " + rr.Header().Name
		}
		return "add " + rr.Header().Name
	}
	return "nothing"
}

func (z *zone) look(q, a *dns.Msg) {
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, question := range q.Question {
		if z.hidden(question.Name) {
			continue
		}
		h := dns.RR_Header{Name: question.Name, Rrtype: question.Qtype, Class: dns.ClassINET}
		switch question.Qtype {
		case dns.TypeTXT:
			for _, v := range z.records[strings.ToLower(question.Name)] {
				a.Answer = append(a.Answer, &dns.TXT{Hdr: h, Txt: []string{v}})
			}
		case dns.TypeSOA:
			a.Answer = append(a.Answer, &dns.SOA{Hdr: h, Ns: "ns.example.", Mbox: "admin.example.", Serial: 1, Minttl: 1})
		}
	}
}

func (z *zone) hidden(name string) bool {
	return z.hide != "" && dns.IsSubDomain(dns.Fqdn(z.hide), name)
}

func (z *zone) update(q *dns.Msg) error {
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, rr := range q.Ns {
		txt, ok := rr.(*dns.TXT)
		if !ok {
			continue
		}
		name, value := strings.ToLower(txt.Hdr.Name), strings.Join(txt.Txt, "")
		there := slices.DeleteFunc(z.records[name], func(v string) bool { return v == value })
		if txt.Hdr.Class == dns.ClassINET {
			there = append(there, value)
		}
		z.records[name] = there
		if err := z.show(name, there); err != nil {
			return err
		}
	}
	return nil
}
