package api

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"certwright/internal/service"
	"certwright/internal/vault"
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

func TestBadKeyRequests(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	g.must(202, "POST", "/certificates/cert/create", selfPolicy)
	g.must(200, "GET", "/certificates/cert", "")
	g.must(202, "POST", "/certificates/waits/create", strings.Replace(selfPolicy, "Self", "Unknown", 1))
	g.must(200, "POST", "/keys/gone/create", `{"kty":"EC"}`)
	g.must(200, "DELETE", "/keys/gone", "")
	g.must(200, "POST", "/keys/rsa/create", `{"kty":"RSA"}`)
	g.must(200, "POST", "/keys/ec/create", `{"kty":"EC"}`)
	g.must(200, "POST", "/keys/few/create", `{"kty":"RSA","key_ops":["verify"]}`)
	g.must(200, "POST", "/keys/off/create", `{"kty":"EC","attributes":{"enabled":false}}`)
	g.must(200, "POST", "/keys/early/create", `{"kty":"RSA","attributes":{"nbf":2000000000}}`)
	g.must(200, "POST", "/keys/late/create", `{"kty":"RSA","attributes":{"exp":1700000000}}`)
	g.must(200, "POST", "/keys/fixed/create", `{"kty":"EC-HSM","attributes":{"exportable":true},"release_policy":{"data":"AA","immutable":true}}`)
	sign := func(alg, value string) string { return `{"alg":"` + alg + `","value":"` + value + `"}` }
	cipher := member(t, g.must(200, "POST", "/keys/rsa/encrypt", sign("RSA-OAEP", "AA")).json(), "value")
	tampered := "A" + cipher[1:]
	if tampered == cipher {
		tampered = "B" + cipher[1:]
	}
	const bad = "BadParameter"
	for _, tt := range []struct {
		method, path, body string
		status             int
		code, says         string
	}{
		// What keys are made of.
		{"POST", "/keys/k/create", `{}`, 400, bad, "Property 'kty' is required"},
		{"POST", "/keys/k/create", ``, 400, bad, "body is missing"},
		{"POST", "/keys/k/create", `{"kty":7}`, 400, bad, "kty must be a string"},
		{"POST", "/keys/k/create", `{"kty":"rsa"}`, 400, bad + "/KeyTypeNotSupported", "rsa"},
		{"POST", "/keys/k/create", `{"kty":"oct"}`, 400, bad + "/KeyTypeNotSupported", "oct"},
		{"POST", "/keys/k/create", `{"kty":"oct-HSM"}`, 400, bad + "/KeyTypeNotSupported", "oct-HSM"},
		{"POST", "/keys/k/create", `{"kty":"RSA","key_size":1024}`, 400, bad + "/KeySizeNotSupported", "[2048, 3072, 4096]"},
		{"POST", "/keys/k/create", `{"kty":"RSA","key_size":-2048}`, 400, bad + "/KeySizeNotSupported", ""},
		{"POST", "/keys/k/create", `{"kty":"RSA","key_size":"2048"}`, 400, bad, "key_size must be a whole number"},
		{"POST", "/keys/k/create", `{"kty":"RSA","public_exponent":3}`, 400, bad, "public_exponent"},
		{"POST", "/keys/k/create", `{"kty":"RSA","crv":"P-256"}`, 400, bad, "crv"},
		{"POST", "/keys/k/create", `{"kty":"EC","crv":"P-1"}`, 400, bad, "Invalid crv value: P-1"},
		{"POST", "/keys//create", `{"kty":"EC"}`, 400, bad, "Operation not specified"},
		{"POST", "/keys/k/create", `{"kty":"EC","key_ops":["sign","encrypt"]}`, 400, bad, `"encrypt"`},
		{"POST", "/keys/k/create", `{"kty":"EC","key_ops":"sign"}`, 400, bad, "key_ops must be an array"},
		{"POST", "/keys/k/create", `{"kty":"EC","key_ops":[null]}`, 400, bad, "Unsupported key operation"},
		{"POST", "/keys/k/create", `{"kty":"EC","attributes":{"nbf":5,"exp":5}}`, 400, bad, "attributes.exp"},
		{"POST", "/keys/k/create", `{"kty":"EC","attributes":{"exp":-1}}`, 400, bad, "attributes.exp"},
		{"POST", "/keys/k/create", `{"kty":"EC","attributes":{"exportable":1}}`, 400, bad, "attributes.exportable must be true or false"},
		{"POST", "/keys/k/create", `{"kty":"EC-HSM","attributes":{"exportable":true}}`, 400, bad, "AKV.SKR.1004: Exportable keys must have release policy."},
		{"POST", "/keys/k/create", `{"kty":"EC","attributes":{"exportable":true},"release_policy":{"data":"AA"}}`, 400, bad, "HSM key type"},
		{"POST", "/keys/k/create", `{"kty":"EC-HSM","release_policy":{"data":"AA"}}`, 400, bad, "AKV.SKR.1005: Non-exportable keys must not have release policy."},
		{"POST", "/keys/k/create", `{"kty":"EC-HSM","release_policy":{"data":"*/"}}`, 400, bad, "'release_policy.data' is not base64url"},
		{"POST", "/keys/k/create", `{"kty":"EC-HSM","release_policy":{}}`, 400, bad, "'release_policy.data' is required"},
		{"POST", "/keys/k/create", `{"kty":"EC","tags":{"a":1}}`, 400, bad, "tags must be"},
		{"POST", "/keys/a_b/create", `{"kty":"EC"}`, 400, bad, "name"},

		// Names that others have.
		{"POST", "/keys/cert/create", `{"kty":"EC"}`, 403, "Forbidden/KeyManagedByKeyVault", `"create"`},
		{"PUT", "/keys/cert", `{"key":` + ecJWK + `}`, 403, "Forbidden/KeyManagedByKeyVault", `"import"`},
		{"PUT", "/keys/cert/rotationpolicy", `{}`, 403, "Forbidden/KeyManagedByKeyVault", `"setrotationpolicy"`},
		{"POST", "/keys/waits/create", `{"kty":"EC"}`, 409, "Conflict", "certificate"},
		{"POST", "/keys/gone/create", `{"kty":"EC"}`, 409, "Conflict/ObjectIsDeletedButRecoverable", "Key gone is currently in a deleted"},
		{"PUT", "/keys/gone", `{"key":` + ecJWK + `}`, 409, "Conflict/ObjectIsDeletedButRecoverable", ""},
		{"POST", "/certificates/ec/create", selfPolicy, 409, "Conflict", ""},
		{"POST", "/deletedkeys/ec/recover", "", 400, "MethodNotAllowed/RequestNotAllowedOnNonDeletedObject", "Key exists already: ec"},
		{"DELETE", "/deletedkeys/ec", "", 404, "KeyNotFound", "Deleted Key not found: ec"},
		{"POST", "/keys/none/rotate", "", 404, "KeyNotFound", "(name/id) none "},
		{"POST", "/keys/gone/sign", sign("ES256", digest), 404, "KeyNotFound", ""},
		{"POST", "/keys/ec/0123456789abcdef0123456789abcdef/sign", sign("ES256", digest), 404, "KeyNotFound", "ec/0123456789abcdef0123456789abcdef"},
		{"GET", "/keys/none/rotationpolicy", "", 404, "KeyNotFound", ""},

		// Imports.
		{"PUT", "/keys/k", `{}`, 400, bad, "Property 'key' is required"},
		{"PUT", "/keys/k", `{"key":{}}`, 400, bad, "valid JsonWebKey"},
		{"PUT", "/keys/k", `{"key":` + octJWK + `}`, 400, bad + "/KeyTypeNotSupported", "oct"},
		{"PUT", "/keys/k", `{"key":` + strings.Replace(ecJWK, "jpsQ", "jps*", 1) + `}`, 400, bad, "Content of 'key.d' is not base64url"},
		{"PUT", "/keys/k", `{"key":` + strings.Replace(ecJWK, "jpsQ", "jpsR", 1) + `}`, 400, bad, ""},
		{"PUT", "/keys/k", `{"key":` + strings.Replace(ecJWK, `"d"`, `"no"`, 1) + `}`, 400, bad, "valid JsonWebKey"},
		{"PUT", "/keys/k", `{"key":` + strings.Replace(ecJWK, "P-256", "P-255", 1) + `}`, 400, bad, "crv"},
		{"PUT", "/keys/k", `{"Hsm":"yes","key":` + ecJWK + `}`, 400, bad, "Hsm must be true or false"},

		// Updates.
		{"PATCH", "/keys/ec", `{"key_ops":["wrapKey"]}`, 400, bad, `"wrapKey"`},
		{"PATCH", "/keys/ec", `{"release_policy":{"data":"AA"}}`, 400, bad, "AKV.SKR.1005: "},
		{"PATCH", "/keys/ec", `{"attributes":{"exportable":true},"release_policy":{"data":"AA"}}`, 400, bad, "AKV.SKR.1014: Cannot modify the exportable state of a key."},
		{"PATCH", "/keys/ec", `{"attributes":{"exportable":true}}`, 400, bad, "AKV.SKR.1014: "},
		{"PATCH", "/keys/fixed", `{"attributes":{"exportable":false}}`, 400, bad, "AKV.SKR.1014: "},
		{"PATCH", "/keys/fixed", `{"release_policy":{"data":"AQ","immutable":true}}`, 400, bad, "AKV.SKR.1020: Immutable Key Release Policy cannot be modified."},
		{"PATCH", "/keys/fixed", `{"release_policy":{"data":"AA","immutable":false}}`, 400, bad, "AKV.SKR.1020: Immutable Key Release Policy cannot be modified."},
		{"PATCH", "/keys/none", `{}`, 404, "KeyNotFound", ""},

		// Use: the request, then the algorithm, then the bytes.
		{"POST", "/keys/rsa/sign", `{"value":"AA"}`, 400, bad, "Property 'alg' is required"},
		{"POST", "/keys/rsa/sign", `{"alg":"RS256"}`, 400, bad, "Property 'value' is required"},
		{"POST", "/keys/rsa/verify", `{"alg":"RS256","value":"AA"}`, 400, bad, "Property 'digest' is required"},
		{"POST", "/keys/rsa/sign", sign("RS256", "!"), 400, bad, "Content of 'value' is not base64url"},
		{"POST", "/keys/rsa/sign", sign("RS256", `AA\n`), 400, bad, "Content of 'value' is not base64url"},
		{"POST", "/keys/rsa/sign", sign("RS256", "AA="), 400, bad, "Content of 'value' is not base64url"},
		{"POST", "/keys/rsa/sign", sign("RS256", "AB"), 400, bad, "Content of 'value' is not base64url"},
		{"POST", "/keys/rsa/sign", `{"alg":1,"value":"AA"}`, 400, bad, "alg must be a string"},
		{"POST", "/keys/rsa/sign", sign("HS256", digest), 400, bad, "HS256"},
		{"POST", "/keys/rsa/sign", sign("rs256", digest), 400, bad, "rs256"},
		{"POST", "/keys/rsa/sign", sign("ES256", digest), 400, bad, "incompatible"},
		{"POST", "/keys/ec/sign", sign("RS256", digest), 400, bad, "incompatible"},
		{"POST", "/keys/ec/sign", sign("ES256K", digest), 400, bad, "P-256K"},
		{"POST", "/keys/ec/sign", sign("ES384", digest), 400, bad, "P-384"},
		{"POST", "/keys/ec/sign", sign("ES256", "AAAA"), 400, bad, "Invalid length of 'value': 3 bytes"},
		{"POST", "/keys/rsa/sign", sign("PS512", digest), 400, bad, "64 bytes"},
		{"POST", "/keys/rsa/encrypt", sign("RSA-OAEP", text(make([]byte, 300))), 400, bad, "at most 214 bytes"},
		{"POST", "/keys/rsa/decrypt", sign("RSA-OAEP", tampered), 400, bad, "The parameter is incorrect"},
		{"POST", "/keys/rsa/decrypt", sign("RSA-OAEP-256", cipher), 400, bad, "The parameter is incorrect"},
		{"POST", "/keys/rsa/decrypt", sign("RSA1_5", tampered), 400, bad, "The parameter is incorrect"},
		{"POST", "/keys/rsa/unwrapkey", sign("RSA-OAEP", tampered), 400, bad, "The parameter is incorrect"},
		{"POST", "/keys/few/sign", sign("RS256", digest), 403, "Forbidden/KeyOperationForbidden", "Operation sign is not permitted"},
		{"POST", "/keys/ec/encrypt", sign("RSA-OAEP", "AA"), 403, "Forbidden/KeyOperationForbidden", "Operation encrypt is not permitted"},
		{"POST", "/keys/off/sign", sign("ES256", digest), 403, "Forbidden/KeyDisabled", "disabled key"},
		{"POST", "/keys/off/verify", `{"alg":"ES256","digest":"AA","value":"AA"}`, 403, "Forbidden/KeyDisabled", "disabled key"},
		{"POST", "/keys/early/sign", sign("RS256", digest), 403, "Forbidden/KeyNotYetValid", "sign"},
		{"POST", "/keys/early/wrapkey", sign("RSA-OAEP", "AA"), 403, "Forbidden/KeyNotYetValid", "wrapKey"},
		{"POST", "/keys/late/encrypt", sign("RSA-OAEP", "AA"), 403, "Forbidden/KeyExpired", "encrypt"},
		{"POST", "/keys/rsa/release", `{}`, 400, bad, "Property 'target' is required"},
		{"POST", "/keys/rsa/release", `{"target":"x"}`, 403, "Forbidden/KeyNotExportable", "release"},
		{"POST", "/keys/fixed/release", `{"target":"x"}`, 403, "Forbidden/AccessDenied", "attestation"},
		{"POST", "/rng", `{"count":1}`, 404, "NotFound", "/rng"},
		{"POST", "/rng", `{}`, 400, bad, "Property 'count' is required"},

		// Rotation policies.
		{"PUT", "/keys/ec/rotationpolicy", `[]`, 400, bad, "JSON object"},
		{"PUT", "/keys/ec/rotationpolicy", `{"attributes":{"expiryTime":"90 days"}}`, 400, bad, "'90 days' is not an ISO 8601 duration"},
		{"PUT", "/keys/ec/rotationpolicy", `{"attributes":{"expiryTime":"P27D"}}`, 400, bad, "less than 28 days"},
		{"PUT", "/keys/ec/rotationpolicy", `{"lifetimeActions":[{"action":{"type":"Rotate"},"trigger":{}}]}`, 400, bad, "exactly one"},
		{"PUT", "/keys/ec/rotationpolicy", `{"lifetimeActions":[{"action":{"type":"Delete"},"trigger":{"timeAfterCreate":"P30D"}}]}`, 400, bad, "Delete"},
		{"PUT", "/keys/ec/rotationpolicy", `{"lifetimeActions":[{"action":{"type":"Rotate"},"trigger":{"timeAfterCreate":30}}]}`, 400, bad, "timeAfterCreate must be a string"},
		{"PUT", "/keys/ec/rotationpolicy", `{"lifetimeActions":[null]}`, 400, bad, "lifetimeActions"},

		{"POST", "/keys/restore", `{}`, 400, bad, "value is missing"},
		{"GET", "/deletedkeys/none", "", 404, "KeyNotFound", "A key with (name/id) none was not found in this key vault."},
		{"GET", "/deletedsecrets/none", "", 404, "SecretNotFound", "A secret with (name/id) none was not found in this key vault."},
		{"GET", "/deletedkeys/ec", "", 404, "KeyNotFound", "Deleted Key not found: ec"},

		{"POST", "/keys/restore", `{"value":"bm9uLWV4aXN0aW5n"}`, 400, "Malformed backup blob", "Backup blob is corrupt."},
		{"POST", "/secrets/restore", `{"value":"bm9uLWV4aXN0aW5n"}`, 400, "Malformed backup blob", "Backup blob is corrupt."},
		{"POST", "/certificates/restore", `{"value":"bm9uLWV4aXN0aW5n"}`, 400, "Malformed backup blob", "Backup blob is corrupt."},
		{"POST", "/keys/restore", `{"value":"!"}`, 400, "Malformed backup blob", "Backup blob contains invalid or corrupt version."},
		{"POST", "/certificates/restore", `{"value":"` + strings.Repeat("A", 11591) + `"}`, 400, "Malformed backup blob", "Backup blob contains invalid or corrupt version."},
	} {
		got := g.do(tt.method, tt.path, tt.body)
		if got.status != tt.status || got.code() != tt.code || !strings.Contains(got.message(), tt.says) {
			t.Errorf("%s %s %.120s: %d %s, want %d %s %q", tt.method, tt.path, tt.body, got.status, got.body, tt.status, tt.code, tt.says)
		}
	}
	for _, tt := range []struct{ vault, path, body, code string }{
		{"standard", "/keys/k/create", `{"kty":"RSA-HSM"}`, "BadParameter"},
		{"standard", "/keys/k/create", `{"kty":"EC-HSM"}`, "BadParameter"},
		{"hsm", "/keys/k/create", `{"kty":"oct","key_size":64}`, "BadParameter/KeySizeNotSupported"},
		{"hsm", "/rng", `{"count":0}`, "BadParameter"},
		{"hsm", "/rng", `{"count":129}`, "BadParameter"},
	} {
		if got := g.in(tt.vault, "POST", tt.path, tt.body); got.status != 400 || got.code() != tt.code {
			t.Errorf("in %s %s %s: %d %s, want 400 %s", tt.vault, tt.path, tt.body, got.status, got.body, tt.code)
		}
	}
	if got := g.in("standard", "PUT", "/keys/k", `{"Hsm":true,"key":`+ecJWK+`}`); got.status != 400 || !strings.Contains(got.message(), "sku premium") {
		t.Errorf("import of an -HSM key in a standard vault: %d %s", got.status, got.body)
	}
	if log := g.log.String(); strings.Contains(log, "request failed") || strings.Contains(log, "panicked") {
		t.Errorf("the log has a fault: %s", log)
	}
}

