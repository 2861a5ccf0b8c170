package schedule_test

import (
	"fmt"
	"testing"
	"time"

	"certwright/internal/service"
	. "certwright/internal/service/servicetest"
)

// aged returns a house of n certificates that renew themselves when they have
// lived for these many percent.
func aged(b *testing.B, n, percent int) *House {
	b.Helper()
	h := NewHouse(b)
	Must(b, h.Sweeper.Start(b.Context()))
	for i := range n {
		ref := Certificate(fmt.Sprintf("c%06d", i))
		_, err := h.Certificates.Create(b.Context(), Nobody, ref, service.CreateInput{Policy: Lives("Self", 12, RenewAt(percent))})
		Must(b, err)
		_, err = h.Certificates.GetOperation(b.Context(), Nobody, ref, "")
		Must(b, err)
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
				h.Pass(b, Day)
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
		h.Pass(b, 4*Day)
		renewals += 200
	}
	b.ReportMetric(float64(b.Elapsed())/float64(time.Millisecond)/float64(renewals), "ms/renewal")
}
