package server

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"certwright/internal/challenge"
	"certwright/internal/config"
	"certwright/internal/issuer/ca"
	"certwright/internal/vault"
)

// internalProvider is the one that is there without being configured: the built-in CA.
const internalProvider = "Internal"

// providers are the issuers that stand behind the names of providers.
type providers struct {
	named  map[string]vault.Issuer // by name in lower case
	names  map[string]string       // those names as the configuration writes them
	played vault.Issuer            // any other name; nil: there is no other
	board  *challenge.Responses    // http-01 answers of all of them

	first func(name string) // told of the first use of each name that is played; may be nil
	mu    sync.Mutex
	used  map[string]bool // those names, in lower case
}

// mostPlayed is of how many names that are played the first use is told.
const mostPlayed = 200

// openProviders opens what the configuration names, and the built-in CA. An error
// names the provider.
func openProviders(ctx context.Context, all map[string]config.Provider, with surroundings) (*providers, error) {
	p := &providers{named: map[string]vault.Issuer{}, names: map[string]string{}, played: with.played, board: with.board, used: map[string]bool{}}
	all = withInternal(all)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		with := with
		with.name = name
		issuer, err := openIssuer(ctx, all[name].Settings, with)
		if err != nil {
			return nil, fmt.Errorf("open provider %s: %w", name, err)
		}
		p.named[strings.ToLower(name)], p.names[strings.ToLower(name)] = issuer, name
	}
	return p, nil
}

// withInternal adds the built-in CA unless the configuration says what its name means.
func withInternal(all map[string]config.Provider) map[string]config.Provider {
	for name := range all {
		if strings.EqualFold(name, internalProvider) {
			return all
		}
	}
	added := map[string]config.Provider{internalProvider: {Kind: "ca", Settings: &ca.Settings{}}}
	maps.Copy(added, all)
	return added
}

// issuer returns the issuer behind a provider. A name that is not configured is
// played, or there is none: nil.
func (p *providers) issuer(name string) vault.Issuer {
	if i, ok := p.named[strings.ToLower(name)]; ok {
		return i
	}
	if p.played != nil && p.first != nil {
		p.tell(name)
	}
	return p.played
}

// tell tells of the first use of a name that is played.
func (p *providers) tell(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if key := strings.ToLower(name); !p.used[key] && len(p.used) < mostPlayed {
		p.used[key] = true
		p.first(name)
	}
}

// A builtInCA is an issuer that is a CA of this server.
type builtInCA interface {
	// Rollover makes a new issuing certificate.
	Rollover(ctx context.Context) error
	// File returns what is published under a name; vault.ErrNotFound if it is none of its.
	File(ctx context.Context, name string) (contentType string, body []byte, err error)
	// Standing tells how its lists of revoked certificates are.
	Standing(ctx context.Context) (ca.Standing, error)
	// Revoked tells whether a certificate is one that it signed and revoked.
	Revoked(ctx context.Context, leaf *x509.Certificate) (bool, error)
}

// revoked tells whether a certificate was revoked by the built-in CA that signed
// it, if one did. One of which that cannot be told counts as revoked.
func (p *providers) revoked(ctx context.Context, leaf *x509.Certificate) (bool, error) {
	for _, issuer := range p.named {
		if own, ok := issuer.(builtInCA); ok {
			if is, err := own.Revoked(ctx, leaf); is || err != nil {
				return true, err
			}
		}
	}
	return false, nil
}

// rollover has the CA behind a provider make a new issuing certificate.
func (p *providers) rollover(ctx context.Context, name string) error {
	named, ok := p.named[strings.ToLower(name)]
	a, isCA := named.(builtInCA)
	switch {
	case isCA:
		return a.Rollover(ctx)
	case ok:
		return &vault.Error{Reason: vault.NotFound, Code: "ProviderNotFound", Message: fmt.Sprintf("The provider %s is not of kind ca; %s.", vault.Shorten(name), p.builtIn())}
	}
	return &vault.Error{Reason: vault.NotFound, Code: "ProviderNotFound", Message: fmt.Sprintf("The provider %s is unknown; %s.", vault.Shorten(name), p.builtIn())}
}

// builtIn names the providers that are built-in CAs.
func (p *providers) builtIn() string {
	var names []string
	for key := range p.named {
		if _, is := p.named[key].(builtInCA); is {
			names = append(names, cmp.Or(p.names[key], key))
		}
	}
	slices.Sort(names)
	switch len(names) {
	case 0:
		return "this server has none"
	case 1:
		return "of kind ca there is " + names[0]
	}
	return "of kind ca there are " + strings.Join(names, ", ")
}

// published returns what the CA whose name the file's begins with publishes.
func (p *providers) published(ctx context.Context, file string) (string, []byte, error) {
	for name, issuer := range p.named {
		rest, ok := strings.CutPrefix(strings.ToLower(file), name)
		a, own := issuer.(builtInCA)
		if !ok || !own || rest == "" {
			continue
		}
		kind, body, err := a.File(ctx, file)
		if !errors.Is(err, vault.ErrNotFound) {
			return kind, body, err
		}
	}
	return "", nil, vault.ErrNotFound
}

// publicHosts are the names under which built-in CAs say that their CRLs are found.
func publicHosts(all map[string]config.Provider) (hosts []string) {
	for _, p := range all {
		if own, ok := p.Settings.(*ca.Settings); ok && own.PublicURL != "" {
			if u, err := url.Parse(own.PublicURL); err == nil {
				hosts = append(hosts, u.Hostname())
			}
		}
	}
	return hosts
}

// foldedAccounts compare the provider's name without case, as configurations do:
// writing it in other letters must not make a second authority.
type foldedAccounts struct{ vault.Accounts }

// Read implements vault.Accounts.
func (a foldedAccounts) Read(ctx context.Context, id string) ([]byte, int64, error) {
	return a.Accounts.Read(ctx, foldName(id))
}

// Write implements vault.Accounts.
func (a foldedAccounts) Write(ctx context.Context, id string, plain []byte, rev int64) error {
	return a.Accounts.Write(ctx, foldName(id), plain, rev)
}

// Unchanged implements vault.Unchanged.
func (a foldedAccounts) Unchanged(ctx context.Context, id string, rev int64) bool {
	rows, ok := a.Accounts.(vault.Unchanged)
	return ok && rows.Unchanged(ctx, foldName(id), rev)
}

// Ahead implements vault.Dated.
func (a foldedAccounts) Ahead() time.Duration { return vault.Ahead(a.Accounts) }

// foldName turns the second part of kind/name/rest to lower case.
func foldName(id string) string {
	parts := strings.SplitN(id, "/", 3)
	if len(parts) > 1 {
		parts[1] = strings.ToLower(parts[1])
	}
	return strings.Join(parts, "/")
}

// challenge answers an authority's http-01 check of a token.
func (p *providers) challenge(token string) (answer string, known bool) {
	return p.board.Answer(token)
}
