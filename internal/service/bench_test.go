package service_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"certwright/internal/service"
	"certwright/internal/vault"
)

// BenchmarkCreateSelf is a P-256 Self certificate from create to completed, by
// parallel callers, without HTTP.
func BenchmarkCreateSelf(b *testing.B) {
	h := newHouse(b)
	var n atomic.Int64
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			ref := vault.Ref{Vault: "default", Kind: vault.Certificates, Name: fmt.Sprintf("c%d", n.Add(1))}
			if _, err := h.Certificates.Create(b.Context(), nobody, ref, service.CreateInput{Policy: policyOf("Self")}); err != nil {
				b.Error(err)
			}
			if op, err := h.Certificates.GetOperation(b.Context(), nobody, ref, ""); err != nil || op.Status != vault.Completed {
				b.Error(op.Status, err)
			}
		}
	})
}
