package sts

import (
	"net/http"
	"time"

	"certwright/internal/oauth"
)

// lifetime is a token's, one second short of a day as the real service says
// (docs/contract/connecting.md). SDKs fetch a new one minutes before its end.
const lifetime = 86399 * time.Second

// nobody is the principal of every token: a development server has no accounts.
const nobody = "00000000-0000-0000-0000-000000000001"

// grant makes a token in the form of a JWT, since az and MSAL read into it.
// The audience is opaque here: "kv://0.0.1:8443" is one (docs/contract/connecting.md).
func (s *Service) grant(r *http.Request, tenant, audience, client string) (oauth.Grant, error) {
	if client == "" {
		client = nobody
	}
	now := time.Now().UTC().Truncate(time.Second)
	g := oauth.Grant{Audience: audience, Client: client, NotBefore: now, Expiry: now.Add(lifetime)}
	var err error
	g.Token, err = s.key.Sign(oauth.Claims{
		Audience: audience, Issuer: oauth.Authority(r, tenant),
		IssuedAt: now.Unix(), NotBefore: now.Unix(), Expiry: g.Expiry.Unix(),
		App: client, Kind: "app", Object: nobody, Subject: nobody, Tenant: tenant, Version: "1.0",
	})
	return g, err
}

// keys serves the public half of the signing key (RFC 7517).
func keys(s *Service, w http.ResponseWriter, _ *http.Request, _ string) {
	jwk, err := s.key.JWK()
	if err != nil {
		oauth.Refuse(w, http.StatusInternalServerError, "server_error", "The key cannot be shown.")
		return
	}
	oauth.Answer(w, map[string]any{"keys": []map[string]string{jwk}})
}