// TestKeysOutsideTheirDates: what was protected with a key can be opened for
// ever (CONTRACT section 7), and a key works from nbf until before exp.
func TestKeysOutsideTheirDates(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	g.must(200, "POST", "/keys/k/create", fmt.Sprintf(`{"kty":"RSA","attributes":{"nbf":%d,"exp":%d}}`, noon.Unix()+10, noon.Unix()+20))
	do := func(verb, alg, value string) reply {
		return g.do("POST", "/keys/k/"+verb, `{"alg":"`+alg+`","value":"`+value+`","digest":"`+digest+`"}`)
	}
	var cipher, signature string
	for at, allowed := range []bool{false, true, false} {
		for _, op := range []struct{ verb, alg, value string }{{"encrypt", "RSA-OAEP", "AA"}, {"sign", "RS256", digest}, {"wrapkey", "RSA-OAEP", "AA"}} {
			got := do(op.verb, op.alg, op.value)
			if (got.status == 200) != allowed || !allowed && got.status != 403 {
				t.Errorf("%s at step %d: %d %s", op.verb, at, got.status, got.body)
			}
			if allowed && op.verb == "sign" {
				signature = member(t, got.json(), "value")
			} else if allowed {
				cipher = member(t, got.json(), "value")
			}
		}
		g.clock.Advance(10 * time.Second)
	}
	for _, op := range []struct{ verb, alg, value string }{{"decrypt", "RSA-OAEP", cipher}, {"verify", "RS256", signature}, {"unwrapkey", "RSA-OAEP", cipher}} {
		if got := do(op.verb, op.alg, op.value); got.status != 200 {
			t.Errorf("%s after exp: %d %s", op.verb, got.status, got.body)
		}
	}
}

