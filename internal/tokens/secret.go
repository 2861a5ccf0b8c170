package tokens

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"time"
)

const (
	// maxSecrets is how many secrets a client has: the one in use and the one that
	// follows it.
	maxSecrets = 2
	// secretPrefix tells people and scanners what they have found.
	secretPrefix = "certwright_"
	hashPrefix   = "sha256:"
)

var secretForm = regexp.MustCompile(`^` + secretPrefix + `[A-Za-z0-9_-]{43}$`)

// NewSecret makes a secret of 256 random bits, and what is kept of it. That is
// a plain hash: there is nothing to guess, so nothing to slow down.
func NewSecret() (secret, hash string) {
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails
	secret = secretPrefix + base64.RawURLEncoding.EncodeToString(random[:])
	digest := sha256.Sum256([]byte(secret))
	return secret, hashPrefix + hex.EncodeToString(digest[:])
}

// A keptSecret is one that somebody may show.
type keptSecret struct {
	hash    [sha256.Size]byte
	live    bool
	expires time.Time // zero for never
}

// secrets are those of a client; what it lacks can be shown by nobody.
type secrets [maxSecrets]keptSecret

func parseSecret(s SecretSettings) (kept keptSecret, err error) {
	digest, ok := strings.CutPrefix(s.Hash, hashPrefix)
	raw, err := hex.DecodeString(digest)
	if !ok || err != nil || len(raw) != sha256.Size {
		return kept, fmt.Errorf("hash: write what certwright client add printed, %s and 64 hexadecimal digits", hashPrefix)
	}
	kept.live = true
	copy(kept.hash[:], raw)
	if s.Expires != "" {
		if kept.expires, err = Moment(s.Expires); err != nil {
			return kept, fmt.Errorf("expires: %w", err)
		}
	}
	return kept, nil
}

// match compares what was shown with every secret, in the same time whatever
// comes of it. One that somebody thought out himself is nobody's: the hashes
// are fast, so only secrets of NewSecret are safe behind them.
func (s *secrets) match(shown string, now time.Time) (ok, expired bool) {
	digest := sha256.Sum256([]byte(shown))
	formed := secretForm.MatchString(shown)
	for i := range s {
		same := subtle.ConstantTimeCompare(digest[:], s[i].hash[:]) == 1 && s[i].live && formed
		over := !s[i].expires.IsZero() && !now.Before(s[i].expires)
		ok = ok || same && !over
		expired = expired || same && over
	}
	return ok, expired && !ok
}
