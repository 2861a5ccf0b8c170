package certs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"slices"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"certwright/internal/keys"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// times returns how long ours takes as a multiple of bare: the best of many
// short rounds of each, taken in turn, since the machine is shared.
func times(bare, ours func()) float64 {
	best := [2]time.Duration{time.Hour, time.Hour}
	for range 40 {
		for i, do := range []func(){bare, ours} {
			start := time.Now() // real time is meant: it is what is measured
			for range 20 {
				do()
			}
			best[i] = min(best[i], time.Since(start))
		}
	}
	return float64(best[1]) / float64(best[0])
}

// bareCrypto makes a key pair and a signature.
func bareCrypto(b *testing.B) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must.Do(b, err)
	digest := sha256.Sum256(nil)
	if _, err := k.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkSelfSign shows the whole making of a P-256 certificate as a multiple
// of the bare crypto in it: one key pair and one signature.
func BenchmarkSelfSign(b *testing.B) {
	x := webProps()
	ours := func() {
		k, err := keys.New(vault.KeyProps{Type: vault.EC, Curve: vault.P256})
		must.Do(b, err)
		if _, err := SelfSign(k, x, testNow); err != nil {
			b.Fatal(err)
		}
	}
	ratio := times(func() { bareCrypto(b) }, ours)
	for b.Loop() {
		ours()
	}
	b.ReportMetric(ratio, "x-bare-crypto")
}

// BenchmarkPFX shows the making of a PFX as a multiple of go-pkcs12's with the same
// settings.
func BenchmarkPFX(b *testing.B) {
	k, chain := issued(b, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	parsed, err := x509.ParseCertificates(slices.Concat(chain...))
	must.Do(b, err)
	enc := pkcs12.LegacyDES.WithIterations(1)
	bare := func() {
		if _, err := enc.Encode(k.Signer(), parsed[0], parsed[1:], ""); err != nil {
			b.Fatal(err)
		}
	}
	private := pkcs8(b, k)
	ours := func() { valueOf(b, private, chain, vault.PKCS12, "a") }
	ratio := times(bare, ours)
	for b.Loop() {
		ours()
	}
	b.ReportMetric(ratio, "x-go-pkcs12")
}

// BenchmarkSecretValue shows what the first GET of a secret costs beside the bare
// crypto of a P-256 certificate: one key pair and one signature.
func BenchmarkSecretValue(b *testing.B) {
	k, chain := issued(b, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	private := pkcs8(b, k)
	for _, contentType := range []string{vault.PKCS12, vault.PEM} {
		b.Run(strings.TrimPrefix(contentType, "application/"), func(b *testing.B) {
			ours := func() { valueOf(b, private, chain, contentType, "a") }
			ratio := times(func() { bareCrypto(b) }, ours)
			for b.Loop() {
				ours()
			}
			b.ReportMetric(ratio, "x-bare-crypto")
		})
	}
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