func TestOctets(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"": "", "AA": "\x00", "AA==": "\x00", "-_8": "\xfb\xff", "-_8=": "\xfb\xff", "+/8": "\xfb\xff", "+/8=": "\xfb\xff", "AAAA": "\x00\x00\x00"} {
		if got, err := octets("m", &in); err != nil || string(got) != want {
			t.Errorf("%q: %q %v, want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"A", "AA=", "AAA==", "AAAA====", "====", "+B", "/B", "*A", "A A", "AA\n", "AA\r\n==", "AB", "=AAA", "AA=A", "Ä"} {
		var refusal *vault.Error
		if got, err := octets("m", &in); !errors.As(err, &refusal) || refusal.Message != "Content of 'm' is not base64url.\r\n" {
			t.Errorf("%q: %q %v, want a refusal", in, got, err)
		}
	}
	if got, err := octets("m", nil); got != nil || err != nil {
		t.Errorf("a member that was not sent: %q %v", got, err)
	}
}

func FuzzDecodeKey(f *testing.F) {
	f.Add([]byte(`{"kty":"RSA","key_size":2048,"key_ops":["sign"],"attributes":{"exp":1e9,"exportable":true},"release_policy":{"data":"AA==","immutable":true},"tags":{"a":"b"}}`))
	f.Add([]byte(`{"Hsm":true,"key":` + ecJWK + `}`))
	f.Add([]byte(`{"key":` + octJWK + `,"attributes":{"nbf":1}}`))
	f.Add([]byte(`{"alg":"A256GCM","value":"AA","iv":"AA","aad":"","tag":"AB"}`))
	f.Add([]byte(`{"alg":"RS256","digest":"AA","value":null}`))
	f.Add([]byte(`{"attributes":{"expiryTime":"P90D"},"lifetimeActions":[{"action":{"type":"rotate"},"trigger":{"timeAfterCreate":"P1M"}}]}`))
	newest, err := parseVersion("2026-04-01")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		taken := func(err error) bool {
			var refusal *vault.Error
			if err != nil && (!errors.As(err, &refusal) || refusal.Reason != vault.Invalid) {
				t.Errorf("%q: %v is no refusal", body, err)
			}
			if err == nil && !json.Valid(body) {
				t.Errorf("%q was taken", body)
			}
			return err == nil
		}
		in, err := readKeyCreate(body, newest)
		if taken(err) && in.Release != nil && !json.Valid(in.Release) {
			t.Errorf("%q: release policy %q", body, in.Release)
		}
		brought, err := readKeyImport(body, newest)
		if printed := fmt.Sprintf("%v %+v %#v", brought.Key, brought, brought.Key); taken(err) && strings.Count(printed, "[key]") != 3 {
			t.Errorf("%q: a key is printed", body)
		}
		for _, op := range []string{vault.OpSign, vault.OpVerify} {
			_, err = readCrypto(body, op)
			taken(err)
		}
		actions, expiry, err := readRotation(body)
		if !taken(err) {
			return
		}
		p, err := vault.DefaultKeyRotationPolicy().Set(actions, expiry, noon)
		if !taken(err) {
			return
		}
		shown, err := encode(view{"https://v", newest}.rotation(webRef.As(vault.Keys), p))
		if err != nil {
			t.Fatal(err)
		}
		again, expires, err := readRotation(shown)
		if err != nil || len(again) != len(p.Actions) || expires != p.Expiry {
			t.Errorf("%q is shown as %s, which is not read again: %v", body, shown, err)
		}
	})
}

func TestOctShape(t *testing.T) {
	t.Parallel()
	k := service.Bundle{Settings: settings, Version: vault.Version{Ref: webRef.As(vault.Keys), ID: testID, Attributes: attrs,
		Key: &vault.KeyBody{Type: vault.OctHSM, Size: 256, Private: vault.Sealed("sealed"), Exportable: true, Release: []byte(`{"contentType":"x","data":"","immutable":false}`)}}}
	got, err := viewAt(t, "7.5").key(k)
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, `{"key":{"kid":"$/keys/web/`+testID+`","kty":"oct-HSM","key_ops":[]},"attributes":`+
		strings.Replace(dates74, "}", `,"exportable":true,"hsmPlatform":"2"}`, 1)+`,"release_policy":{"contentType":"x","data":"","immutable":false}}`)
}
