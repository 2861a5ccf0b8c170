package server

import (
	"cmp"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"certwright/internal/certs"
	"certwright/internal/certs/dn"
	"certwright/internal/config"
	"certwright/internal/console/view"
	"certwright/internal/issuer/ca"
	"certwright/internal/vault"
)

// health tells people how what the server needs is.
type health struct{ s *Server }

func (h health) all(ctx context.Context) []view.Health {
	all := []view.Health{h.database(ctx)}
	all = append(all, h.authorities(ctx)...)
	all = append(all, h.revocation(ctx)...)
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

// authorities are the providers of the configuration as health.
func (h health) authorities(ctx context.Context) (all []view.Health) {
	for _, p := range h.providers(ctx, func(string) bool { return true }) {
		all = append(all, view.Health{What: fmt.Sprintf("%s (%s)", p.Name, p.Kind), State: p.State, Words: p.Words})
	}
	return all
}

// unreached counts the orders, in the vaults that somebody sees, which did not get
// through to their providers.
func (h health) unreached(ctx context.Context, sees func(vaultName string) bool) map[string]int {
	unreached := map[string]int{}
	count := h.s.census.Ask(ctx, 0)
	if count == nil {
		return unreached
	}
	for name, n := range count.Vaults {
		for provider, orders := range n.Unreached {
			if sees(name) {
				unreached[strings.ToLower(provider)] += orders
			}
		}
	}
	return unreached
}

// providers are the authorities of the configuration, and whether orders of the
// vaults that somebody sees get through to them.
func (h health) providers(ctx context.Context, sees func(vaultName string) bool) (all []view.Provider) {
	unreached := h.unreached(ctx, sees)
	configured := withInternal(h.s.config.Providers)
	for _, name := range slices.Sorted(maps.Keys(configured)) {
		p := view.Provider{Name: name, Kind: configured[name].Kind}
		said := well("", "No order is held up by it.")
		if n := unreached[strings.ToLower(name)]; n > 0 {
			said = ill("bad", "", fmt.Sprintf("%d orders did not get through at the last try; they are tried again.", n))
			p.Held = n
		}
		p.State, p.Words = said.State, said.Words
		if p.Kind == "ca" {
			h.describeCA(ctx, &p, configured[name])
		}
		all = append(all, p)
	}
	return all
}

// publishedAt is where a file of a built-in CA can be had: from the listener that
// the console of a development server is at too, or under the name that
// certificates have; else link is "" and only people at the side door get it.
func (h health) publishedAt(file string, of config.Provider) (link, at string) {
	path := "/pki/" + file
	own, ok := of.Settings.(*ca.Settings)
	switch {
	case !h.s.config.Production:
		return path, ""
	case ok && own.PublicURL != "":
		return strings.TrimSuffix(own.PublicURL, "/") + path, ""
	}
	return "", h.s.Ready.HTTPURL + path
}

// describeCA adds what a built-in CA publishes.
func (h health) describeCA(ctx context.Context, p *view.Provider, of config.Provider) {
	file := strings.ToLower(p.Name) + ".pem"
	_, text, err := h.s.issuers.published(ctx, file)
	if errors.Is(err, vault.ErrNotFound) {
		p.Words = "It makes its certificates with the first order."
		return
	}
	if err != nil {
		said := ill("bad", "", "Its certificates cannot be read: the log says why.")
		p.State, p.Words = said.State, said.Words
		return
	}
	p.File, p.At = h.publishedAt(file, of)
	now := h.s.clock.Now()
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if x, err := certs.Parse(block.Bytes); err == nil {
			p.Certificates = append(p.Certificates, view.Link509{Subject: x.Subject, Issuer: dn.Render(x.IssuerDER), To: view.Moment{At: x.NotAfter, Now: now}})
		}
	}
	slices.Reverse(p.Certificates) // the root first
}

// mostCounted is how far messages are counted.
const mostCounted = 1000

// queues are the receivers of the configuration with what waits for them.
func (h health) queues(ctx context.Context) (all []view.Queue, err error) {
	now := h.s.clock.Now()
	for _, name := range slices.Sorted(maps.Keys(h.s.notices.Sinks)) {
		q := view.Queue{Name: name, Mail: h.s.notices.TestsMail(name), Oldest: view.Moment{Now: now}}
		err = h.s.store.View(ctx, func(r vault.Reader) (err error) {
			if q.Queued, err = r.Count(name, vault.Queued, mostCounted); err != nil {
				return err
			}
			if q.Dead, err = r.Count(name, vault.Dead, mostCounted); err != nil {
				return err
			}
			first, err := r.Outbox(name, vault.Queued, 0, 1)
			if len(first) == 1 {
				q.Oldest.At = first[0].At
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		all = append(all, q)
	}
	return all, nil
}

// receivers are those of the configuration, with what waits for them.
func (h health) receivers(ctx context.Context) (all []view.Health) {
	queues, err := h.queues(ctx)
	if err != nil {
		return []view.Health{ill("bad", "Notices", "They cannot be counted: the log of the database says why.")}
	}
	for _, q := range queues {
		what := "Notices to " + q.Name
		if q.Dead > 0 {
			all = append(all, ill("bad", what, fmt.Sprintf("%d were given up, %d wait.", q.Dead, q.Queued)))
			continue
		}
		all = append(all, well(what, fmt.Sprintf("%d wait.", q.Queued)))
	}
	return all
}

// facts are what is known of this server.
func (h health) facts(ctx context.Context) []view.Facts {
	s := h.s
	before, schema := s.store.Schema()
	store := "SQLite, in the data folder"
	if s.store.Shared() {
		store = "PostgreSQL, shared with other servers"
	}
	mode := "development"
	if s.config.Production {
		mode = "production"
	}
	all := []view.Facts{
		{Title: "Program", Facts: []view.Fact{{Word: "Version", Text: cmp.Or(s.version, "a development build")}, {Word: "Mode", Text: mode},
			{Word: "Process", Text: strconv.Itoa(s.Ready.PID)}, {Word: "Data folder", Text: s.folder.Path}}},
		{Title: "Addresses", Facts: []view.Fact{{Word: "Vault", Text: s.Ready.VaultURL}, {Word: "By address", Text: s.Ready.IPURL}, {Word: "Side door", Text: s.Ready.HTTPURL},
			{Word: "To be trusted", Text: cmp.Or(s.Ready.CAFile, "the certificate of the configuration")}}},
		{Title: "Database", Facts: []view.Fact{{Word: "Kind", Text: store}, {Word: "Schema", Text: schemaText(before, schema)}}},
	}
	if keys, err := s.keeper.Status(ctx); err == nil {
		facts := []view.Fact{{Word: "Wrapped by", Text: strings.Join(keys.Wraps, ", ")}, {Word: "Data keys", Text: strconv.Itoa(len(keys.Keys))}, {Word: "Change under way", Text: keys.Change}}
		if len(keys.Missing) > 0 {
			facts = append(facts, view.Fact{Word: "Not wrapped by", Text: strings.Join(keys.Missing, ", ")})
		}
		all = append(all, view.Facts{Title: "Keys at rest", Facts: facts})
	}
	return all
}

func schemaText(before, now int64) string {
	if before != now && before != 0 {
		return fmt.Sprintf("%d, brought up from %d at this start", now, before)
	}
	return strconv.FormatInt(now, 10)
}
