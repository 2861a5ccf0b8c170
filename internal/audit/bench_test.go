package audit_test

import (
	"testing"

	"certwright/internal/audit"
	"certwright/internal/audit/line"
	"certwright/internal/must"
)

// BenchmarkLog is a line of the log: of a read, which nobody waits for, and of
// writes side by side, each of which waits for the disk.
func BenchmarkLog(b *testing.B) {
	e := audit.Entry{Operation: "SecretGet", Phase: line.Ends, Vault: "web", Version: "7.4", Status: 200, Correlation: "6c1b9f6e-3f2e-4f6b-9a52-4a8f5d2c7b10",
		Agent: "azsdk-go-azsecrets/v1.4.0 (go1.26; linux)", Host: "web.vault.example.org", Path: "/secrets/db", Query: "api-version=7.4", ID: "https://web.vault.example.org/secrets/db", Decision: "role Key Vault Secrets User for subject ann of corp on /vaults/web"}
	e.Caller.Subject, e.Caller.Issuer = "66666666-7777-8888-9999-000000000000", "corp"
	b.Run("read", func(b *testing.B) {
		s := newStand(b, audit.Settings{Reads: "1s"})
		b.ReportAllocs()
		for b.Loop() {
			s.Note(e)
		}
		must.Do(b, s.Close())
	})
	b.Run("write", func(b *testing.B) {
		s := newStand(b, audit.Settings{})
		b.SetParallelism(8)
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				if err := s.Event(e); err != nil {
					b.Error(err)
				}
			}
		})
		must.Do(b, s.Close())
	})
}
