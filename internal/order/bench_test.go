package order_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"certwright/internal/account"
	"certwright/internal/issuer/ca"
	"certwright/internal/service"
	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"
)

// BenchmarkCreate is a P-256 certificate from create to completed, by parallel
// callers, without HTTP: signed by its own key, and by the built-in CA.
func BenchmarkCreate(b *testing.B) {
	for _, issuer := range []string{"Self", "mydigicert"} {
		for _, callers := range []int{4, 16} { // for each processor
			b.Run(fmt.Sprintf("%s/%d", issuer, callers), func(b *testing.B) { benchCreate(b, issuer, callers) })
		}
	}
}

func benchCreate(b *testing.B, issuer string, callers int) {
	h := withAuthority(b)
	var n atomic.Int64
	b.SetParallelism(callers)
	b.ReportAllocs()
	h.createAndGet(b, issuer, "first") // the CA makes its authorities
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			h.createAndGet(b, issuer, fmt.Sprintf("c%d", n.Add(1)))
		}
	})
}

type owned struct{ *House }

// withAuthority is a house whose issuer mydigicert is the built-in CA.
func withAuthority(t testing.TB) owned {
	t.Helper()
	h := NewHouse(t)
	own, err := ca.New(t.Context(), ca.Issuer{Name: "Own", Clock: h.Clock, Accounts: &account.Sole{Book: account.Book{Store: h.Store, Sealer: h.Sealer}}})
	Must(t, err)
	h.SetProvider(own)
	h.SetIssuer(t, "")
	return owned{h}
}

func (h owned) createAndGet(t testing.TB, issuer, name string) {
	ref := Certificate(name)
	if _, err := h.Certificates.Create(t.Context(), Nobody, ref, service.CreateInput{Policy: Policy(issuer)}); err != nil {
		t.Error(err)
	}
	if op, err := h.Certificates.GetOperation(t.Context(), Nobody, ref, ""); err != nil || op.Status != vault.Completed {
		t.Error(op.Status, err)
	}
}
