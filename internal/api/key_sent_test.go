package api

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
	"certwright/internal/service/servicetest"
	"certwright/internal/wire"
)

// TestKeysAsSent: an EC key takes whatever key_size says (cosign), and the name
// of its curve is answered as it was typed, in later versions too.
func TestKeysAsSent(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	for i, tt := range []struct{ body, crv string }{
		{`{"attributes":{"enabled":true},"key_ops":["sign","verify"],"key_size":2048,"kty":"EC","tags":{"use":"sigstore"}}`, "P-256"},
		{`{"kty":"EC","crv":"P-384","key_size":2048}`, "P-384"},
		{`{"kty":"EC-HSM","crv":"P-256","key_size":-1}`, "P-256"},
		{`{"kty":"EC","crv":"SECP256K1"}`, "SECP256K1"},
	} {
		name := fmt.Sprintf("/keys/k%d", i)
		for _, got := range []string{g.must(200, "POST", name+"/create", tt.body).body, g.must(200, "GET", name, "").body, g.must(200, "POST", name+"/rotate", "").body} {
			if !strings.Contains(got, `"crv":"`+tt.crv+`","x":`) {
				t.Errorf("%s: %s, want the curve %s", tt.body, got, tt.crv)
			}
		}
	}
	g.must(200, "POST", "/keys/k3/sign", `{"alg":"ES256K","value":"`+digest+`"}`)

	// Leading zeros are kept, by a restore too; the key is the same.
	const x = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
	sent := strings.Replace(ecJWK, x, text(append([]byte{0}, octetsOf(t, x)...)), 1)
	g.must(200, "PUT", "/keys/zeros", `{"key":`+sent+`}`)
	blob := g.must(200, "POST", "/keys/zeros/backup", "").body
	for range 2 {
		if got := g.must(200, "GET", "/keys/zeros", "").body; !strings.Contains(got, `"crv":"P-256","x":"AH`) {
			t.Errorf("x is not as it was sent: %s", got)
		}
		g.must(200, "DELETE", "/keys/zeros", "")
		g.must(204, "DELETE", "/deletedkeys/zeros", "")
		g.must(200, "POST", "/keys/restore", blob)
	}
	g.must(200, "POST", "/keys/zeros/sign", `{"alg":"ES256","value":"`+digest+`"}`)
}

func octetsOf(t *testing.T, text string) []byte {
	t.Helper()
	b, err := wire.Octets("m", &text)
	must.Do(t, err)
	return b
}

// TestTidyPolicy: an indented policy comes back as the service writes it
// (recorded, release policies of the SDK for .NET).
func TestTidyPolicy(t *testing.T) {
	t.Parallel()
	nested := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	for in, want := range map[string]string{
		"{\r\n  \"anyOf\": [\r\n {\r\n \"anyOf\": [ { \"claim\": \"sdk-test\", \"equals\": \"true\" } ], \"authority\": \"https://a.example/\" } ],\r\n  \"version\": \"1.0.0\"\r\n}": `{"version":"1.0.0","anyOf":[{"authority":"https://a.example/","anyOf":[{"claim":"sdk-test","equals":"true"}]}]}`,
		`{"anyOf":[],"version":"1.0.0"}`:                                       `{"anyOf":[],"version":"1.0.0"}`,
		` {"b":null, "a":1.50, "version":[null, {"equals":"<", "claim":"ä"}]}`: `{"version":[null,{"claim":"ä","equals":"<"}],"b":null,"a":1.50}`,
		` "a" `: `"a"`, "{ ": "{ ", "\x00": "\x00", " " + nested: " " + nested,
	} {
		if got := string(wire.TidyPolicy([]byte(in))); got != want {
			t.Errorf("%s is kept as %s, want %s", in, got, want)
		}
	}
	g := newRig(t)
	sent := text([]byte(`{"anyOf": [], "version": "1.0.0"}`))
	const body = `"attributes":{"exportable":true},"release_policy":{"immutable":true,"data":"%s"}}`
	made := g.must(200, "POST", "/keys/k/create", fmt.Sprintf(`{"kty":"RSA-HSM",`+body, sent)).body
	if want := text([]byte(`{"version":"1.0.0","anyOf":[]}`)); !strings.Contains(made, `"data":"`+want+`"`) {
		t.Errorf("%s, want the data %s", made, want)
	}
	g.must(200, "PATCH", "/keys/k", fmt.Sprintf("{"+body, sent)) // the same policy changes nothing
}

