package acme

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"certwright/internal/vault"
)

// A limit is what an authority said it lets no more orders through for, and
// until when. It binds what it is about (RFC 8555 sections 6.6 and 6.7.1): the
// identifiers of its subproblems, else the account where its words name that,
// else orders for the same set of names, since Retry-After is said of "the
// current request with exactly the same parameters".
type limit struct {
	until time.Time
	about string // for people
	said  string // the authority's words
}

// maxLimits is how many are remembered; forgetting one costs a call.
const maxLimits = 10000

// limits are those that a process has heard of, by what they bind.
type limits struct {
	mu    sync.Mutex
	known map[string]limit

	shared *sharedLimits // nil: this process is the only one
}

// remember keeps a limit for what it binds.
func (l *limits) remember(binds []string, made limit, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known == nil {
		l.known = map[string]limit{}
	}
	if len(l.known) >= maxLimits {
		for key, old := range l.known {
			if !old.until.After(now) {
				delete(l.known, key)
			}
		}
	}
	if len(l.known) >= maxLimits {
		clear(l.known)
	}
	for _, key := range binds {
		l.known[key] = made
	}
}

// on returns the limit that binds one of the keys for the longest.
func (l *limits) on(keys []string, now time.Time) (found limit, held bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, key := range keys {
		if known, ok := l.known[key]; ok && known.until.After(now) && (!held || known.until.After(found.until)) {
			found, held = known, true
		}
	}
	return found, held
}

// What a limit may bind, in an account: the account itself, one identifier, a
// set of identifiers.
func bindsAccount(account string) string { return account }

func bindsName(account string, id acme.Identifier) string {
	return account + "\x00" + id.Type + "\x00" + strings.ToLower(id.Value)
}

func bindsSet(account string, ids []acme.Identifier) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = bindsName("", id)
	}
	slices.Sort(names)
	return account + "\x00set" + strings.Join(names, "")
}

// held returns the error of an order that a known limit binds; nil if none does.
func (s *step) held(ctx context.Context, ids []acme.Identifier) error {
	account := s.account.Location
	keys := []string{bindsAccount(account), bindsSet(account, ids)}
	for _, id := range ids {
		keys = append(keys, bindsName(account, id))
	}
	l, held := s.memory.limits.on(keys, s.order.Now)
	if other, too := s.memory.limits.shared.on(ctx, keys, s.order.Now); too && other.until.After(l.until) {
		l, held = other, true
	}
	if !held {
		return nil
	}
	return s.waits(l)
}

// waits is the error of an order that a limit binds: it comes back when the
// limit ends, and says whose limit it is and what about.
func (s *step) waits(l limit) error {
	return &vault.RetryError{After: l.until.Sub(s.order.Now), Err: vault.Paced(fmt.Sprintf("%s limits %s: %s", s.host(), l.about, l.said))}
}

// limited remembers a limit that the authority answered an order with, and
// returns the order's error. Where it did not say when to come back, there is
// nothing to remember.
func (s *step) limited(ctx context.Context, ids []acme.Identifier, heard *lastAnswer, err error) error {
	after := heard.After()
	var retry *vault.RetryError
	if after == 0 || errors.As(err, &retry) {
		return heard.trouble(err)
	}
	p, ok := problem(err)
	if !ok {
		p = acme.Problem{Detail: "too many requests"}
	}
	account := s.account.Location
	made := limit{until: s.order.Now.Add(after), said: words(p)}
	var binds []string
	switch named := limitedNames(p); {
	case len(named) > 0:
		made.about = "orders for " + values(named)
		for _, id := range named {
			binds = append(binds, bindsName(account, id))
		}
	case ofAccount(p.Detail):
		made.about, binds = "all orders of this issuer's account", []string{bindsAccount(account)}
	default:
		made.about, binds = "orders for exactly these names ("+values(ids)+")", []string{bindsSet(account, ids)}
	}
	s.memory.limits.remember(binds, made, s.order.Now)
	if err := s.memory.limits.shared.remember(ctx, binds, made, s.order.Now); err != nil {
		return errors.Join(s.waits(made), err)
	}
	return s.waits(made)
}

// isLimit reports whether an order was answered with a limit.
func isLimit(err error, heard *lastAnswer) bool {
	p, ok := problem(err)
	return err != nil && (ok && (p.Type == acme.ProblemTypeRateLimited || onlyLimits(p)) || heard.status == http.StatusTooManyRequests)
}

// onlyLimits reports whether a problem is made of limits on single names.
func onlyLimits(p acme.Problem) bool {
	return len(p.Subproblems) > 0 && !slices.ContainsFunc(p.Subproblems, func(s acme.Subproblem) bool { return s.Type != acme.ProblemTypeRateLimited })
}

// limitedNames are the identifiers of subproblems that are limits (RFC 8555
// section 6.7.1), as orders have them.
func limitedNames(p acme.Problem) (ids []acme.Identifier) {
	for _, sub := range p.Subproblems {
		if sub.Type != acme.ProblemTypeRateLimited {
			continue
		}
		if id, ok := identifier(sub.Identifier.Value); ok && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// ofAccount reports whether an authority says in its words that a limit is one
// of the account: as a word of its own, not as part of a name or an address.
func ofAccount(detail string) bool {
	for word := range strings.FieldsSeq(strings.ToLower(detail)) {
		switch strings.Trim(word, `.,;:!()'`) {
		case "account", "accounts", "account's":
			return true
		}
	}
	return false
}
