package challenge

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/miekg/dns"

	"certwright/internal/vault"
)

// updater changes the records of a name server by dynamic updates (RFC 2136),
// one value at a time: those of other orders at the same name stay.
type updater struct {
	settings Settings
	server   string
	clock    vault.Clock
}

func newUpdater(s Settings, m Means) (*updater, error) {
	if m.Clock == nil {
		return nil, errors.New("a solver of kind rfc2136 needs a clock")
	}
	if _, err := s.readKey(); err != nil {
		return nil, err
	}
	if s.TTL == 0 {
		s.TTL = 60
	}
	return &updater{settings: s, server: withPort(s.Server), clock: m.Clock}, nil
}

// present adds a value; one that is there is added to nothing (RFC 2136 section 3.4.2.2).
func (u *updater) present(ctx context.Context, r Record) error {
	return u.change(ctx, r, (*dns.Msg).Insert)
}

// cleanup removes one value; none that matches is fine (RFC 2136 section 3.4.2.4).
func (u *updater) cleanup(ctx context.Context, r Record) error {
	return u.change(ctx, r, (*dns.Msg).Remove)
}

func (u *updater) change(ctx context.Context, r Record, how func(*dns.Msg, []dns.RR)) error {
	key, err := u.settings.readKey()
	if err != nil {
		return err
	}
	zone, err := u.zone(ctx, r.Name)
	if err != nil {
		return err
	}
	m := new(dns.Msg).SetUpdate(zone)
	how(m, []dns.RR{&dns.TXT{
		Hdr: dns.RR_Header{Name: r.Name, Rrtype: dns.TypeTXT, Ttl: uint32(u.settings.TTL)},
		Txt: []string{r.Value},
	}})
	q := question{message: m, tcp: u.settings.TCP, key: key, now: u.clock.Now().Unix()}
	answer, err := q.exchange(ctx, u.server)
	if answer == nil {
		return err
	}
	return u.verdict(answer, err, key, zone, r.Name)
}

// zone returns the zone that a name is in.
func (u *updater) zone(ctx context.Context, name string) (string, error) {
	if u.settings.Zone != "" {
		zone := dns.Fqdn(u.settings.Zone)
		if !dns.IsSubDomain(zone, name) {
			return "", fmt.Errorf("the TXT record %s is not in the zone %s of the solver's settings", name, zone)
		}
		return zone, nil
	}
	answer, err := query(ctx, u.server, name, dns.TypeSOA, u.settings.TCP)
	if err != nil {
		return "", err
	}
	for _, rr := range append(answer.Answer, answer.Ns...) {
		if soa, ok := rr.(*dns.SOA); ok && dns.IsSubDomain(soa.Hdr.Name, name) {
			return soa.Hdr.Name, nil
		}
	}
	return "", fmt.Errorf("the name server %s does not tell the zone of %s; write it as zone: in the solver's settings", u.server, name)
}

// verdict says in plain words what the answer to an update means. wrong is what
// the library found at its signature.
func (u *updater) verdict(answer *dns.Msg, wrong error, key *tsigKey, zone, name string) error {
	signature := answer.IsTsig()
	if signature != nil && signature.Error != 0 {
		return u.tsigVerdict(signature.Error, key)
	}
	switch who := keyName(key); {
	case answer.Rcode == dns.RcodeSuccess && wrong != nil:
		return fmt.Errorf("the name server %s signed its answer with another secret than that of %s: %w", u.server, who, wrong)
	case answer.Rcode == dns.RcodeSuccess && key != nil && signature == nil:
		return fmt.Errorf("the name server %s did not sign its answer, so it cannot be believed", u.server)
	case answer.Rcode == dns.RcodeSuccess:
		return nil
	case answer.Rcode == dns.RcodeRefused:
		return fmt.Errorf("the name server %s refuses to change the TXT record %s (REFUSED): its update policy must allow that to %s", u.server, name, who)
	case answer.Rcode == dns.RcodeNotAuth:
		return fmt.Errorf("the name server %s is not the primary of zone %s, or does not accept %s (NOTAUTH)", u.server, zone, who)
	case answer.Rcode == dns.RcodeNotZone:
		return fmt.Errorf("the name server %s says that %s is not in zone %s (NOTZONE)", u.server, name, zone)
	case answer.Rcode == dns.RcodeNotImplemented:
		return fmt.Errorf("the name server %s takes no dynamic updates (NOTIMP)", u.server)
	}
	return fmt.Errorf("the name server %s answers %s to the update of %s", u.server, rcode(answer.Rcode), name)
}

func (u *updater) tsigVerdict(code uint16, key *tsigKey) error {
	switch code {
	case dns.RcodeBadKey:
		return fmt.Errorf("the name server %s does not know %s with this algorithm (BADKEY)", u.server, keyName(key))
	case dns.RcodeBadSig:
		return fmt.Errorf("the name server %s has another secret for %s (BADSIG)", u.server, keyName(key))
	case dns.RcodeBadTime:
		return fmt.Errorf("the clocks of the name server %s and of this machine differ by more than 5 minutes (BADTIME)", u.server)
	}
	return fmt.Errorf("the name server %s does not accept the signature of %s (%s)", u.server, keyName(key), rcode(int(code)))
}

func keyName(k *tsigKey) string {
	if k == nil {
		return "callers without a TSIG key"
	}
	return "the TSIG key " + strings.TrimSuffix(k.name, ".")
}
