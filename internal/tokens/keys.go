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
	"sort"
	"sync"
	"time"

	"certwright/internal/account"
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

// A ring keeps the signing keys. Whoever asks for them gets those that the row
// has now, whichever server wrote it.
type ring struct {
	accounts vault.Accounts
	settings KeySettings
	kept     account.Kept[[]signingKey]

	mu      sync.Mutex
	current *keySet // as read last
}

// A keySet is the keys that there are at a time.
type keySet struct {
	all        []signingKey // in the order of from
	shown      []auth.Key   // the public halves
	generation uint64       // another one for other keys
	rev        int64        // of the row
}

// now returns the keys that there are. While they cannot be read those that there
// were go on.
func (g *ring) now(ctx context.Context) *keySet {
	keys, rev, err := g.read(ctx)
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.current == nil:
		g.current = keysOf(keys, rev, 1)
	case err == nil && rev != g.current.rev:
		g.current = keysOf(keys, rev, g.current.generation+1)
	}
	return g.current
}

func keysOf(keys []signingKey, rev int64, generation uint64) *keySet {
	set := &keySet{all: keys, generation: generation, rev: rev}
	for _, k := range keys {
		set.shown = append(set.shown, auth.Key{ID: k.ID, Algorithm: k.Algorithm(), Public: k.Private.Public()})
	}
	return set
}

// tend renews the keys where that is due.
func (g *ring) tend(ctx context.Context, now time.Time) error {
	now = now.Add(vault.Ahead(g.accounts)) // servers have one set of keys, and one clock for them
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
		g.now(ctx)
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
func (g *ring) signing(ctx context.Context, now time.Time) (signingKey, error) {
	now = now.Add(vault.Ahead(g.accounts))
	keys := g.now(ctx).all
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
	return g.kept.Read(ctx, g.accounts, keysRow, parseStoredKeys)
}

func parseStoredKeys(text []byte) (keys []signingKey, err error) {
	var row storedKeys
	if err := json.Unmarshal(text, &row); err != nil || row.Version != 1 {
		return nil, fmt.Errorf("account %s is damaged, or of a newer version of this program", keysRow)
	}
	for _, k := range row.Keys {
		private, err := x509.ParsePKCS8PrivateKey(k.PKCS8)
		signer, ok := private.(crypto.Signer)
		if err != nil || !ok {
			return nil, fmt.Errorf("account %s holds what is not a private key", keysRow)
		}
		key, err := oauth.NewKey(signer)
		if err != nil {
			return nil, err
		}
		keys = append(keys, signingKey{key, k.From, k.Made})
	}
	sort.Slice(keys, func(i, j int) bool { return keys[i].from.Before(keys[j].from) })
	return slices.Clip(keys), nil
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
