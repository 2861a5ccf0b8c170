package api

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

// ecJWK is the private key of RFC 7515, appendix A.3.
const ecJWK = `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}`

// standard spells the members of a JSON web key in base64's standard alphabet.
func standard(jwk string) string {
	return strings.NewReplacer("P-256", "P-256", "-", "+", "_", "/").Replace(jwk)
}

// octJWK is a key that only an HSM takes.
const octJWK = `{"kty":"oct","k":"AAECAwQFBgcICQoLDA0ODw"}`

// digest is base64url of a SHA-256 digest.
var digest = text(sha256Of("to be signed"))

func sha256Of(s string) []byte { d := sha256.Sum256([]byte(s)); return d[:] }

func text(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// member walks a decoded body: member(m, "key", "n").
func member(t *testing.T, m map[string]any, path ...string) string {
	t.Helper()
	for _, p := range path[:len(path)-1] {
		m, _ = m[p].(map[string]any)
	}
	s, ok := m[path[len(path)-1]].(string)
	if !ok {
		t.Fatalf("no %s in %v", strings.Join(path, "."), m)
	}
	return s
}

// The attributes of a key made at noon in the rig, as recorded from 7.3 on.
const (
	keyDates   = `"created":1795348800,"updated":1795348800,"recoveryLevel":"Recoverable+Purgeable","recoverableDays":90,"exportable":false}`
	rsaOps     = `["encrypt","decrypt","sign","verify","wrapKey","unwrapKey"]`
	deletedKey = `{"recoveryId":"https://` + testHost + `/deletedkeys/%s","deletedDate":1795348800,"scheduledPurgeDate":1803124800,`
)

// TestKeyLife follows go-keys/TestCRUD, TestRecoverDeletedKey and TestBackupRestore.
func TestKeyLife(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	for _, tt := range []struct{ name, body, kty, ops, public string }{
		{"rsa", `{"kty":"RSA","key_size":2048,"public_exponent":65537,`, "RSA", rsaOps, `"n":"$n","e":"AQAB"`},
		{"rsa-hsm", `{"kty":"RSA-HSM","key_ops":["encrypt","decrypt"],`, "RSA-HSM", `["encrypt","decrypt"]`, `"n":"$n","e":"AQAB"`},
		{"ec", `{"kty":"EC",`, "EC", `["sign","verify"]`, `"crv":"P-256","x":"$x","y":"$y"`},
		{"ec-k", `{"kty":"EC","crv":"P-256K",`, "EC", `["sign","verify"]`, `"crv":"P-256K","x":"$x","y":"$y"`},
		{"ec-384", `{"kty":"EC-HSM","crv":"P-384","key_size":384,"key_ops":[],`, "EC-HSM", `["sign","verify"]`, `"crv":"P-384","x":"$x","y":"$y"`},
		{"ec-521", `{"kty":"EC","crv":"P-521","key_ops":null,`, "EC", `["sign","verify"]`, `"crv":"P-521","x":"$x","y":"$y"`},
	} {
		made := g.must(200, "POST", "/keys/"+tt.name+"/create", tt.body+`"attributes":{"nbf":2208992461,"exp":2524611661},"tags":{"key":"value"}}`)
		m := made.json()
		kid := member(t, m, "key", "kid")
		if !strings.HasPrefix(kid, "https://"+testHost+"/keys/"+tt.name+"/") || len(kid) != len("https://"+testHost+"/keys/"+tt.name+"/")+32 {
			t.Errorf("kid %s", kid)
		}
		public := tt.public
		for _, name := range []string{"n", "x", "y"} {
			if strings.Contains(public, "$"+name) {
				public = strings.Replace(public, "$"+name, member(t, m, "key", name), 1)
			}
		}
		bundle := `"key":{"kid":"` + kid + `","kty":"` + tt.kty + `","key_ops":` + tt.ops + `,` + public + `},"attributes":{"enabled":%v,"nbf":2208992461,"exp":2524611661,` +
			keyDates + `,"tags":{"key":"value"}}`
		on, off := fmt.Sprintf(bundle, true), fmt.Sprintf(bundle, false)
		version := "/keys/" + tt.name + kid[strings.LastIndex(kid, "/"):]
		path, gone := "/keys/"+tt.name, fmt.Sprintf(deletedKey, tt.name)
		steps := []struct{ method, path, body, want string }{
			{"GET", path + "/", "", "{" + on}, {"GET", version, "", "{" + on},
			{"PATCH", version, `{"attributes":{"enabled":false}}`, "{" + off}, {"GET", path, "", "{" + off},
			{"PATCH", path, `{"attributes":{"enabled":true}}`, "{" + on},
			{"DELETE", path, "", gone + on}, {"GET", "/deletedkeys/" + tt.name, "", gone + on},
			{"POST", "/deletedkeys/" + tt.name + "/recover", "", "{" + on},
		}
		if made.body != "{"+on {
			t.Errorf("create: %s\nwant {%s", made.body, on)
		}
		for _, s := range steps {
			if got := g.must(200, s.method, s.path, s.body); got.body != s.want {
				t.Errorf("%s %s: %s\nwant %s", s.method, s.path, got.body, s.want)
			}
		}
		blob := g.must(200, "POST", path+"/backup", "").body
		if again := g.do("POST", "/keys/restore", blob); again.status != 409 || again.code() != "Conflict" || !strings.Contains(again.message(), "restoring the key '"+kid+"'") {
			t.Errorf("restore over a live key: %d %s", again.status, again.body)
		}
		g.must(200, "DELETE", path, "")
		g.must(204, "DELETE", "/deletedkeys/"+tt.name, "")
		g.must(404, "GET", "/deletedkeys/"+tt.name, "")
		if got := g.must(200, "POST", "/keys/restore", blob); got.body != "{"+on {
			t.Errorf("restore: %s\nwant {%s", got.body, on)
		}
	}
}

func TestKeysByVersion(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	const exportable = `{"kty":"EC-HSM","crv":"P-256K","attributes":{"exportable":true},"release_policy":{"data":"eyJ9","immutable":true}}`
	const policy = `"release_policy":{"contentType":"application/json; charset=utf-8","data":"eyJ9","immutable":true}}`
	made := g.must(200, "POST", "/keys/out/create", exportable).body
	if !strings.HasSuffix(made, `"exportable":true},`+policy) {
		t.Errorf("an exportable key: %s", made)
	}
	for version, want := range map[string]string{
		"7.2": `"recoverableDays":90}}`, "7.3": `"exportable":true},` + policy, "7.5": `"exportable":true,"hsmPlatform":"2"},` + policy,
		"2026-04-01": `"exportable":true,"hsmPlatform":"2"},` + policy, "7.0": `"recoveryLevel":"Recoverable+Purgeable"}}`,
	} {
		if got := g.must(200, "GET", "/keys/out?api-version="+version, "").body; !strings.HasSuffix(got, want) {
			t.Errorf("%s: %s\nwant the end %s", version, got, want)
		}
	}
	if got := g.must(200, "GET", "/keys?api-version=7.5", "").body; !strings.Contains(got, `"exportable":true,"hsmPlatform":"2"}`) {
		t.Errorf("the list: %s", got)
	}
	if got := g.must(200, "POST", "/keys/old/create?api-version=7.2", exportable).body; strings.Contains(got, "exportable") || strings.Contains(got, "release") {
		t.Errorf("7.2 made an exportable key: %s", got)
	}
	if got := g.must(200, "DELETE", "/keys/out", "").body; !strings.HasSuffix(got, `"exportable":true}}`) {
		t.Errorf("a deleted key: %s", got)
	}

	version := g.must(200, "POST", "/keys/web/create", `{"kty":"EC"}`).json()
	kid := member(t, version, "key", "kid")
	path := "/keys/web" + kid[strings.LastIndex(kid, "/"):]
	for _, v := range []string{"7.6-preview.2", "7.6", "2025-06-01-preview", "2025-07-01", "2026-04-01"} {
		if a, b := g.must(200, "GET", path+"/attestation?api-version="+v, "").body, g.must(200, "GET", path+"?api-version="+v, "").body; a != b {
			t.Errorf("%s: attestation %s\nwant %s", v, a, b)
		}
	}
	latest := g.must(200, "GET", "/keys/web//attestation?api-version=7.6-preview.2", "").body // as the Azure CLI asks
	if want := g.must(200, "GET", "/keys/web?api-version=7.6-preview.2", "").body; latest != want {
		t.Errorf("attestation of the latest version: %s\nwant %s", latest, want)
	}
	g.must(404, "GET", path+"/attestation?api-version=7.5", "")
}

func TestImports(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	for i, body := range []string{`{"key":` + ecJWK + `}`, `{"Hsm":false,"key":` + ecJWK + `}`, `{"hsm":null,"KEY":` + ecJWK + `,"tags":{}}`} {
		got := g.must(200, "PUT", fmt.Sprintf("/keys/soft%d", i), body).body
		if !strings.Contains(got, `"kty":"EC","key_ops":["sign","verify"],"crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"`) || strings.Contains(got, "jpsQ") {
			t.Errorf("%s: %s", body, got)
		}
	}
	for i, name := range []string{"Hsm", "hsm", "HSM"} {
		body := `{"` + name + `":true,"key":` + strings.Replace(ecJWK, "{", `{"key_ops":["sign"],`, 1) + `}`
		if got := g.must(200, "PUT", fmt.Sprintf("/keys/hard%d", i), body).body; !strings.Contains(got, `"kty":"EC-HSM","key_ops":["sign"],`) {
			t.Errorf("%s: %s", body, got)
		}
	}
	g.must(200, "PUT", "/keys/padded", `{"key":`+strings.Replace(ecJWK, "E9LI", "E9LI=", 1)+`}`)
	if got := g.must(200, "PUT", "/keys/standard", `{"key":`+standard(ecJWK)+`}`).body; !strings.Contains(got, `"y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"`) {
		t.Errorf("a key in the standard alphabet: %s", got)
	}
}

// TestKeyOperations follows go-keys/TestEncryptDecrypt, TestWrapUnwrap and TestSignVerify.
func TestKeyOperations(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	kid := member(t, g.must(200, "POST", "/keys/rsa/create", `{"kty":"RSA"}`).json(), "key", "kid")
	version := "/keys/rsa" + kid[strings.LastIndex(kid, "/"):]
	for _, tt := range []struct{ to, back, alg, value string }{
		{"/keys/rsa/encrypt", version + "/decrypt", "RSA-OAEP-256", "cGxhaW50ZXh0"},
		{version + "/encrypt", "/keys/rsa/decrypt", "RSA-OAEP", "cGxhaW50ZXh0"},
		{"/keys/rsa/encrypt", "/keys/rsa/decrypt", "RSA-OAEP", ""},
		{"/keys/rsa/wrapkey", version + "/unwrapkey", "RSA1_5", "AAEC_-8"},
		{version + "/wrapKey", "/keys/rsa/UnwrapKey", "RSA-OAEP-256", "AAEC_-8"},
	} {
		sent := g.must(200, "POST", tt.to, `{"alg":"`+tt.alg+`","value":"`+tt.value+`"}`)
		value := member(t, sent.json(), "value")
		if want := `{"kid":"` + kid + `","value":"` + value + `"}`; sent.body != want || len(value) != 342 {
			t.Errorf("%s: %s\nwant %s", tt.to, sent.body, want)
		}
		got := g.must(200, "POST", tt.back, `{"alg":"`+tt.alg+`","value":"`+value+`"}`)
		if want := `{"kid":"` + kid + `","value":"` + tt.value + `"}`; got.body != want {
			t.Errorf("%s: %s, want %s", tt.back, got.body, want)
		}
	}
	for _, tt := range []struct{ key, create, alg string }{
		{"rsa", "", "RS256"}, {"rsa", "", "PS256"},
		{"p256", `{"kty":"EC"}`, "ES256"}, {"p256k", `{"kty":"EC","crv":"P-256K"}`, "ES256K"},
	} {
		if tt.create != "" {
			g.must(200, "POST", "/keys/"+tt.key+"/create", tt.create)
		}
		signed := g.must(200, "POST", "/keys/"+tt.key+"/sign", `{"alg":"`+tt.alg+`","value":"`+digest+`"}`)
		signature := member(t, signed.json(), "value")
		for want, d := range map[string]string{`{"value":true}`: digest, `{"value":false}`: text(sha256Of("another"))} {
			if got := g.must(200, "POST", "/keys/"+tt.key+"/verify", `{"alg":"`+tt.alg+`","digest":"`+d+`","value":"`+signature+`"}`); got.body != want {
				t.Errorf("%s verify: %s, want %s", tt.alg, got.body, want)
			}
		}
	}
}

func TestKeysInAnHSM(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	do := func(path, body string) reply {
		got := g.in("hsm", "POST", path, body)
		if got.status != 200 {
			t.Fatalf("%s: %d %s", path, got.status, got.body)
		}
		return got
	}
	made := do("/keys/aes/create", `{"kty":"oct-HSM","key_size":256}`)
	if kid := member(t, made.json(), "key", "kid"); !strings.HasPrefix(made.body, `{"key":{"kid":"`+kid+`","kty":"oct-HSM","key_ops":["encrypt","decrypt","wrapKey","unwrapKey"]},"attributes":{`) {
		t.Errorf("an oct key: %s", made.body)
	}
	if got := g.in("hsm", "PUT", "/keys/brought", `{"key":`+octJWK+`}`); got.status != 200 || strings.Contains(got.body, `"k"`) {
		t.Errorf("import: %d %s", got.status, got.body)
	}
	sent := do("/keys/aes/encrypt", `{"alg":"A256GCM","value":"cGxhaW4","aad":"YWFk"}`)
	m := sent.json()
	value, iv, tag := member(t, m, "value"), member(t, m, "iv"), member(t, m, "tag")
	if want := `{"kid":"` + member(t, m, "kid") + `","value":"` + value + `","iv":"` + iv + `","tag":"` + tag + `","aad":"YWFk"}`; sent.body != want {
		t.Errorf("encrypt: %s, want %s", sent.body, want)
	}
	back := func(tag string) reply {
		return g.in("hsm", "POST", "/keys/aes/decrypt", `{"alg":"A256GCM","value":"`+value+`","iv":"`+iv+`","tag":"`+tag+`","aad":"YWFk"}`)
	}
	if got := back(tag); got.status != 200 || member(t, got.json(), "value") != "cGxhaW4" {
		t.Errorf("decrypt: %d %s", got.status, got.body)
	}
	if got := back("A" + tag[1:] + "A"); got.status != 400 || got.code() != "BadParameter" {
		t.Errorf("another tag: %d %s", got.status, got.body)
	}
	wrapped := member(t, do("/keys/aes/wrapkey", `{"alg":"A256KW","value":"AAECAwQFBgcICQoLDA0ODw"}`).json(), "value")
	if got := do("/keys/aes/unwrapkey", `{"alg":"A256KW","value":"`+wrapped+`"}`); member(t, got.json(), "value") != "AAECAwQFBgcICQoLDA0ODw" {
		t.Errorf("unwrap: %s", got.body)
	}
	a, b := do("/rng", `{"count":128}`), do("/rng", `{"count":128}`)
	if len(a.body) != len(`{"value":""}`)+171 || a.body == b.body {
		t.Errorf("128 random bytes: %s, %s", a.body, b.body)
	}
}

// TestRotation follows go-keys/TestRotateKey.
func TestRotation(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	g.must(200, "POST", "/keys/web/create", `{"kty":"EC-HSM"}`)
	const head = `{"id":"https://` + testHost + `/keys/web/rotationpolicy","lifetimeActions":[`
	const notify = `{"trigger":{"timeBeforeExpiry":"P30D"},"action":{"type":"Notify"}}`
	if got := g.must(200, "GET", "/keys/web/rotationpolicy", "").body; got != `{"lifetimeActions":[`+notify+`],"attributes":null}` {
		t.Errorf("the default policy: %s", got)
	}
	const sent = `{"attributes":{"expiryTime":"P90D"},"lifetimeActions":[{"action":{"type":"rotate"},"trigger":{"timeAfterCreate":"P30D"}}]}`
	const want = head + `{"trigger":{"timeAfterCreate":"P30D"},"action":{"type":"Rotate"}},` + notify + `],"attributes":{"expiryTime":"P90D","created":1795348800,"updated":1795348800}}`
	for _, s := range []struct{ method, body string }{{"PUT", sent}, {"GET", ""}, {"PUT", want}} {
		if got := g.must(200, s.method, "/keys/web/rotationpolicy", s.body).body; got != want {
			t.Errorf("%s: %s\nwant %s", s.method, got, want)
		}
	}
	rotated := g.must(200, "POST", "/keys/web/rotate", "")
	if want := fmt.Sprintf(`"attributes":{"enabled":true,"exp":%d,"created":1795348801,"updated":1795348801,`, noon.Unix()+1+90*86400); !strings.Contains(rotated.body, want) {
		t.Errorf("rotate: %s\nwant in it %s", rotated.body, want)
	}
	if got := g.must(200, "GET", "/keys/web", ""); got.body != rotated.body {
		t.Errorf("the latest is %s, want %s", got.body, rotated.body)
	}
	if got := g.must(200, "PUT", "/keys/web/rotationpolicy", `{}`).body; got != head+notify+`],"attributes":{"created":1795348800,"updated":1795348800}}` {
		t.Errorf("an emptied policy: %s", got)
	}
}
