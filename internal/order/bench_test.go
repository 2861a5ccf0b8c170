package order_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"certwright/internal/service"
	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"
)

// BenchmarkCreateSelf is a P-256 Self certificate from create to completed, by
// parallel callers, without HTTP.
func BenchmarkCreateSelf(b *testing.B) {
	h := NewHouse(b)
	var n atomic.Int64
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			ref := Certificate(fmt.Sprintf("c%d", n.Add(1)))
			if _, err := h.Certificates.Create(b.Context(), Nobody, ref, service.CreateInput{Policy: Policy("Self")}); err != nil {
				b.Error(err)
			}
			if op, err := h.Certificates.GetOperation(b.Context(), Nobody, ref, ""); err != nil || op.Status != vault.Completed {
				b.Error(op.Status, err)
			}
		}
	})
}
