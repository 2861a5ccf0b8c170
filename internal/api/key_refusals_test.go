package api

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

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
// ever (docs/contract/keys-and-secrets.md), and a key works from nbf until before exp.
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
