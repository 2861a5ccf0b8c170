package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"certwright/internal/vault"
)

// disk tells whether the database can be written, and how often it could not.
type disk struct {
	failures func() map[vault.StorageFault]int64
	writable func() bool
}

var (
	diskWritable = describe("store_writable", "1 while the database can be written; 0 while its disk is full, read-only or failing.")
	diskFailures = describe("store_failures_total", "Reads and writes that failed for the sake of the disk, by what is wrong with it.", "fault")
)

// Describe implements prometheus.Collector.
func (disk) Describe(to chan<- *prometheus.Desc) { to <- diskWritable; to <- diskFailures }

// Collect implements prometheus.Collector.
func (d disk) Collect(to chan<- prometheus.Metric) {
	writable := 0.0
	if d.writable() {
		writable = 1
	}
	to <- prometheus.MustNewConstMetric(diskWritable, prometheus.GaugeValue, writable)
	for fault, n := range d.failures() {
		to <- prometheus.MustNewConstMetric(diskFailures, prometheus.CounterValue, float64(n), string(fault))
	}
}
