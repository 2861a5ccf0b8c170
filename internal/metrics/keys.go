package metrics

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"certwright/internal/keys"
	"certwright/internal/vault"
)

// pool tells of the RSA keys that are made beforehand.
type pool struct{ stock func() []keys.Stock }

var (
	keysReady = describe("keys_ready", "RSA keys that were made beforehand and wait to be used.", "type", "size")
	keysAsked = describe("keys_total", "RSA keys that were asked for, by whether one was ready or had to be made while somebody waited.", "type", "size", "source")
)

// Describe implements prometheus.Collector.
func (pool) Describe(to chan<- *prometheus.Desc) { to <- keysReady; to <- keysAsked }

// Collect implements prometheus.Collector.
func (p pool) Collect(to chan<- prometheus.Metric) {
	for _, s := range p.stock() {
		kind, bits := string(vault.RSA), strconv.Itoa(s.Bits)
		to <- prometheus.MustNewConstMetric(keysReady, prometheus.GaugeValue, float64(s.Ready), kind, bits)
		to <- prometheus.MustNewConstMetric(keysAsked, prometheus.CounterValue, float64(s.Taken), kind, bits, "ready")
		to <- prometheus.MustNewConstMetric(keysAsked, prometheus.CounterValue, float64(s.Made), kind, bits, "made")
	}
}
