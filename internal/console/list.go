package console

import (
	"fmt"
	"net/http"
	"slices"
	"sort"
	"strings"
	"time"

	"certwright/internal/census"
	"certwright/internal/console/pages"
	"certwright/internal/console/view"
	"certwright/internal/vault"
)

const listRows = 50 // on a page

// list shows certificates: ?text=, ?vault=, ?issuer=, ?state=, ?from=, ?to=,
// ?sort=, and ?after= for the page after a row.
func (c *Console) list(w http.ResponseWriter, r *http.Request) error {
	return c.showList(w, r, http.StatusOK, nil)
}

func (c *Console) showList(w http.ResponseWriter, r *http.Request, status int, say *view.Say) error {
	q, f, s := r.URL.Query(), filterOf(r), c.sight(r)
	n, vaults := s.numbers()
	rows := c.found(s, f)
	found := len(rows)
	if at := placeIn(rows, q.Get("after"), f.Sort); at > 0 {
		rows = rows[at:]
	}
	l := view.List{Filter: f, Vaults: vaults, Here: r.URL.RequestURI(), Can: c.mayInAny(s, vaults), Counting: s.At.IsZero()}
	for _, name := range n.Issuers {
		l.Issuers = append(l.Issuers, name)
	}
	slices.Sort(l.Issuers)
	if q.Get("after") != "" {
		l.First = "/ui/certificates?" + f.Query("")
	}
	if len(rows) > listRows {
		rows = rows[:listRows]
		l.Next = "/ui/certificates?" + f.Query(placeOf(rows[listRows-1]))
	}
	fresh, err := c.fresh(r.Context(), rows)
	if err != nil {
		return err
	}
	l.Rows = c.certRows(fresh)
	l.Shown = shown(len(l.Rows), found, s.Count)
	if found > 0 {
		l.File = "/ui/certificates.csv?" + f.Query("")
	}
	frame := c.frame(r, "Certificates", "/ui/certificates")
	if say != nil {
		frame.Say = say
	}
	return show(w, r, status, view.ListPage(frame, l))
}

// filterOf is the filter of an address.
func filterOf(r *http.Request) view.Filter {
	q := r.URL.Query()
	return view.Filter{Text: q.Get("text"), Vault: q.Get("vault"), Issuer: q.Get("issuer"), State: q.Get("state"), Sort: q.Get("sort"), From: q.Get("from"), To: q.Get("to")}
}

// found are the rows that a filter asks for, in its order.
func (c *Console) found(s *sight, f view.Filter) []census.Row {
	rows := s.first(len(s.Rows), c.wanted(f))
	before := soonest
	if f.Sort == "name" {
		before = census.ByName
	}
	sort.Slice(rows, func(i, j int) bool { return before(rows[i], rows[j]) < 0 })
	return rows
}

func shown(here, found int, count *census.Count) string {
	text := fmt.Sprintf("%d of %d found.", here, found)
	if !count.All && !count.At.IsZero() {
		text += fmt.Sprintf(" Looked through were the %d that expire first.", len(count.Rows))
	}
	if count.At.IsZero() {
		text = "The certificates are being counted; look again in a moment."
	}
	return text
}

func (c *Console) mayInAny(s *sight, vaults []string) bool {
	return slices.ContainsFunc(vaults, func(name string) bool {
		on := vault.Ref{Vault: name, Kind: vault.Certificates}
		return c.may(s.ctx, s.who, "certificates/create", on) || c.may(s.ctx, s.who, "certificates/update", on)
	})
}

// soonest sorts by expiry, those without one last.
func soonest(a, b census.Row) int {
	switch {
	case a.Expires.IsZero() != b.Expires.IsZero():
		if a.Expires.IsZero() {
			return 1
		}
		return -1
	case !a.Expires.Equal(b.Expires):
		return a.Expires.Compare(b.Expires)
	}
	return census.ByName(a, b)
}

// placeOf is where a row stands, whatever comes and goes before it.
func placeOf(row census.Row) string {
	return fmt.Sprintf("%d/%s/%s", row.Expires.Unix(), row.Vault, row.Name)
}

// placeIn finds the first row after a place; 0 for none.
func placeIn(rows []census.Row, after, by string) int {
	var at int64
	text, ref, _ := strings.Cut(after, "/")
	vaultName, name, ok := strings.Cut(ref, "/")
	if _, err := fmt.Sscan(text, &at); err != nil || !ok {
		return 0
	}
	mark := census.Row{Ref: vault.Ref{Vault: vaultName, Name: name}}
	if at != (time.Time{}).Unix() {
		mark.Expires = time.Unix(at, 0).UTC()
	}
	before := soonest
	if by == "name" {
		before = census.ByName
	}
	for i, row := range rows {
		row.Expires = row.Expires.Truncate(time.Second)
		if before(row, mark) > 0 {
			return i
		}
	}
	return len(rows)
}

// wanted reports whether a row is one that a filter asks for.
func (c *Console) wanted(f view.Filter) func(census.Row) bool {
	now := c.now()
	words := strings.Fields(strings.ToLower(f.Text))
	from, _ := time.Parse(time.DateOnly, f.From)
	to, _ := time.Parse(time.DateOnly, f.To)
	return func(row census.Row) bool {
		if f.Vault != "" && row.Vault != f.Vault || f.Issuer != "" && !strings.EqualFold(row.Issuer, f.Issuer) || !inState(row, f.State, now) {
			return false
		}
		if !from.IsZero() && row.Expires.Before(from) || !to.IsZero() && (row.Expires.IsZero() || !row.Expires.Before(to)) {
			return false
		}
		return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(row.Text, word) })
	}
}

func inState(row census.Row, state string, now time.Time) bool {
	left := row.Expires.Sub(now)
	used := !row.Pending && row.Enabled
	switch state {
	case "valid", "active": // as it was called before
		return used && (row.Expires.IsZero() || left > 0) && !row.Revoked && !row.From.After(now)
	case "early":
		return used && !row.Revoked && left > 0 && row.From.After(now)
	case "revoked":
		return row.Revoked
	case "week":
		return used && left > 0 && left < pages.Week
	case "expired":
		return used && !row.Expires.IsZero() && left <= 0
	case "running":
		return row.Order == census.OrderRuns || row.Order == census.OrderWaits
	case "waiting":
		return row.Order == census.OrderWaits
	case "failed":
		return row.Order == census.OrderFailed
	case "cancelled":
		return row.Order == census.OrderCancelled
	case "disabled":
		return !row.Pending && !row.Enabled
	case "hand":
		return used && row.Outlook == census.NeedsPerson
	case "failing":
		return used && row.Outlook == census.Failing
	}
	return true
}
