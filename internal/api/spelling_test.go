package api

import (
	"strings"
	"testing"
)

// TestEnumerationsWithoutCase: the .NET client writes crlSign; values of
// enumerations are taken in any case and answered as published.
func TestEnumerationsWithoutCase(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	g.must(202, "POST", "/certificates/net/create", `{"policy":{"issuer":{"name":"Self"},"key_props":{"kty":"ec","crv":"p-384"},
		"x509_props":{"subject":"CN=x","key_usage":["crlSign","DigitalSignature","keycertsign","cRLSign"]},
		"lifetime_actions":[{"trigger":{"lifetime_percentage":70},"action":{"action_type":"autorenew"}}]}}`)
	policy := g.must(200, "GET", "/certificates/net/policy", "").body
	for _, want := range []string{`"key_usage":["cRLSign","digitalSignature","keyCertSign"]`, `"action_type":"AutoRenew"`, `"kty":"EC"`, `"crv":"P-384"`} {
		if !strings.Contains(policy, want) {
			t.Errorf("no %s in %s", want, policy)
		}
	}
	g.must(200, "GET", "/certificates/net", "")
	policy = g.must(200, "PATCH", "/certificates/net/policy", `{"x509_props":{"key_usage":["KEYAGREEMENT"]},"lifetime_actions":[{"trigger":{"days_before_expiry":3},"action":{"action_type":"EMAILCONTACTS"}}]}`).body
	if !strings.Contains(policy, `"key_usage":["keyAgreement"]`) || !strings.Contains(policy, `"action_type":"EmailContacts"`) {
		t.Errorf("patched: %s", policy)
	}
	g.must(202, "POST", "/certificates/hsm/create", `{"policy":{"issuer":{"name":"Self"},"key_props":{"kty":"rsa-hsm"},"x509_props":{"subject":"CN=x"}}}`)
	if policy := g.must(200, "GET", "/certificates/hsm/policy", "").body; !strings.Contains(policy, `"key_props":{"exportable":false,"kty":"RSA-HSM"`) {
		t.Errorf("rsa-hsm: %s", policy)
	}
}

// TestSpellingsOfPolicies: media types compare without case, and P-256K has its
// first name in certificates too, with the algorithm that goes with it.
func TestSpellingsOfPolicies(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	const policy = `"issuer":{"name":"Self"},"x509_props":{"subject":"CN=x"}`
	g.must(202, "POST", "/certificates/pem/create", `{"policy":{`+policy+`,"secret_props":{"contentType":"Application/X-PEM-File"}}}`)
	if got := g.must(200, "GET", "/certificates/pem/policy", "").body; !strings.Contains(got, `"contentType":"application/x-pem-file"`) {
		t.Errorf("content type: %s", got)
	}
	g.must(400, "POST", "/certificates/text/create", `{"policy":{`+policy+`,"secret_props":{"contentType":"text/plain"}}}`)

	g.must(202, "POST", "/certificates/k/create", `{"policy":{`+policy+`,"key_props":{"kty":"EC","crv":"SECP256K1"}}}`)
	if got := g.must(200, "GET", "/certificates/k/policy", "").body; !strings.Contains(got, `"key_size":256,"reuse_key":false,"crv":"P-256K"`) {
		t.Errorf("curve: %s", got)
	}
	g.must(200, "POST", "/keys/old/create", `{"kty":"EC","crv":"SECP256K1"}`)
	signed := g.must(200, "POST", "/keys/old/sign", `{"alg":"ECDSA256","value":"`+digest+`"}`).json()["value"]
	for _, alg := range []string{"ECDSA256", "ES256K"} {
		if got := g.must(200, "POST", "/keys/old/verify", `{"alg":"`+alg+`","digest":"`+digest+`","value":"`+signed.(string)+`"}`).body; got != `{"value":true}` {
			t.Errorf("%s: %s", alg, got)
		}
	}
	g.must(200, "POST", "/keys/p256/create", `{"kty":"EC"}`)
	g.must(400, "POST", "/keys/p256/sign", `{"alg":"ECDSA256","value":"`+digest+`"}`)
}
