package auth

import (
	"context"
	"maps"
	"slices"
	"time"

	"certwright/internal/vault"
)

// An issuer is one whose tokens are taken.
type issuer struct {
	name       string
	maxAge     time.Duration // that its tokens may live for
	federation bool          // its tokens may be shown to the token service
	keys       keySource
	audiences  []string // what is said to be expected
	accepts    func(audience string) bool
	claims     ClaimSettings
	require    map[string][]string
}

// A keySource knows the keys of an issuer.
type keySource interface {
	// Keys returns the keys there are, kid among them if that can be had.
	Keys(ctx context.Context, kid string) (keys []Key, generation uint64)
	// Generation is that of the keys there are now, without asking anybody for
	// them; 0 for none.
	Generation(ctx context.Context, now time.Time) uint64
}

// inside is the keySource of an issuer of this server.
type inside struct{ LocalIssuer }

// Generation implements keySource.
func (i inside) Generation(ctx context.Context, _ time.Time) uint64 {
	_, generation := i.Keys(ctx, "")
	return generation
}

// isMeant checks that a token is meant for this server.
func (i *issuer) isMeant(audiences []string) error {
	if slices.ContainsFunc(audiences, i.accepts) {
		return nil
	}
	return vault.ForeignAudience(i.audiences, audiences)
}

// follows checks that a token has what its issuer's tokens must have here. What
// would do is not told: it is nobody's business who may sign in.
func (i *issuer) follows(c claims) error {
	for _, name := range slices.Sorted(maps.Keys(i.require)) {
		if !slices.ContainsFunc(c.values(name), func(value string) bool {
			return slices.ContainsFunc(i.require[name], func(pattern string) bool { return matches(pattern, value) })
		}) {
			return vault.BadTokenClaims("The token's claim " + vault.Shorten(name) + " is missing or not one that this server takes from its issuer.")
		}
	}
	return nil
}
