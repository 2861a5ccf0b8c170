package console

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"certwright/internal/access"
	"certwright/internal/census"
	"certwright/internal/console/chart"
	"certwright/internal/console/view"
	"certwright/internal/vault"
)

const (
	patience = 100 * time.Millisecond // that a page waits for a count
	nextRows = 20
)

const listAction vault.Action = "certificates/list"

// A sight is what a person may see of a count.
type sight struct {
	*census.Count
	who  vault.Caller
	ctx  context.Context
	seen map[string]bool // vaults, by whether their certificates may be listed
	c    *Console
}

// sight asks for a count, and narrows it to what a person may list.
func (c *Console) sight(r *http.Request) *sight {
	count := c.Census.Ask(r.Context(), patience)
	if count == nil {
		count = &census.Count{}
	}
	return &sight{Count: count, who: c.who(r), ctx: r.Context(), seen: map[string]bool{}, c: c}
}

func (s *sight) sees(vaultName string) bool {
	sees, asked := s.seen[vaultName]
	if !asked {
		sees = s.c.may(s.ctx, s.who, listAction, vault.Ref{Vault: vaultName, Kind: vault.Certificates})
		s.seen[vaultName] = sees
	}
	return sees
}

// numbers are those of all vaults that the person sees.
func (s *sight) numbers() (sum census.Numbers, vaults []string) {
	for name, n := range s.Vaults {
		if s.sees(name) {
			sum = sum.And(n)
			vaults = append(vaults, name)
		}
	}
	slices.Sort(vaults)
	return sum, vaults
}

// first are the rows that the person sees and that want has, at most n.
func (s *sight) first(n int, want func(census.Row) bool) (rows []census.Row) {
	for _, row := range s.Rows {
		if len(rows) == n {
			break
		}
		if s.sees(row.Vault) && want(row) {
			rows = append(rows, row)
		}
	}
	return rows
}

func (c *Console) overview(w http.ResponseWriter, r *http.Request) error {
	s := c.sight(r)
	n, _ := s.numbers()
	next := s.first(nextRows, func(row census.Row) bool { return !row.Pending && row.Enabled && !row.Expires.IsZero() })
	next, err := c.fresh(r.Context(), next)
	if err != nil {
		return err
	}
	o := view.Overview{Health: c.healthFor(s), Timeline: c.timeline(n, s.At), None: !s.At.IsZero() && n.Certificates == 0, Next: c.certRows(next), Numbers: []view.Number{
		{Count: n.Expired, Word: "expired", Words: "expired", Tone: "bad", Href: "/ui/certificates?state=expired"},
		{Count: n.Week, Word: "expires within 7 days", Words: "expire within 7 days", Tone: "warn", Href: "/ui/certificates?state=week"},
		{Count: n.Failed, Word: "order failed", Words: "orders failed", Tone: "bad", Href: "/ui/certificates?state=failed"},
		{Count: n.Waiting, Word: "waits for a person", Words: "wait for a person", Tone: "warn", Href: "/ui/certificates?state=waiting"},
	}}
	o.Seen = strconv.FormatUint(s.Count.Sum(), 10)
	if !s.At.IsZero() {
		o.Counted = c.moment(s.At)
	}
	return show(w, r, http.StatusOK, view.OverviewPage(c.frame(r, "Overview", "/ui/"), o))
}

// healthFor is how the server is, for who may read operations; others learn which
// orders of theirs are held up.
func (c *Console) healthFor(s *sight) (all []view.Health) {
	if c.may(s.ctx, s.who, access.ReadOperations, vault.Ref{}) {
		return c.Health(s.ctx)
	}
	for _, p := range c.Providers(s.ctx, s.sees) {
		if p.Held > 0 {
			all = append(all, view.Health{What: p.Name, State: p.State, Words: p.Words})
		}
	}
	return all
}

func (c *Console) timeline(n census.Numbers, at time.Time) chart.Drawing {
	days := make([]chart.Day, census.Days)
	for i := range days {
		date := at.UTC().AddDate(0, 0, i)
		days[i] = chart.Day{Date: date, Count: n.Days[i]}
	}
	return chart.Draw(days, func(from, to time.Time) string {
		return "/ui/certificates?from=" + from.Format(time.DateOnly) + "&to=" + to.AddDate(0, 0, 1).Format(time.DateOnly)
	})
}

// certRows are rows as a table shows them.
func (c *Console) certRows(rows []census.Row) (all []view.CertRow) {
	for _, row := range rows {
		all = append(all, view.CertRow{Vault: row.Vault, Name: row.Name, Href: href(row.Ref), Issuer: row.Issuer, Subject: row.Subject, Value: row.Vault + "/" + row.Name,
			Expires: c.moment(row.Expires), Renews: c.moment(row.Renews), States: c.badges(row), Last: vault.Clip(row.Last, 140)})
	}
	return all
}

// href is the page of a certificate.
func href(ref vault.Ref) string { return "/ui/certificates/" + ref.Vault + "/" + ref.Name }
