package main

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"certwright/internal/must"
	"certwright/testvault"
)

// BenchmarkYear moves the clock of a server by a year: what that costs for each
// certificate, which renews itself once on the way, and where nothing does.
func BenchmarkYear(b *testing.B) {
	for _, many := range []int{0, 100} {
		b.Run(fmt.Sprint(many), func(b *testing.B) {
			v := testvault.Start(b)
			if many > 0 {
				makeSome(b, v, many)
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

// makeSome makes certificates on a server in this process.
func makeSome(b *testing.B, v *testvault.Vault, many int) {
	ca, err := os.ReadFile(v.CAFile)
	must.Do(b, err)
	p := place{url: v.URL, ca: ca, header: headersOf("x")}
	must.Do(b, p.each(many, func(c *caller, i int) error { return c.create("y-"+strconv.Itoa(i), selfEC) }))
}
