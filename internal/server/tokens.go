package server

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"certwright/internal/audit"
	"certwright/internal/sts"
	"certwright/internal/tokens"
	"certwright/internal/vault"
)

// A front answers the paths that are its own before the vaults do.
type front interface {
	Serves(path string) bool
	http.Handler
}

// openTokens makes the token service: in a development server it has a token
// for everybody; a production server has one where it is configured.
func (s *entry) openTokens(_ context.Context, l *live) error {
	if l.config.Production {
		return s.openTokenService(l)
	}
	tokens, err := sts.New(l.config.Tenant)
	l.tokens = tokens
	return err
}

// openTokenService makes the token service that is configured, if it is. Its
// tokens are verified like those of any issuer.
func (s *entry) openTokenService(l *live) error {
	given := l.config.Auth.TokenService
	if given == nil {
		return nil
	}
	service, err := tokens.New(s.ctx, *given, tokens.Means{
		Accounts: s.accounts, Hosts: l.config.Hosts, Log: s.log, Memory: &s.used,
		Federation: l.signIn.verifier, Address: l.signIn.proxies.Address, Told: s.toldOfToken,
	})
	if err == nil {
		err = l.signIn.verifier.AddLocal(service)
	}
	if err != nil {
		return fmt.Errorf("auth: %w", err)
	}
	l.tokens = service
	l.behind = append(l.behind, service.Run)
	return nil
}

// tryClients reads the clients of the token service.
func (s *entry) tryClients() error {
	given := s.config.Auth.TokenService
	if given == nil {
		return nil
	}
	if _, _, err := tokens.Look(*given, time.Now()); err != nil {
		return fmt.Errorf("auth: token_service: %w", err)
	}
	return nil
}

// toldOfToken has every token that was given, and every one that was not, in the audit log.
func (s *entry) toldOfToken(e tokens.Event) {
	s.metrics.TokenAsked(e.Grant, e.Refusal == "")
	who := vault.Caller{Issuer: vault.ClientIssuer, Subject: e.Client, App: e.Client, Type: vault.AppCaller, TokenID: e.TokenID, Address: e.Address}
	line := audit.Entry{Operation: audit.TokenGiven, Status: http.StatusOK, Caller: who, Facts: []audit.Fact{{Name: "grant", Value: e.Grant}}}
	if e.Refusal != "" {
		line.Status, line.Description = http.StatusUnauthorized, e.Refusal
	}
	if e.User != "" {
		line.Facts = append(line.Facts, audit.Fact{Name: "user", Value: e.User})
	}
	if e.Refusal != "" {
		s.audit.SignInRefused(line, true)
		return
	}
	s.audit.Note(line)
}
