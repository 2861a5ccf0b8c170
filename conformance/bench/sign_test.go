package bench

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"testing"
)

// BenchmarkSignRSA2048 is a sign over HTTPS by parallel callers beside the bare
// crypto call by as many, and beside a bare net/http server that makes that
// call. The callers' own TLS and HTTP run on the same cores, so that of-crypto
// says less than a server on its own reaches; of-bare has them on both sides.
// Goal: 0.8.
func BenchmarkSignRSA2048(b *testing.B) {
	v := vault(b)
	v.send(b, "POST", "/keys/hot/create"+query, `{"kty":"RSA"}`, http.StatusOK)
	digest := sha256.Sum256([]byte("bench"))
	body := `{"alg":"RS256","value":"` + base64.RawURLEncoding.EncodeToString(digest[:]) + `"}`
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	sign := func() []byte {
		sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
		if err != nil {
			b.Error(err)
		}
		return sig
	}
	limit := bareHandler(b, func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			b.Error(err)
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		if err := json.NewEncoder(w).Encode(map[string]any{"kid": "x", "value": sign()}); err != nil {
			b.Error(err)
		}
	})
	rates := inTurn(b, max(b.N, 1000), func() { v.send(b, "POST", "/keys/hot/sign"+query, body, http.StatusOK) },
		func() { limit.send(b, "POST", "/", body, http.StatusOK) }, func() { sign() })
	b.ReportMetric(rates[0], "sign/s")
	b.ReportMetric(rates[0]/rates[1], "of-bare")
	b.ReportMetric(rates[0]/rates[2], "of-crypto")
}

// inTurn measures n of each call per second in twenty rounds, so that whatever
// else the machine does falls on all alike and their ratios hold still.
func inTurn(b *testing.B, n int, calls ...func()) []float64 {
	const rounds = 20
	spent := make([]float64, len(calls))
	for range rounds {
		for i, call := range calls {
			spent[i] += 1 / perSecond(b, n/rounds, call)
		}
	}
	for i := range spent {
		spent[i] = rounds / spent[i]
	}
	return spent
}
