package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"certwright/internal/vault"
)

// disk tells whether the database can be written, how often it could not, and
// how often something else had written there.
type disk struct {
	failures func() map[vault.StorageFault]int64
	writable func() bool
	altered  func() int64
}

var (
	diskWritable = describe("store_writable", "1 while the database can be written; 0 while its disk is full, read-only or failing.")
	diskFailures = describe("store_failures_total", "Reads and writes that failed for the sake of the disk, by what is wrong with it.", "fault")
	diskAltered  = describe("store_altered_total", "Times that a row was refused since something else than this server had written it.")
)

// Describe implements prometheus.Collector.
func (disk) Describe(to chan<- *prometheus.Desc) {
	to <- diskWritable
	to <- diskFailures
	to <- diskAltered
}

// Collect implements prometheus.Collector.
func (d disk) Collect(to chan<- prometheus.Metric) {
	writable := 0.0
	if d.writable() {
		writable = 1
	}
	to <- prometheus.MustNewConstMetric(diskWritable, prometheus.GaugeValue, writable)
	to <- prometheus.MustNewConstMetric(diskAltered, prometheus.CounterValue, float64(d.altered()))
	for fault, n := range d.failures() {
		to <- prometheus.MustNewConstMetric(diskFailures, prometheus.CounterValue, float64(n), string(fault))
	}
}
