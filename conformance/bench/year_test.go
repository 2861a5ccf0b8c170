package bench

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"certwright/testvault"
)

// BenchmarkYear moves the clock of a server by a year: what that costs for each
// certificate, which renews itself once on the way, and where nothing does.
func BenchmarkYear(b *testing.B) {
	for _, many := range []int{0, 100} {
		b.Run(fmt.Sprint(many), func(b *testing.B) {
			v := testvault.Start(b)
			t := target{client: keepAlive(v.Client()), base: v.URL}
			var n atomic.Int64
			if many > 0 {
				perSecond(b, many, func() { t.made(b, fmt.Sprintf("y%d", n.Add(1))) })
			}
			b.ResetTimer()
			for b.Loop() {
				v.Advance(365 * 24 * time.Hour)
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/year")
			if many > 0 {
				b.ReportMetric(b.Elapsed().Seconds()*1000/float64(b.N*many), "ms/certificate-year")
			}
		})
	}
}
