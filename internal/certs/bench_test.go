package certs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"slices"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"certwright/internal/vault"
)

// per returns how long one run of do takes, over many.
func per(b *testing.B, do func()) time.Duration {
	b.Helper()
	do()
	const runs = 200
	start := time.Now() // real time is meant: it is what is measured
	for range runs {
		do()
	}
	return time.Since(start) / runs
}

// BenchmarkSelfSign shows the whole making of a P-256 certificate as a multiple
// of the bare crypto in it: one key pair and one signature.
func BenchmarkSelfSign(b *testing.B) {
	x := webProps()
	bare := per(b, func() {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			b.Fatal(err)
		}
		digest := sha256.Sum256(nil)
		if _, err := k.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
			b.Fatal(err)
		}
	})
	for b.Loop() {
		k, err := NewKey(vault.KeyProps{Type: vault.EC, Curve: vault.P256})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := SelfSign(k, x, testNow); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(bare), "x-bare-crypto")
}

// BenchmarkWritePFX shows the making of a PFX as a multiple of go-pkcs12's with
// the same settings.
func BenchmarkWritePFX(b *testing.B) {
	k, chain := issued(b, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	parsed, err := x509.ParseCertificates(slices.Concat(chain...))
	if err != nil {
		b.Fatal(err)
	}
	enc := pkcs12.LegacyDES.WithIterations(1)
	bare := per(b, func() {
		if _, err := enc.Encode(k.Signer(), parsed[0], parsed[1:], ""); err != nil {
			b.Fatal(err)
		}
	})
	for b.Loop() {
		if _, err := WritePFX(&k, chain); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(bare), "x-go-pkcs12")
}

// BenchmarkRequest and BenchmarkParse are for comparing changes.
func BenchmarkRequest(b *testing.B) {
	k := newKey(b, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	x := webProps()
	for b.Loop() {
		if _, err := Request(k, x); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	_, chain := issued(b, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	for b.Loop() {
		if _, err := Parse(chain[0]); err != nil {
			b.Fatal(err)
		}
	}
}
