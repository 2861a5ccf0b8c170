package metrics

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"certwright/internal/must"
)

// BenchmarkCount tells what counting costs: rows certificates in one vault, of
// which one in a thousand has an operation in progress. Rests are not counted.
// CERTWRIGHT_BENCH_ROWS says how many; 10,000 if it is not set.
func BenchmarkCount(b *testing.B) {
	rows := 10000
	if n, err := strconv.Atoi(os.Getenv("CERTWRIGHT_BENCH_ROWS")); err == nil {
		rows = n
	}
	h := newHouse(b)
	for from := 0; from < rows; from += 5000 {
		var page []cert
		for i := from; i < min(from+5000, rows); i++ {
			c := cert{vault: "web", name: fmt.Sprintf("c-%d", i), lives: 90 * days}
			if i%1000 == 0 {
				op := order("ca", "inProgress", 0)
				c.op = &op
			}
			page = append(page, c)
		}
		h.put(b, page...)
	}
	var work float64
	for b.Loop() {
		c, err := h.count(b.Context())
		must.Do(b, err)
		work += c.spent.Seconds()
	}
	b.ReportMetric(work/float64(b.N)*1000, "ms-work/op")
	b.ReportMetric(work/float64(b.N)/float64(rows)*1e6, "us-work/row")
}
