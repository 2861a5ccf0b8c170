package serve

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Audience is the one that tokens of an Issuer are for, unless a test says another.
const Audience = "https://vault.azure.net"

// An Issuer is an OpenID Connect provider as far as a resource server sees it:
// a discovery document, a JWKS, and tokens.
type Issuer struct {
	URL string // the iss of its tokens
	CA  []byte // PEM, to trust for it

	server *httptest.Server

	mu      sync.Mutex
	keys    []signer // the first signs
	broken  int      // the status that every request is answered with; 0 answers
	fetches atomic.Int64
}

// A signer is a key of an issuer, with its name.
type signer struct {
	kid string
	key crypto.Signer
}

// NewIssuer starts one, which ends with the test.
func NewIssuer(t testing.TB) *Issuer {
	t.Helper()
	i := &Issuer{}
	i.server = httptest.NewTLSServer(http.HandlerFunc(i.serve))
	t.Cleanup(i.server.Close)
	i.URL = i.server.URL
	i.CA = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.server.Certificate().Raw})
	i.Rotate()
	return i
}

// Rotate gives it a new key (ES256), and withdraws all it had.
func (i *Issuer) Rotate() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // there is no randomness
	}
	i.use(key, nil)
}

// RotateRSA gives it a new RSA key (RS256), and keeps all it had.
func (i *Issuer) RotateRSA() {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	i.mu.Lock()
	had := i.keys
	i.mu.Unlock()
	i.use(key, had)
}

func (i *Issuer) use(key crypto.Signer, beside []signer) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = append([]signer{{rand.Text(), key}}, beside...)
}

// Break has every request answered with a status; 0 mends it.
func (i *Issuer) Break(status int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.broken = status
}

// Fetches tells how often its keys were asked for.
func (i *Issuer) Fetches() int { return int(i.fetches.Load()) }

// Token returns a token for somebody that is good for an hour; claims are put
// over what it says, nil takes one out.
func (i *Issuer) Token(subject string, claims map[string]any) string {
	now := time.Now()
	all := map[string]any{"iss": i.URL, "aud": Audience, "sub": subject, "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix(), "jti": rand.Text()}
	maps.Copy(all, claims)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	return i.Sign(nil, all)
}

// Sign signs claims under the newest key; header is put over the usual one.
func (i *Issuer) Sign(header, claims map[string]any) string {
	i.mu.Lock()
	with := i.keys[0]
	i.mu.Unlock()
	alg := "ES256"
	if _, ok := with.key.(*rsa.PrivateKey); ok {
		alg = "RS256"
	}
	head := map[string]any{"alg": alg, "typ": "JWT", "kid": with.kid}
	maps.Copy(head, header)
	maps.DeleteFunc(head, func(_ string, v any) bool { return v == nil })
	text := encoded(head) + "." + encoded(claims)
	return text + "." + base64.RawURLEncoding.EncodeToString(signature(with.key, text))
}

func encoded(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // a test's claims are JSON
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func signature(key crypto.Signer, text string) []byte {
	digest := sha256.Sum256([]byte(text))
	if k, ok := key.(*ecdsa.PrivateKey); ok {
		r, s, err := ecdsa.Sign(rand.Reader, k, digest[:])
		if err != nil {
			panic(err)
		}
		both := make([]byte, 64) // RFC 7518 section 3.4
		r.FillBytes(both[:32])
		s.FillBytes(both[32:])
		return both
	}
	made, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		panic(err)
	}
	return made
}

// serve answers with the discovery document and the keys.
func (i *Issuer) serve(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	broken, keys := i.broken, i.keys
	i.mu.Unlock()
	var answer any
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		answer = map[string]any{"issuer": i.URL, "jwks_uri": i.URL + "/keys"}
	case "/keys":
		i.fetches.Add(1)
		list := []map[string]string{}
		for _, k := range keys {
			list = append(list, k.public())
		}
		answer = map[string]any{"keys": list}
	default:
		broken = http.StatusNotFound
	}
	if broken != 0 {
		http.Error(w, "out of order", broken)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // a server that went away
}

// public is the JSON Web Key.
func (k signer) public() map[string]string {
	b64 := base64.RawURLEncoding.EncodeToString
	if p, ok := k.key.Public().(*rsa.PublicKey); ok {
		return map[string]string{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": k.kid, "n": b64(p.N.Bytes()), "e": b64(big.NewInt(int64(p.E)).Bytes())}
	}
	point, err := k.key.Public().(*ecdsa.PublicKey).Bytes()
	if err != nil {
		panic(err)
	}
	return map[string]string{"kty": "EC", "use": "sig", "alg": "ES256", "crv": "P-256", "kid": k.kid, "x": b64(point[1:33]), "y": b64(point[33:])}
}
