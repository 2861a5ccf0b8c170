package auth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	lru "github.com/hashicorp/golang-lru/v2"

	"certwright/internal/clock"
	"certwright/internal/vault"
)

// verifiedMost is how many tokens are known to be good at most.
const verifiedMost = 10_000

// A Verifier tells whom a token names, if an issuer of the configuration made it
// for this server and its time is not over. Make one with NewVerifier.
type Verifier struct {
	issuers    map[string]*issuer // by iss, byte for byte
	urls       []string           // every iss that is taken for sign-in
	rings      []*keyring
	local      bool // there is an issuer inside this server
	algorithms []jose.SignatureAlgorithm
	leeway     time.Duration
	maxAge     time.Duration // 0: the default
	clock      vault.Clock
	known      *lru.Cache[[sha256.Size]byte, *verified]
}

// A verified token is one that was, and what is to be asked again each time.
type verified struct {
	who        vault.Caller
	issuer     *issuer
	generation uint64 // of the issuer's keys then
	until      time.Time
	bound      confirmation
}

// Options are what a Verifier works with beside its settings.
type Options struct {
	Before  *Verifier                      // the one that this one replaces: keys that it has are not fetched again; may be nil
	Clock   vault.Clock                    // nil is real time
	Log     *slog.Logger                   // nil discards
	Fetched func(issuer string, err error) // told of each fetch of keys; may be nil
}

// NewVerifier reads the files that the settings name. It asks nobody for keys:
// Run does, and tokens do.
func NewVerifier(s Settings, o Options) (*Verifier, error) {
	if o.Clock == nil {
		o.Clock = clock.Real{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	known, _ := lru.New[[sha256.Size]byte, *verified](verifiedMost) // a count below 1 alone is an error
	v := &Verifier{
		issuers: map[string]*issuer{}, clock: o.Clock, known: known,
		leeway: cmp.Or(s.Leeway, defaultLeeway), maxAge: s.MaxTokenAge,
	}
	algorithms := s.Algorithms
	if len(algorithms) == 0 {
		algorithms = Algorithms()
	}
	for _, a := range algorithms {
		v.algorithms = append(v.algorithms, jose.SignatureAlgorithm(a))
	}
	for _, one := range s.Issuers {
		if err := v.add(one.withDefaults(), o); err != nil {
			return nil, fmt.Errorf("auth: issuers: %s: %w", one.Name, err)
		}
	}
	return v, nil
}

func (v *Verifier) add(s IssuerSettings, o Options) error {
	ring, err := openRing(s, o)
	if err != nil {
		return err
	}
	v.rings = append(v.rings, ring)
	usual := defaultMaxTokenAge
	if s.Claims.Preset == presetEntra {
		usual = entraMaxTokenAge
	}
	i := &issuer{
		maxAge: cmp.Or(v.maxAge, usual), name: s.Name, federation: s.Federation, keys: ring, audiences: s.Audiences, claims: s.Claims, require: s.Require,
		accepts: func(audience string) bool { return slices.Contains(s.Audiences, audience) },
	}
	return v.register(i, append([]string{s.URL}, s.Also...)...)
}

// openRing returns the keyring of an issuer, with the keys that are there
// already if they are from the same place. A file is read anew.
func openRing(s IssuerSettings, o Options) (*keyring, error) {
	from, err := openSource(s, o.Clock)
	if err != nil {
		return nil, err
	}
	k := &keyring{name: s.Name, place: place{s.URL, s.JWKS}, source: from, clock: o.Clock, log: o.Log, fetched: o.Fetched}
	if o.Before != nil && s.JWKSFile == "" {
		for _, was := range o.Before.rings {
			if was.name == k.name && was.place == k.place {
				k.inherit(was)
			}
		}
	}
	return k, nil
}

// AddLocal has an issuer inside this server sign people in as well. Call it
// before any token is verified.
func (v *Verifier) AddLocal(l LocalIssuer) error {
	v.local = true
	return v.register(&issuer{
		maxAge: cmp.Or(v.maxAge, defaultMaxTokenAge), name: l.Name(), keys: inside{l}, accepts: l.Accepts, claims: presets[presetEntra],
		audiences: []string{"the address of a vault of this server without its first label"},
	}, l.URL())
}

func (v *Verifier) register(i *issuer, urls ...string) error {
	for _, other := range v.issuers {
		if other.name == i.name {
			return fmt.Errorf("auth: two issuers have the name %s; give each a name of its own", i.name)
		}
	}
	for _, iss := range urls {
		if other, taken := v.issuers[iss]; taken {
			return fmt.Errorf("auth: the issuers %s and %s have the same url, %s; leave one of them out", other.name, i.name, iss)
		}
		v.issuers[iss] = i
		if len(i.audiences) > 0 {
			v.urls = append(v.urls, iss)
		}
	}
	return nil
}

// Run keeps the keys of all issuers fresh until ctx ends. A nil Verifier has none.
func (v *Verifier) Run(ctx context.Context) {
	if v == nil {
		return
	}
	var all sync.WaitGroup
	for _, ring := range v.rings {
		all.Go(func() { ring.run(ctx) })
	}
	all.Wait()
}

// Trouble names each issuer whose tokens cannot be verified, and why; nil if
// those of all can. The server runs on without them.
func (v *Verifier) Trouble() error {
	var all []error
	for _, ring := range v.rings {
		if err := ring.trouble(); err != nil {
			all = append(all, fmt.Errorf("sign-in issuer %s: %w", ring.name, err))
		}
	}
	return errors.Join(all...)
}

// Down lists the issuers whose tokens cannot be verified; all says that there is
// no other. A nil Verifier has none.
func (v *Verifier) Down() (names []string, all bool) {
	if v == nil {
		return nil, false
	}
	for _, ring := range v.rings {
		if ring.trouble() != nil {
			names = append(names, ring.name)
		}
	}
	return names, len(names) > 0 && len(names) == len(v.rings) && !v.local
}
