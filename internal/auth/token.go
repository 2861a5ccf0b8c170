package auth

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"unicode/utf8"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json" // which refuses names that come twice, and takes none in other letters

	"certwright/internal/vault"
)

// Bounds of a token that nobody has verified yet.
const (
	maxToken   = 16 << 10 // in bytes
	maxNesting = 64       // objects and lists in its header
)

// plainBase64 takes one way to write some bytes and no other, so that a token has
// one text alone.
var plainBase64 = base64.RawURLEncoding.Strict()

// A token is one that was read and not verified.
type token struct {
	jws       *jose.JSONWebSignature
	algorithm string
	kid       string // "" for none
	issuer    string // iss, not to be believed before the signature is
}

// parseToken reads a JSON Web Token in its compact form (RFC 7519 section 3.1).
// What has another form is answered as if no token was there. Nothing in it
// leads to the key that it is verified with but the name of one.
func parseToken(text string, algorithms []jose.SignatureAlgorithm) (t token, err error) {
	parts := strings.Split(text, ".")
	if len(text) > maxToken || len(parts) != 3 {
		return t, vault.NoToken()
	}
	var raw [3][]byte
	for i, part := range parts {
		if raw[i], err = plainBase64.DecodeString(part); err != nil {
			return t, vault.NoToken()
		}
	}
	if err := checkHeader(raw[0]); err != nil {
		return t, err
	}
	if t.jws, err = jose.ParseSignedCompact(text, algorithms); err != nil {
		var other *jose.ErrUnexpectedSignatureAlgorithm
		if errors.As(err, &other) {
			return t, vault.BadTokenSignature("The algorithm " + vault.Shorten(string(other.Got)) + ", which the token is signed with, is not allowed here.")
		}
		return t, vault.NoToken()
	}
	head := t.jws.Signatures[0].Protected
	t.algorithm, t.kid = head.Algorithm, head.KeyID
	return t, t.readIssuer()
}

// checkHeader refuses what a header may not say, before anything is done for it.
func checkHeader(text []byte) error {
	if !utf8.Valid(text) || bytes.Count(text, []byte("["))+bytes.Count(text, []byte("{")) > maxNesting {
		return vault.NoToken()
	}
	var head map[string]json.RawMessage
	if json.Unmarshal(text, &head) != nil {
		return vault.NoToken()
	}
	for _, name := range []string{"crit", "b64"} {
		if _, there := head[name]; there {
			return vault.BadTokenClaims("The token's header has " + name + ", which asks for what this server does not know.")
		}
	}
	if _, there := head["cty"]; there {
		return vault.BadTokenClaims("The token's header has cty: it holds another token; send that one.")
	}
	if typ, there := head["typ"]; there && !isAccessToken(typ) {
		return vault.BadTokenClaims("The token's header has a typ other than JWT and at+jwt: it is not an access token.")
	}
	return nil
}

// isAccessToken reports whether a header's typ is that of an access token (RFC
// 7519 section 5.1, RFC 9068 section 2.1), and not of what else may be signed.
func isAccessToken(typ json.RawMessage) bool {
	var s string
	if json.Unmarshal(typ, &s) != nil {
		return false
	}
	s = strings.TrimPrefix(strings.ToLower(s), "application/")
	return s == "jwt" || s == "at+jwt"
}

// readIssuer reads iss, and no more of what nobody has verified.
func (t *token) readIssuer() error {
	payload := t.jws.UnsafePayloadWithoutVerification()
	var says struct {
		Issuer json.RawMessage `json:"iss"`
	}
	if !utf8.Valid(payload) || json.Unmarshal(payload, &says) != nil {
		return vault.NoToken()
	}
	if json.Unmarshal(says.Issuer, &t.issuer) != nil || t.issuer == "" {
		return vault.BadTokenClaims("The token has no iss.")
	}
	return nil
}

// verify returns the claims if one of the keys signed the token.
func (t *token) verify(keys []Key) (claims, error) {
	for _, k := range keys {
		if payload, err := t.jws.Verify(k.Public); err == nil {
			return parseClaims(payload)
		}
	}
	return nil, vault.BadTokenSignature("The signature of the token is not that of the key that it names.")
}
