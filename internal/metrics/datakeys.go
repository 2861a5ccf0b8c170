package metrics

import "github.com/prometheus/client_golang/prometheus"

// A DataKey is one of the keys that values are sealed under.
type DataKey struct {
	Key    string // its number
	State  string
	Values int // that are under it, as they were counted last
}

// dataKeys tells how much is sealed under which key.
type dataKeys struct{ count func() []DataKey }

var sealedValues = describe("sealed_values", "Sealed values by the data key that they are under, as the last count found or left them.", "key", "state")

// Describe implements prometheus.Collector.
func (dataKeys) Describe(to chan<- *prometheus.Desc) { to <- sealedValues }

// Collect implements prometheus.Collector.
func (d dataKeys) Collect(to chan<- prometheus.Metric) {
	for _, k := range d.count() {
		to <- prometheus.MustNewConstMetric(sealedValues, prometheus.GaugeValue, float64(k.Values), k.Key, k.State)
	}
}
