package sts

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// lifetime is a token's, one second short of a day as the real service says
// (docs/contract/connecting.md). SDKs fetch a new one minutes before its end.
const lifetime = 86399 * time.Second

// nobody is the principal of every token: a development server has no accounts.
const nobody = "00000000-0000-0000-0000-000000000001"

// A grant is a token with what the answers repeat of it.
type grant struct {
	token             string
	audience, client  string
	notBefore, expiry time.Time
}

type jwtHeader struct {
	Alg string `json:"alg"`
	Typ string `json:"typ"`
	Kid string `json:"kid"`
}

type jwtClaims struct {
	Audience  string `json:"aud"`
	Issuer    string `json:"iss"`
	IssuedAt  int64  `json:"iat"`
	NotBefore int64  `json:"nbf"`
	Expiry    int64  `json:"exp"`
	App       string `json:"appid"`
	Kind      string `json:"idtyp"`
	Object    string `json:"oid"`
	Subject   string `json:"sub"`
	Tenant    string `json:"tid"`
	Version   string `json:"ver"`
}

// grant makes a token in the form of a JWT, since az and MSAL read into it.
// The audience is opaque here: "kv://0.0.1:8443" is one (docs/contract/connecting.md).
func (s *Service) grant(r *http.Request, tenant, audience, client string) (grant, error) {
	if client == "" {
		client = nobody
	}
	now := time.Now().UTC().Truncate(time.Second)
	g := grant{audience: audience, client: client, notBefore: now, expiry: now.Add(lifetime)}
	var err error
	g.token, err = s.sign(jwtClaims{
		Audience: audience, Issuer: authority(r, tenant),
		IssuedAt: now.Unix(), NotBefore: now.Unix(), Expiry: g.expiry.Unix(),
		App: client, Kind: "app", Object: nobody, Subject: nobody, Tenant: tenant, Version: "1.0",
	})
	return g, err
}

// sign returns the compact form, signed with ES256 (RFC 7518 section 3.4).
func (s *Service) sign(c jwtClaims) (string, error) {
	head, err := json.Marshal(jwtHeader{Alg: "ES256", Typ: "JWT", Kid: s.kid})
	if err != nil {
		return "", fmt.Errorf("write a token: %w", err)
	}
	body, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("write a token: %w", err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	text := b64(head) + "." + b64(body)
	digest := sha256.Sum256([]byte(text))
	x, y, err := ecdsa.Sign(rand.Reader, s.key, digest[:])
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	var sig [64]byte
	x.FillBytes(sig[:32])
	y.FillBytes(sig[32:])
	return text + "." + b64(sig[:]), nil
}

// authority returns the issuer for a tenant. Go and JavaScript refuse one
// whose scheme, host and port are not those they asked (docs/contract/connecting.md).
func authority(r *http.Request, tenant string) string { return origin(r) + "/" + tenant }

func origin(r *http.Request) string {
	if r.TLS == nil {
		return "http://" + r.Host
	}
	return "https://" + r.Host
}

// audienceOf returns what a token is for: resource (v1) or the first scope (v2)
// without the "/.default" that SDKs append.
func audienceOf(resource, scope string) string {
	if resource != "" {
		return resource
	}
	first, _, _ := strings.Cut(strings.TrimSpace(scope), " ")
	return strings.TrimSuffix(first, "/.default")
}

// keys serves the public half of the signing key (RFC 7517).
func keys(s *Service, w http.ResponseWriter, _ *http.Request, _ string) {
	point, err := s.key.PublicKey.Bytes()
	if err != nil {
		refuse(w, http.StatusInternalServerError, "server_error", "The key cannot be shown.")
		return
	}
	b64 := base64.RawURLEncoding.EncodeToString
	answer(w, map[string]any{"keys": []map[string]string{{
		"kty": "EC", "use": "sig", "alg": "ES256", "crv": "P-256", "kid": s.kid,
		"x": b64(point[1:33]), "y": b64(point[33:]), // uncompressed: 4, x, y
	}}})
}
