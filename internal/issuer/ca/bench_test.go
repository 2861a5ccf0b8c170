package ca

import (
	"testing"
	"time"

	"certwright/internal/authority"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// BenchmarkStep signs for a P-256 key, its request checked and the authority
// read from its sealed row.
func BenchmarkStep(b *testing.B) {
	i, o := benchIssuer(b)
	for b.Loop() {
		if p, err := i.Step(b.Context(), o); err != nil || p.Chain == nil {
			b.Fatal(p, err)
		}
	}
}

func benchIssuer(b *testing.B) (*Issuer, vault.Order) {
	b.Helper()
	i, _ := newIssuer(b, Settings{})
	o := orderOf(b, "", policyOf("CN=www.example.org", vault.SANs{}), begin)
	if _, err := i.Step(b.Context(), o); err != nil {
		b.Fatal(err)
	}
	return i, o
}

// BenchmarkRevoke puts one more on a list of ten thousand.
func BenchmarkRevoke(b *testing.B) {
	i, o := benchIssuer(b)
	a, _, err := i.current(b.Context(), begin)
	must.Do(b, err)
	list := revocations{}
	for range 10000 {
		list.Entries = append(list.Entries, revoked{authority.NewSerial(serialOctets).Bytes(), begin, 1, begin.Add(time.Hour)})
	}
	if _, err := (lists{i}).publish(b.Context(), a, list, begin); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		p, err := i.Step(b.Context(), o)
		must.Do(b, err)
		must.Do(b, i.Revoke(b.Context(), vault.Revocation{Chain: p.Chain, Ref: p.Ref, Now: begin}))
	}
}

// BenchmarkFile hands out a list as strangers ask for it.
func BenchmarkFile(b *testing.B) {
	i, _ := benchIssuer(b)
	for b.Loop() {
		if _, _, err := i.File(b.Context(), "internal-1.crl"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFirstUse makes root and issuing CA, and signs.
func BenchmarkFirstUse(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		i, _ := newIssuer(b, Settings{})
		o := orderOf(b, "", policyOf("CN=www.example.org", vault.SANs{}), begin)
		b.StartTimer()
		if p, err := i.Step(b.Context(), o); err != nil || p.Chain == nil {
			b.Fatal(p, err)
		}
	}
}
