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
	n := max(b.N, 1000)
	ours := perSecond(b, n, func() { v.send(b, "POST", "/keys/hot/sign"+query, body, http.StatusOK) })

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
	theirs := perSecond(b, n, func() { limit.send(b, "POST", "/", body, http.StatusOK) })
	raw := perSecond(b, n, func() { sign() })
	b.ReportMetric(ours, "sign/s")
	b.ReportMetric(ours/raw, "of-crypto")
	b.ReportMetric(ours/theirs, "of-bare")
}
