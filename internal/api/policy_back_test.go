package api

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
	"certwright/internal/service/servicetest"
)

// TestPolicyOfImportSentBack: clients read the policy, change one member and
// send all of it. What the certificate itself decided is taken back then, though
// no caller may write it: a long subject, as extended validation makes them, and
// 150 years.
func TestPolicyOfImportSentBack(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	for name, years := range map[string]int{"long": 1, "old": 150} {
		g.must(200, "POST", "/certificates/"+name+"/import", extended(t, years))
		var policy map[string]any
		must.Do(t, json.Unmarshal([]byte(g.must(200, "GET", "/certificates/"+name+"/policy", "").body), &policy))
		policy["lifetime_actions"] = []any{map[string]any{"trigger": map[string]any{"days_before_expiry": 20}, "action": map[string]any{"action_type": "EmailContacts"}}}
		back, err := json.Marshal(policy)
		must.Do(t, err)
		if got := g.must(200, "PATCH", "/certificates/"+name+"/policy", string(back)).body; !strings.Contains(got, `"days_before_expiry":20`) {
			t.Errorf("%s: %s", name, got)
		}
	}

	g.must(200, "PATCH", "/certificates/long/policy", `{"key_props":{"reuse_key":true},"issuer":{"name":"Self"}}`)
	g.must(202, "POST", "/certificates/long/create", `{}`)
	g.must(400, "PATCH", "/certificates/old/policy", `{"key_props":{"reuse_key":true}}`)
	longer := strings.Repeat("y", 200)
	if got := g.must(400, "PATCH", "/certificates/long/policy", `{"x509_props":{"subject":"CN=x, O=`+longer+`"}}`); !strings.Contains(got.message(), "longer than 200") {
		t.Errorf("another long subject: %s", got.body)
	}
}

// extended returns an import of a certificate with a subject of more than 200
// characters.
func extended(t *testing.T, years int) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must.Do(t, err)
	now := time.Now()
	long := strings.Repeat("x", 60)
	text := servicetest.SelfSigned(t, key, x509.Certificate{NotBefore: now, NotAfter: now.AddDate(years, 0, 0),
		Subject: pkix.Name{Organization: []string{long}, OrganizationalUnit: []string{long}, Locality: []string{long}, CommonName: long}})
	body, err := json.Marshal(map[string]any{"value": text, "policy": map[string]any{"secret_props": map[string]any{"contentType": "application/x-PEM-file"}}})
	must.Do(t, err)
	return string(body)
}
