package challenge

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

const (
	udpTime = 2 * time.Second // one try; TCP follows
	tcpTime = 5 * time.Second
	udpSize = 1232 // what passes every network unbroken (DNS flag day 2020)
)

// A question is a message for a name server and how it is to travel.
type question struct {
	message *dns.Msg
	tcp     bool     // never UDP
	key     *tsigKey // signs; nil: nobody
	now     int64    // Unix seconds of the signature
}

// exchange asks over UDP first, and over TCP if no sound answer comes or it is
// cut. The answer is returned with the error where only its signature is wrong.
func (q question) exchange(ctx context.Context, server string) (*dns.Msg, error) {
	var first *dns.Msg
	var wrong error
	if !q.tcp {
		first, wrong = q.once(ctx, server, dns.Client{Net: "udp", Timeout: udpTime, UDPSize: udpSize})
		if wrong == nil && !first.Truncated || ctx.Err() != nil {
			return first, wrong
		}
	}
	answer, err := q.once(ctx, server, dns.Client{Net: "tcp", Timeout: tcpTime})
	if answer == nil && first != nil && wrong != nil {
		return first, wrong
	}
	return answer, err
}

func (q question) once(ctx context.Context, server string, c dns.Client) (*dns.Msg, error) {
	m := q.message.Copy()
	if q.key != nil {
		c.TsigSecret = map[string]string{q.key.name: q.key.secret.Reveal()}
		m.SetTsig(q.key.name, q.key.algorithm, 300, q.now)
	}
	answer, _, err := c.ExchangeContext(ctx, m, server)
	switch {
	case err == nil:
		return answer, nil
	case answer != nil && answer.IsTsig() != nil:
		return answer, err
	}
	return nil, fmt.Errorf("the name server %s cannot be asked: %w", server, bare(err))
}

// bare leaves addresses and port numbers of our own out of a network error.
func bare(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err
	}
	return err
}

// query asks a server for the records of a name.
func query(ctx context.Context, server, name string, rrType uint16, tcp bool) (*dns.Msg, error) {
	m := new(dns.Msg).SetQuestion(name, rrType)
	m.SetEdns0(udpSize, false)
	answer, err := question{message: m, tcp: tcp}.exchange(ctx, server)
	if err != nil {
		return nil, err
	}
	if answer.Rcode != dns.RcodeSuccess && answer.Rcode != dns.RcodeNameError {
		return nil, fmt.Errorf("the name server %s answers %s when asked for %s %s", server, rcode(answer.Rcode), dns.TypeToString[rrType], name)
	}
	return answer, nil
}

func rcode(code int) string {
	if text, ok := dns.RcodeToString[code]; ok {
		return text
	}
	return fmt.Sprintf("code %d", code)
}

// look asks name servers whether they show a record.
type look struct {
	servers []string
	tcp     bool
}

// missing returns the first server that does not show the record, "" if none.
func (l look) missing(ctx context.Context, r Record) (string, error) {
	for _, server := range l.servers {
		answer, err := query(ctx, server, r.Name, dns.TypeTXT, l.tcp)
		if err != nil {
			return "", err
		}
		if !slices.ContainsFunc(answer.Answer, func(rr dns.RR) bool {
			t, ok := rr.(*dns.TXT)
			return ok && strings.Join(t.Txt, "") == r.Value
		}) {
			return server, nil
		}
	}
	return "", nil
}
