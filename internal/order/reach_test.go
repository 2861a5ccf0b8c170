package order_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"certwright/internal/service"
	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"
)

// A mute authority never answers.
type mute struct {
	asked, hang, most atomic.Int32
}

func (m *mute) Step(ctx context.Context, _ vault.Order) (vault.Progress, error) {
	m.asked.Add(1)
	if now := m.hang.Add(1); now > m.most.Load() {
		m.most.Store(now)
	}
	defer m.hang.Add(-1)
	<-ctx.Done()
	return vault.Progress{}, ctx.Err()
}

// An authority that never answers holds up neither the moved clock nor the orders
// of others, and is not asked about everything at a time.
func TestMuteAuthority(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, quick := Playing(t)
		quick.Steps = []Step{h.Issues}
		silent := &mute{}
		h.Orders.Issuers.Find = func(provider string) vault.Issuer {
			if provider == "Mute" {
				return silent
			}
			return quick
		}
		_, err := h.Issuers.Put(t.Context(), Nobody, Web.Vault, "silent", service.IssuerInput{Provider: new("Mute")})
		Must(t, err)
		const orders = 12
		for i := range orders {
			h.Create(t, Certificate(fmt.Sprint("silent-", i)), Policy("silent"))
		}
		h.Create(t, Web, Policy("mydigicert"))
		ctx, stop := context.WithCancel(t.Context())
		began := time.Now()
		Must(t, h.Advance(ctx, 3*Day))
		if took := time.Since(began); took > 2*time.Minute {
			t.Errorf("moving the clock took %v", took)
		}
		if op := h.Operation(t, Web); op.Status != vault.Completed {
			t.Errorf("the order of another issuer is %s", op.Status)
		}
		if op := h.Operation(t, Certificate("silent-1")); op.Status != vault.InProgress {
			t.Errorf("an order that waits is %s", op.Status)
		}
		if n := silent.most.Load(); n > 4+4 { // those that hang, and what a worker of four slots began before
			t.Errorf("%d calls at a time", n)
		}
		stop()
		Must(t, h.Worker.Run(ctx)) // returns when the last job has ended
	})
}
