package server

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"certwright/internal/api"
	"certwright/internal/census"
	"certwright/internal/console"
	"certwright/internal/console/objects"
	"certwright/internal/console/pages"
	"certwright/internal/console/running"
	"certwright/internal/policy"
	"certwright/internal/vault"
)

// openConsole makes the pages that people look at. A development server has them
// at its side door, a production server at a listener of their own, if at all.
func (s *Server) openConsole() (err error) {
	s.census, err = census.New(census.Census{Store: s.store, Clock: s.clock, Settings: s.vaultSettings, Log: s.log})
	if err != nil || s.config.Production && s.config.Console.Listen == "" {
		return err
	}
	c := &console.Console{
		Dev: !s.config.Production, Service: s.service, Census: s.census, Access: liveAccess{&s.entry}, May: quietAccess{&s.entry}, Clock: s.Now,
		Wake: s.notices.stream.Wake, Poke: s.notices.stream.Poke, Closed: s.notices.stream.Done(),
		Health: health{s}.all, Log: s.log, Known: s.side.Known, URL: s.vaultURL,
		PolicyText: func(ref vault.Ref, p vault.Policy) ([]byte, error) {
			return api.PolicyText(s.vaultURL(ref.Vault), ref, p)
		},
		ReadPolicy: func(text json.RawMessage) (policy.Patch, error) { return api.ReadPolicy(text) },
		Revoked:    s.issuers.knownRevoked,
		Providers:  health{s}.providers,
	}
	c.Beside = objects.Pages(s.service)
	more, err := running.Pages(running.Means{Dev: c.Dev, Service: s.service, Health: c.Health, Notices: s.notices, Queues: health{s}.queues, Test: s.notices.Test, Rollover: s.issuers.rollover,
		Providers: c.Providers, Played: !s.config.StrictProviders, Facts: health{s}.facts, Outbox: s.Outbox, Clock: s.Now, Advance: s.Advance})
	if err != nil {
		return err
	}
	c.Beside = append(c.Beside, more...)
	if s.config.Production {
		c.Beside = append(c.Beside, pages.Audit(s.audit), pages.Access(s.permissions()))
		if c.Door, err = s.openDoor(); err != nil {
			return err
		}
		c.Givers = s.givers
		c.Known = calledBy(s.config.Console.PublicURL)
		s.side.Link = consoleDoor{&s.entry, c.Door.Book}.link
	}
	s.console, err = console.New(c)
	return err
}

// consoleAsked reports whether a request is for the pages: those that have the
// path, and a browser that was given no path at all.
func consoleAsked(r *http.Request) bool {
	if r.URL.Path == "/" && strings.Contains(r.Header.Get("Accept"), "text/html") {
		r.URL = &url.URL{Path: "/ui"}
	}
	return console.Serves(r.URL.Path)
}

// knownRevoked reports whether a built-in CA signed a certificate and revoked it.
func (p *providers) knownRevoked(ctx context.Context, leaf []byte) bool {
	x, err := x509.ParseCertificate(leaf)
	if err != nil {
		return false
	}
	is, err := p.revoked(ctx, x)
	return is && err == nil
}
