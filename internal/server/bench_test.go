package server

import (
	"testing"

	"certwright/internal/config"
	"certwright/internal/must"
)

func BenchmarkStart(b *testing.B) {
	c := config.Config{Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0", Data: b.TempDir()}
	for b.Loop() {
		s, err := Start(b.Context(), c, Options{})
		must.Do(b, err)
		b.StopTimer()
		must.Do(b, s.Stop())
		b.StartTimer()
	}
}
