package tokens

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"certwright/internal/auth"
	"certwright/internal/oauth"
	"certwright/internal/vault"
)

// keysRow is the account in which the signing keys lie, sealed; all servers of
// a database share it.
const keysRow = "token/keys"

const (
	// published is how long before its use a key can be seen, so that whoever keeps
	// the key set has it then.
	published = day
	// outlasts is how long after its use a key can still be seen: a token's longest
	// lifetime, whatever it is set to, and the leeway of clocks.
	outlasts = maxLifetime + 5*time.Minute
	tries    = 5 // to write the row before others do
)

// A signingKey signs from a moment on, until the next one does.
type signingKey struct {
	oauth.Key
	from, made time.Time
}

// A ring keeps the signing keys.
type ring struct {
	accounts vault.Accounts
	settings KeySettings
	current  atomic.Pointer[keySet]
}

// A keySet is the keys that there are at a time.
type keySet struct {
	all        []signingKey // in the order of from
	shown      []auth.Key   // the public halves
	generation uint64       // another one for other keys
}

// use puts keys in force.
func (g *ring) use(keys []signingKey) {
	next := &keySet{all: keys, generation: 1}
	for _, k := range keys {
		next.shown = append(next.shown, auth.Key{ID: k.ID, Algorithm: k.Algorithm(), Public: k.Private.Public()})
	}
	if was := g.current.Load(); was != nil {
		next.generation = was.generation
		if !slices.EqualFunc(was.all, keys, func(a, b signingKey) bool { return a.ID == b.ID }) {
			next.generation++
		}
	}
	g.current.Store(next)
}

// tend reads the keys and renews them where that is due.
func (g *ring) tend(ctx context.Context, now time.Time) error {
	for range tries {
		keys, rev, err := g.read(ctx)
		if err != nil {
			return fmt.Errorf("read the token keys: %w", err)
		}
		next, changed, err := renewed(keys, g.settings, now)
		if err == nil && changed {
			err = g.write(ctx, next, rev)
		}
		if errors.Is(err, vault.ErrStale) {
			continue // another server was faster
		}
		if err != nil {
			return fmt.Errorf("renew the token keys: %w", err)
		}
		g.use(next)
		return nil
	}
	return errors.New("renew the token keys: other servers write them all the time")
}

// renewed returns the keys that there should be at a time. A new one is seen a
// day before it signs; the first signs at once, also after all were withdrawn.
func renewed(keys []signingKey, want KeySettings, now time.Time) (next []signingKey, changed bool, err error) {
	withdrawn, err := want.withdrawn(now)
	if err != nil {
		return nil, false, err
	}
	next = slices.DeleteFunc(slices.Clone(keys), func(k signingKey) bool {
		return k.made.Before(withdrawn) || slices.ContainsFunc(keys, func(later signingKey) bool {
			return later.from.After(k.from) && !now.Before(later.from.Add(outlasts))
		})
	})
	from := now
	if n := len(next); n > 0 {
		last := next[n-1]
		from = last.from.Add(want.Rotate)
		if soonest := now.Add(published); from.Before(soonest) || last.Algorithm() != want.Algorithm {
			from = soonest
		}
		waits := last.from.After(now) // it does not even sign yet
		due := !now.Before(last.from.Add(want.Rotate - published))
		if waits || !due && last.Algorithm() == want.Algorithm {
			return next, n != len(keys), nil
		}
	}
	key, err := newSigningKey(want.Algorithm)
	return append(next, signingKey{key, from.UTC().Truncate(time.Second), now.UTC()}), true, err
}

func newSigningKey(algorithm string) (oauth.Key, error) {
	var private crypto.Signer
	var err error
	if algorithm == "RS256" {
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	} else {
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		return oauth.Key{}, fmt.Errorf("make a token key: %w", err)
	}
	return oauth.NewKey(private)
}

// signing returns the key that signs at a time.
func (g *ring) signing(now time.Time) (signingKey, error) {
	keys := g.current.Load().all
	for _, k := range slices.Backward(keys) {
		if !k.from.After(now) {
			return k, nil
		}
	}
	if len(keys) > 0 {
		return keys[0], nil // the clock went back
	}
	return signingKey{}, errors.New("there is no token key")
}

// storedKeys is what lies in the row.
type storedKeys struct {
	Version int         `json:"version"`
	Keys    []storedKey `json:"keys"`
}

type storedKey struct {
	PKCS8 []byte    `json:"pkcs8"`
	From  time.Time `json:"from"`
	Made  time.Time `json:"made"`
}

func (g *ring) read(ctx context.Context) (keys []signingKey, rev int64, err error) {
	text, rev, err := g.accounts.Read(ctx, keysRow)
	if errors.Is(err, vault.ErrNotFound) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	var row storedKeys
	if err := json.Unmarshal(text, &row); err != nil || row.Version != 1 {
		return nil, 0, fmt.Errorf("account %s is damaged, or of a newer version of this program", keysRow)
	}
	for _, k := range row.Keys {
		private, err := x509.ParsePKCS8PrivateKey(k.PKCS8)
		signer, ok := private.(crypto.Signer)
		if err != nil || !ok {
			return nil, 0, fmt.Errorf("account %s holds what is not a private key", keysRow)
		}
		key, err := oauth.NewKey(signer)
		if err != nil {
			return nil, 0, err
		}
		keys = append(keys, signingKey{key, k.From, k.Made})
	}
	slices.SortFunc(keys, func(a, b signingKey) int { return a.from.Compare(b.from) })
	return keys, rev, nil
}

func (g *ring) write(ctx context.Context, keys []signingKey, rev int64) error {
	row := storedKeys{Version: 1}
	for _, k := range keys {
		der, err := x509.MarshalPKCS8PrivateKey(k.Private)
		if err != nil {
			return err
		}
		row.Keys = append(row.Keys, storedKey{der, k.from, k.made})
	}
	text, err := json.Marshal(row)
	if err != nil {
		return err
	}
	return g.accounts.Write(ctx, keysRow, text, rev)
}
