package service_test

import (
	"fmt"
	"testing"
	"time"

	"certwright/internal/service"
	"certwright/internal/vault"
)

// aged returns a house of n certificates that renew themselves when they have
// lived for these many percent.
func aged(b *testing.B, n, percent int) *house {
	b.Helper()
	h := newHouse(b)
	must(b, h.Sweeper.Start(b.Context()))
	for i := range n {
		ref := vault.Ref{Vault: web.Vault, Kind: vault.Certificates, Name: fmt.Sprintf("c%06d", i)}
		_, err := h.Certificates.Create(b.Context(), nobody, ref, service.CreateInput{Policy: lives("Self", 12, renew(percent))})
		must(b, err)
		_, err = h.Certificates.GetOperation(b.Context(), nobody, ref, "")
		must(b, err)
	}
	return h
}

// A day on which nothing falls due but the sweep: what it costs for each
// certificate with its key and secret.
func BenchmarkIdleDay(b *testing.B) {
	for _, n := range []int{100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			h := aged(b, n, 99)
			b.ResetTimer()
			days := 0
			for b.Loop() && days < 300 {
				must(b, h.worker.Advance(b.Context(), movable{h.clock}, day))
				days++
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(days*n), "us/certificate")
		})
	}
}

// A renewal of a P-256 certificate by its own key, from the trigger to the new
// version: two jobs, key, signature, mails and events.
func BenchmarkRenewal(b *testing.B) {
	h := aged(b, 200, 1)
	b.ResetTimer()
	var renewals int
	for b.Loop() {
		must(b, h.worker.Advance(b.Context(), movable{h.clock}, 4*day))
		renewals += 200
	}
	b.ReportMetric(float64(b.Elapsed())/float64(time.Millisecond)/float64(renewals), "ms/renewal")
}
