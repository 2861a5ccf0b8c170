package challenge

import (
	"context"
	"fmt"
	"strings"

	"github.com/miekg/dns"
)

// maxLinks is how many CNAMEs may follow each other.
const maxLinks = 8

// follower publishes where CNAMEs lead: _acme-challenge.www.example.org may be
// a CNAME into a zone that is open to updates, while example.org stays closed.
type follower struct{ resolver string }

func newFollower(s Settings) (follower, error) {
	if s.Resolver != "" {
		return follower{withPort(s.Resolver)}, nil
	}
	conf, err := dns.ClientConfigFromFile("/etc/resolv.conf")
	if err != nil {
		return follower{}, fmt.Errorf("resolver: is not set, and the system's is not found: %w", err)
	}
	if len(conf.Servers) == 0 {
		return follower{}, fmt.Errorf("resolver: is not set, and /etc/resolv.conf has none; write host:port")
	}
	return follower{withPort(conf.Servers[0])}, nil
}

// aim implements aimer.
func (f follower) aim(ctx context.Context, r Record) (Record, error) {
	start, seen := r.Name, map[string]bool{}
	for range maxLinks {
		if seen[dns.CanonicalName(r.Name)] {
			return r, fmt.Errorf("the CNAMEs at %s lead in a circle", start)
		}
		seen[dns.CanonicalName(r.Name)] = true
		answer, err := query(ctx, f.resolver, r.Name, dns.TypeCNAME, false)
		if err != nil {
			return r, err
		}
		target := cnameOf(answer, r.Name)
		if target == "" {
			return r, nil
		}
		if !isHost(strings.TrimSuffix(target, ".")) {
			return r, fmt.Errorf("the CNAME at %s leads to %q, where no record can be published", r.Name, target)
		}
		r.Name = target
	}
	return r, fmt.Errorf("more than %d CNAMEs follow each other at %s", maxLinks, start)
}

func cnameOf(answer *dns.Msg, name string) string {
	for _, rr := range answer.Answer {
		if c, ok := rr.(*dns.CNAME); ok && dns.CanonicalName(c.Hdr.Name) == dns.CanonicalName(name) {
			return c.Target
		}
	}
	return ""
}
