package server

import (
	"testing"

	"certwright/internal/config"
)

func BenchmarkStart(b *testing.B) {
	c := config.Config{Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0", Data: b.TempDir()}
	for b.Loop() {
		s, err := Start(b.Context(), c, Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := s.Stop(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