// TestStandardAlphabet: clients that write base64 in the standard alphabet
// (jsign, azure-security-keyvault-jca) are read whatever the digest is, and the
// answers stay base64url.
func TestStandardAlphabet(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	g.must(200, "POST", "/keys/rsa/create", `{"kty":"RSA"}`)
	for _, sum := range [][]byte{bytes.Repeat([]byte{0xfb, 0xff, 0xbf}, 11)[:32], sha256Of("to be signed")} {
		coded := base64.StdEncoding.EncodeToString(sum)
		signed := member(t, g.must(200, "POST", "/keys/rsa/sign", `{"alg":"RS256","value":"`+coded+`"}`).json(), "value")
		if strings.ContainsAny(signed, "+/=") || len(signed) != 342 {
			t.Errorf("the signature of %s is %s", coded, signed)
		}
		theirs := strings.NewReplacer("-", "+", "_", "/").Replace(signed) + "=="
		if got := g.must(200, "POST", "/keys/rsa/verify", `{"alg":"RS256","digest":"`+coded+`","value":"`+theirs+`"}`).body; got != `{"value":true}` {
			t.Errorf("verify %s: %s", coded, got)
		}
	}
	blob := g.must(200, "POST", "/keys/rsa/backup", "").body
	g.must(200, "DELETE", "/keys/rsa", "")
	g.must(204, "DELETE", "/deletedkeys/rsa", "")
	g.must(200, "POST", "/keys/restore", strings.NewReplacer("-", "+", "_", "/").Replace(blob))
	const policy = `{"kty":"EC-HSM","attributes":{"exportable":true},"release_policy":{"data":"%s"}}`
	if got := g.must(200, "POST", "/keys/out/create", fmt.Sprintf(policy, "e30/IA==")).body; !strings.Contains(got, `"data":"e30_IA"`) {
		t.Errorf("a release policy in the standard alphabet: %s", got)
	}
}

// TestKeyOfCertificateWithoutUsage: where the certificate restricts nothing, its
// key does everything (recorded of an import).
func TestKeyOfCertificateWithoutUsage(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	must.Do(t, err)
	for name, tt := range map[string]struct {
		usage x509.KeyUsage
		ops   string
	}{
		"none": {0, rsaOps},
		"some": {x509.KeyUsageDigitalSignature, `["sign","verify"]`},
	} {
		value := servicetest.SelfSigned(t, private, x509.Certificate{Subject: pkix.Name{CommonName: name}, KeyUsage: tt.usage,
			NotBefore: noon.Add(-time.Hour), NotAfter: noon.Add(time.Hour)})
		body, err := json.Marshal(map[string]any{"value": value, "policy": map[string]any{"secret_props": map[string]any{"contentType": "application/x-pem-file"}}})
		must.Do(t, err)
		g.must(200, "POST", "/certificates/"+name+"/import", string(body))
		if got := g.must(200, "GET", "/keys/"+name, "").body; !strings.Contains(got, `"key_ops":`+tt.ops) {
			t.Errorf("usage %s: %s, want %s", name, got, tt.ops)
		}
	}
	g.must(200, "POST", "/keys/none/encrypt", `{"alg":"RSA-OAEP","value":"AA"}`)
}

// TestOddImports are keys as SDKs' tests send them: coordinates of P-521 without
// their leading zero, a modulus with one, an RSA key with a crv and a cut d.
func TestOddImports(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	coded := func(n *big.Int) string { return text(n.Bytes()) }
	var point *ecdsa.PrivateKey
	for point == nil || len(coordinate(t, point, 0)) == len(bytes.TrimLeft(coordinate(t, point, 0), "\x00")) {
		made, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
		must.Do(t, err)
		point = made
	}
	d, err := point.Bytes()
	must.Do(t, err)
	x, y := text(bytes.TrimLeft(coordinate(t, point, 0), "\x00")), text(coordinate(t, point, 1))
	got := g.must(200, "PUT", "/keys/p521", fmt.Sprintf(`{"key":{"kty":"EC","crv":"P-521","x":"%s","y":"%s","d":"%s"}}`, x, y, text(d))).body
	if !strings.Contains(got, `"crv":"P-521","x":"`+x+`","y":"`+y+`"}`) {
		t.Errorf("P-521: %s, want x %s", got, x)
	}

	private, err := rsa.GenerateKey(rand.Reader, 2048)
	must.Do(t, err)
	c := private.Precomputed
	n := text(append([]byte{0}, private.N.Bytes()...))
	body := fmt.Sprintf(`{"key":{"kty":"RSA","crv":"P-521","n":"%s","e":"AAEAAQ","d":"%s","p":"%s","q":"%s","dp":"%s","dq":"%s","qi":"%s"}}`,
		n, text(private.D.Bytes()[:73]), coded(private.Primes[0]), coded(private.Primes[1]), coded(c.Dp), coded(c.Dq), coded(c.Qinv))
	for _, got := range []string{g.must(200, "PUT", "/keys/rsa", body).body, g.must(200, "GET", "/keys/rsa", "").body} {
		if !strings.Contains(got, `"n":"`+n+`","e":"AAEAAQ","crv":"P-521"}`) {
			t.Errorf("RSA: %s, want n %s", got, n)
		}
	}
	cipher := member(t, g.must(200, "POST", "/keys/rsa/encrypt", `{"alg":"RSA-OAEP","value":"cGxhaW4"}`).json(), "value")
	if got := g.must(200, "POST", "/keys/rsa/decrypt", `{"alg":"RSA-OAEP","value":"`+cipher+`"}`).json(); got["value"] != "cGxhaW4" {
		t.Errorf("decrypt: %v", got)
	}
}

// coordinate returns x (0) or y (1) of a key's point, padded to the field.
func coordinate(t *testing.T, k *ecdsa.PrivateKey, which int) []byte {
	t.Helper()
	point, err := k.PublicKey.Bytes()
	must.Do(t, err)
	half := len(point) / 2
	return point[1+which*half:][:half]
}
