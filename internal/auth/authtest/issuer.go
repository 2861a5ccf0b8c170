package authtest

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"certwright/internal/files"
)

// An Issuer is an OpenID Connect provider as far as a resource server sees it.
// Change what is exported before it is asked.
type Issuer struct {
	URL       string   // iss of its tokens
	Audiences []string // aud of its tokens
	Now       func() time.Time
	MaxAge    string // Cache-Control of its keys; "" for none

	mu      sync.Mutex
	keys    []Key // the last signs
	status  int   // of every answer; 0 answers
	fetches int
}

// New returns an issuer with one key for an algorithm, which nobody can reach.
func New(url, algorithm string, audiences ...string) *Issuer {
	return &Issuer{URL: url, Audiences: audiences, Now: time.Now, keys: []Key{NewKey("k1", algorithm)}}
}

// Serve returns an issuer that answers on plain http at this machine, until the
// end of the test.
func Serve(t testing.TB, algorithm string, audiences ...string) *Issuer {
	t.Helper()
	i := New("", algorithm, audiences...)
	s := httptest.NewServer(i)
	t.Cleanup(s.Close)
	i.URL = s.URL
	return i
}

// ServeHTTP answers with the discovery document and the keys.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	status := i.status
	i.mu.Unlock()
	switch {
	case status != 0:
		http.Error(w, "this text of an issuer is nobody's business", status)
	case strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration"):
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": i.URL, "jwks_uri": strings.TrimSuffix(i.URL, "/") + "/keys"})
	case strings.HasSuffix(r.URL.Path, "/keys"):
		if i.MaxAge != "" {
			w.Header().Set("Cache-Control", i.MaxAge)
		}
		_, _ = w.Write(i.JWKS())
	default:
		http.NotFound(w, r)
	}
}

// JWKS is the set of its keys, counted as a fetch.
func (i *Issuer) JWKS() []byte {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fetches++
	keys := []any{}
	for _, k := range i.keys {
		keys = append(keys, k.JWK())
	}
	return must(json.Marshal(map[string]any{"keys": keys}))
}

// WriteJWKS writes the set of its keys to a file.
func (i *Issuer) WriteJWKS(t testing.TB, path string) {
	t.Helper()
	if err := files.Replace(path, i.JWKS(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Fetches tells how often the keys were read.
func (i *Issuer) Fetches() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fetches
}

// Use has it publish these keys and no others, and sign with the last.
func (i *Issuer) Use(keys ...Key) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = keys
}

// Break answers everything with a status; 0 mends it.
func (i *Issuer) Break(status int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.status = status
}

// Key is the one that signs.
func (i *Issuer) Key() Key {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.keys[len(i.keys)-1]
}

// Claims are those of a token that is good for an hour, with changes put over
// them; nil takes one out.
func (i *Issuer) Claims(subject string, changes map[string]any) map[string]any {
	now := i.Now().Unix()
	all := map[string]any{"iss": i.URL, "sub": subject, "iat": now, "nbf": now, "exp": now + 3600, "jti": "id-1"}
	if len(i.Audiences) == 1 {
		all["aud"] = i.Audiences[0]
	} else {
		all["aud"] = i.Audiences
	}
	return put(all, changes)
}

// Token is a token of these Claims.
func (i *Issuer) Token(subject string, changes map[string]any) string {
	return Sign(i.Key(), nil, i.Claims(subject, changes))
}

// put puts changes over members; nil takes one out.
func put(members, changes map[string]any) map[string]any {
	maps.Copy(members, changes)
	maps.DeleteFunc(members, func(_ string, v any) bool { return v == nil })
	return members
}

// Sign makes a token of claims; header is put over the usual one, nil takes a
// member out.
func Sign(k Key, header, claims map[string]any) string {
	usual := map[string]any{"alg": k.Algorithm, "typ": "JWT", "kid": k.ID}
	if k.ID == "" {
		delete(usual, "kid")
	}
	return SignRaw(k, must(json.Marshal(put(usual, header))), must(json.Marshal(claims)))
}

// SignRaw makes a token of any bytes.
func SignRaw(k Key, header, payload []byte) string {
	text := b64(header) + "." + b64(payload)
	return text + "." + b64(k.Signature(text))
}

// Keys are those that it publishes.
func (i *Issuer) Keys() []Key {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.keys)
}
