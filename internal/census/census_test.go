package census_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"certwright/internal/census"
	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"
)

// counting is a census of a house, running.
func counting(t *testing.T, h *House) *census.Census {
	t.Helper()
	c, err := census.New(census.Census{Store: h.Service.Store, Clock: h.Shifted, Settings: vault.DefaultSettings, Log: slog.New(slog.DiscardHandler)})
	Must(t, err)
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); c.Run(ctx) }()
	t.Cleanup(func() { end(); <-ended })
	return c
}

// made completes a certificate that signs itself.
func made(t *testing.T, h *House, name string, months int, actions ...vault.LifetimeAction) {
	t.Helper()
	h.Create(t, Certificate(name), Lives("Self", months, actions...))
	h.Operation(t, Certificate(name))
}

// A count tells what renews by itself from what needs somebody, and what waits.
func TestCount(t *testing.T) {
	t.Parallel()
	h, p := Playing(t)
	made(t, h, "renews", 1, RenewAt(80))
	made(t, h, "by-hand", 2, vault.LifetimeAction{Action: vault.EmailContacts, Trigger: vault.Trigger{LifetimePercentage: 80}})
	h.Create(t, Certificate("merges"), Policy("Unknown"))
	p.Steps = []Step{Waits(vault.Progress{Failure: &vault.Failure{Code: vault.RequestRejected, Message: "no such domain"}})}
	h.Create(t, Certificate("refused"), Policy("mydigicert"))
	h.Pass(t, time.Minute)

	count := counting(t, h).Ask(t.Context(), time.Minute)
	if count == nil {
		t.Fatal("there is no count")
	}
	n := count.Vaults["default"]
	if n.Certificates != 4 || n.Failed != 1 || n.Waiting != 1 || n.Expired != 0 || n.Week != 0 {
		t.Errorf("counted %+v", n)
	}
	var days [3]int
	for _, d := range n.Days {
		for i := range d {
			days[i] += d[i]
		}
	}
	if days != [3]int{1, 1, 0} {
		t.Errorf("by outlook: %v", days)
	}
	if len(count.Rows) != 4 || !count.All || !count.Rows[0].Pending || count.Rows[2].Name != "renews" || count.Rows[3].Name != "by-hand" {
		t.Errorf("rows: %+v", count.Rows)
	}
	for _, row := range count.Rows {
		if row.Name == "refused" && (row.Order != census.OrderFailed || !strings.Contains(row.Last, "no such domain")) {
			t.Errorf("refused: %+v", row)
		}
	}
}

// A renewal that fails is told from one that is still to come; what is read anew
// is as it is, and what is gone is left out.
func TestFailing(t *testing.T) {
	t.Parallel()
	h, p := Playing(t)
	p.Steps = []Step{h.Issues}
	h.Create(t, Web, Lives("mydigicert", 12, RenewAt(80)))
	h.Pass(t, time.Minute)
	p.Steps = []Step{Waits(vault.Progress{Failure: &vault.Failure{Code: vault.RequestRejected, Message: "account closed"}})}
	c := counting(t, h)
	before := c.Ask(t.Context(), time.Minute)
	h.Pass(t, 300*Day)
	fresh, err := c.Fresh(t.Context(), before.Rows)
	Must(t, err)
	if len(fresh) != 1 || fresh[0].Outlook != census.Failing || fresh[0].Order != census.OrderFailed || before.Rows[0].Outlook != census.RenewsItself {
		t.Errorf("before %+v\nnow %+v", before.Rows, fresh)
	}
	h.Pass(t, 100*Day)
	again := c.Ask(t.Context(), time.Minute)
	if n := again.Vaults["default"]; n.Expired != 1 || n.Failed != 1 {
		t.Errorf("counted %+v", n)
	}
	_, err = h.Delete(t.Context(), Nobody, Web)
	Must(t, err)
	if fresh, err = c.Fresh(t.Context(), before.Rows); err != nil || len(fresh) != 0 {
		t.Errorf("a deleted one: %+v (%v)", fresh, err)
	}
}
