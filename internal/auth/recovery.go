package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"time"

	"certwright/internal/clock"
	"certwright/internal/files"
	"certwright/internal/vault"
)

// RecoveryTime is how long a recovery token is good, from the start of its server.
const RecoveryTime = 15 * time.Minute

// recoveryPrefix is what every recovery token begins with, so that one that was
// left somewhere is known for what it is.
const recoveryPrefix = "certwright-recovery-"

// A Recovery is the one token that opens a server whose configuration lets nobody
// in any more: made at a start, good for a quarter of an hour, and as long as that
// server runs. The file that holds it is how it is handed over.
type Recovery struct {
	Path  string
	Until time.Time

	hash [sha256.Size]byte
	clk  clock.Real
	used func(who vault.Caller, r *http.Request)
}

// NewRecovery makes a token and writes it to a file that nobody else may read.
// used is told of every request that shows it. A file that holds something else
// than such a token is left alone.
func NewRecovery(path string, used func(who vault.Caller, r *http.Request)) (*Recovery, error) {
	switch was, err := os.ReadFile(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("look at the file for the recovery token: %w", err)
	case !strings.HasPrefix(string(was), recoveryPrefix):
		return nil, fmt.Errorf("%s holds something else than a recovery token, and is left alone\nhint: name a file that is not there; the server writes it", path)
	}
	var random [32]byte
	rand.Read(random[:]) // never fails (crypto/rand)
	token := recoveryPrefix + base64.RawURLEncoding.EncodeToString(random[:])
	r := &Recovery{Path: path, hash: sha256.Sum256([]byte(token)), used: used}
	r.Until = r.clk.Now().Add(RecoveryTime)
	if err := files.Replace(path, []byte(token+"\n"), 0o600); err != nil {
		return nil, fmt.Errorf("write the recovery token: %w", err)
	}
	return r, nil
}

// Close removes the file. The token is no good to another start.
func (r *Recovery) Close() error {
	if err := os.Remove(r.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the file with the recovery token: %w", err)
	}
	return nil
}

// caller returns who shows a token, if it is the one and still good. How long it
// takes tells nothing about the token.
func (r *Recovery) caller(token string, from *http.Request, a Proxies) (vault.Caller, bool) {
	if r == nil || !strings.HasPrefix(token, recoveryPrefix) {
		return vault.Caller{}, false
	}
	shown := sha256.Sum256([]byte(token))
	if subtle.ConstantTimeCompare(shown[:], r.hash[:]) != 1 || !r.clk.Now().Before(r.Until) {
		return vault.Caller{}, false
	}
	who := vault.Caller{Issuer: vault.RecoveryIssuer, Subject: "recovery", Name: "recovery token", TokenID: "recovery-" + r.Until.Format(time.RFC3339), Address: a.Address(from)}
	r.used(who, from)
	return who, true
}
