package order_test

import (
	"context"
	"slices"
	"testing"
	"time"

	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"
)

// notebook is an issuer that counts its steps in its own saved state, and
// issues never; it loses every cancel.
type notebook struct{ seen *[]int }

func (n notebook) Step(_ context.Context, o vault.Order) (vault.Progress, error) {
	*n.seen = append(*n.seen, len(o.State))
	return vault.Progress{State: append(slices.Clone(o.State), 'x'), Again: 10 * time.Second}, nil
}

func (notebook) Cancel(context.Context, vault.Order) (vault.Progress, error) {
	return vault.Progress{}, nil
}

// An issuer finds what it noted at its last step, whatever came between: a
// cancel asked for, withdrawn, asked again and lost.
func TestIssuerKeepsItsNotes(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	var seen []int
	h.SetProvider(notebook{&seen})
	h.SetIssuer(t, "")
	h.Create(t, Web, Policy("mydigicert"))
	h.Pass(t, 11*time.Second)
	for _, cancel := range []bool{true, false, true} {
		h.Cancel(t, Web, cancel)
		h.Pass(t, time.Second)
	}
	h.Pass(t, 40*time.Second)
	if len(seen) < 5 {
		t.Fatalf("only %d steps", len(seen))
	}
	for i, n := range seen {
		if n != i {
			t.Fatalf("step %d found %d notes: %v", i, n, seen)
		}
	}
}
