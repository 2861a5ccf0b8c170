package tokens

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"time"

	"certwright/internal/oauth"
)

// issue makes a token for a client, and returns the token's id beside it.
func (s *Service) issue(ctx context.Context, who *client, audience string) (g oauth.Grant, id string, err error) {
	now := s.means.Now().UTC().Truncate(time.Second)
	key, err := s.keys.signing(ctx, now)
	if err != nil {
		return g, "", err
	}
	g = oauth.Grant{Audience: audience, Client: who.id, NotBefore: now, Expiry: now.Add(s.settings.Lifetime)}
	id = rand.Text()
	g.Token, err = key.Sign(oauth.Claims{
		Audience: audience, Issuer: s.settings.Issuer,
		IssuedAt: now.Unix(), NotBefore: now.Unix(), Expiry: g.Expiry.Unix(),
		App: who.id, Name: who.name, Kind: "app", Object: who.id, Subject: who.id, Tenant: s.tenant,
		Groups: who.groups, Roles: who.roles, ID: id, Version: "1.0",
	})
	return g, id, err
}

// publish serves the public halves of all keys, the next one's too (RFC 7517).
func (s *Service) publish(w http.ResponseWriter, r *http.Request) {
	all := []map[string]string{}
	for _, k := range s.keys.now(r.Context()).all {
		jwk, err := k.JWK()
		if err != nil {
			oauth.Refuse(w, http.StatusInternalServerError, "server_error", "The keys cannot be shown.")
			return
		}
		all = append(all, jwk)
	}
	w.Header().Set("Cache-Control", "max-age=300")
	oauth.Answer(w, map[string]any{"keys": all})
}

// algorithms are those that tokens are signed with.
func (s *Service) algorithms(ctx context.Context) (all []string) {
	for _, k := range s.keys.now(ctx).all {
		if !slices.Contains(all, k.Algorithm()) {
			all = append(all, k.Algorithm())
		}
	}
	return all
}
