package server

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"certwright/internal/api"
	"certwright/internal/census"
	"certwright/internal/console"
	"certwright/internal/console/view"
	"certwright/internal/policy"
	"certwright/internal/vault"
)

// openConsole makes the pages that people look at. A development server has them
// at its side door.
func (s *Server) openConsole() (err error) {
	s.census, err = census.New(census.Census{Store: s.store, Clock: s.clock, Settings: s.vaultSettings, Log: s.log})
	if err != nil || s.config.Production {
		return err
	}
	s.console, err = console.New(&console.Console{
		Dev: true, Service: s.service, Census: s.census, Access: liveAccess{&s.entry}, Clock: s.Now,
		Wake: s.notices.stream.Wake, Poke: s.notices.stream.Poke, Closed: s.notices.stream.Done(),
		Health: health{s}.all, Log: s.log, Known: s.side.Known, URL: s.vaultURL,
		PolicyText: func(ref vault.Ref, p vault.Policy) ([]byte, error) {
			return api.PolicyText(s.vaultURL(ref.Vault), ref, p)
		},
		ReadPolicy: func(text json.RawMessage) (policy.Patch, error) { return api.ReadPolicy(text) },
		Revoked:    s.issuers.knownRevoked,
	})
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

// health tells people how what the server needs is.
type health struct{ s *Server }

func (h health) all(ctx context.Context) []view.Health {
	all := []view.Health{h.database(ctx)}
	all = append(all, h.authorities(ctx)...)
	return append(all, h.receivers(ctx)...)
}

func well(what, words string) view.Health {
	return view.Health{What: what, State: view.Badge{Tone: "ok", Sign: view.SignOK, Word: "well"}, Words: words}
}

func ill(tone, what, words string) view.Health {
	b := view.Badge{Tone: tone, Sign: view.SignBad, Word: "trouble"}
	if tone == "warn" {
		b.Sign, b.Word = view.SignWarn, "look"
	}
	return view.Health{What: what, State: b, Words: words}
}

func (h health) database(ctx context.Context) view.Health {
	if err := h.s.ready(ctx); err != nil {
		return ill("bad", "Server", err.Error())
	}
	return well("Server", "It takes requests, and its database can be written.")
}

// authorities are the providers of the configuration, and whether orders get
// through to them.
func (h health) authorities(ctx context.Context) (all []view.Health) {
	unreached := map[string]int{}
	if count := h.s.census.Ask(ctx, 0); count != nil {
		for _, n := range count.Vaults {
			for provider, orders := range n.Unreached {
				unreached[strings.ToLower(provider)] += orders
			}
		}
	}
	for name, p := range withInternal(h.s.config.Providers) {
		what := fmt.Sprintf("%s (%s)", name, p.Kind)
		if n := unreached[strings.ToLower(name)]; n > 0 {
			all = append(all, ill("bad", what, fmt.Sprintf("%d orders did not get through at the last try; they are tried again.", n)))
			continue
		}
		all = append(all, well(what, "No order is held up by it."))
	}
	slices.SortFunc(all, func(a, b view.Health) int { return cmp.Compare(a.What, b.What) })
	return all
}

// mostCounted is how far messages are counted.
const mostCounted = 1000

// receivers are those of the configuration, with what waits for them.
func (h health) receivers(ctx context.Context) (all []view.Health) {
	for name := range h.s.notices.Sinks {
		var queued, dead int
		err := h.s.store.View(ctx, func(r vault.Reader) (err error) {
			if queued, err = r.Count(name, vault.Queued, mostCounted); err == nil {
				dead, err = r.Count(name, vault.Dead, mostCounted)
			}
			return err
		})
		what := "Notices to " + name
		switch {
		case err != nil:
			all = append(all, ill("bad", what, "They cannot be counted."))
		case dead > 0:
			all = append(all, ill("bad", what, fmt.Sprintf("%d were given up, %d wait.", dead, queued)))
		default:
			all = append(all, well(what, fmt.Sprintf("%d wait.", queued)))
		}
	}
	slices.SortFunc(all, func(a, b view.Health) int { return cmp.Compare(a.What, b.What) })
	return all
}
