package console

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"certwright/internal/census"
	"certwright/internal/console/pages"
	"certwright/internal/vault"
)

const (
	sheetRows = 100              // read and sent at once
	sheetTime = 10 * time.Second // that it waits for a count
)

// sheet sends the certificates of a filter as a file, those of all its pages.
func (c *Console) sheet(w http.ResponseWriter, r *http.Request) error {
	c.Census.Ask(r.Context(), sheetTime) // a file waits longer than a page
	s, f := c.sight(r), filterOf(r)
	if s.At.IsZero() {
		return &vault.Error{Reason: vault.Unavailable, Code: "ServiceUnavailable", Message: "The certificates are being counted for the first time: try again in a moment."}
	}
	rows := c.found(s, f)
	name := "certificates.csv"
	if !s.All {
		name = fmt.Sprintf("certificates-first-%d.csv", len(s.Rows))
	}
	fresh, err := c.fresh(r.Context(), rows[:min(len(rows), sheetRows)])
	if err != nil {
		return err
	}
	sheet := pages.NewSheet(w, name, "Vault", "Name", "Subject", "Issuer", "State", "Expires", "Renews", "Tags", "Last order")
	for {
		for _, row := range fresh {
			c.sheetRow(sheet, row)
		}
		if sheet.Flush() != nil || len(rows) <= sheetRows {
			return nil
		}
		rows = rows[sheetRows:]
		if fresh, err = c.fresh(r.Context(), rows[:min(len(rows), sheetRows)]); err != nil {
			c.Log.Warn("a list of certificates was not sent to its end", "error", err)
			sheet.Cut()
			return nil
		}
	}
}

func (c *Console) sheetRow(sheet *pages.Sheet, row census.Row) {
	var states, tags []string
	for _, b := range c.badges(row) {
		states = append(states, b.Word)
	}
	for _, k := range slices.Sorted(maps.Keys(row.Tags)) {
		tags = append(tags, k+"="+row.Tags[k])
	}
	sheet.Row(row.Vault, row.Name, row.Subject, row.Issuer, strings.Join(states, "; "), exact(row.Expires), exact(row.Renews), strings.Join(tags, "; "), row.Last)
}

// exact is a time as programs read it; "" for none.
func exact(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}
