package api

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"certwright/internal/policy"
	"certwright/internal/vault"
	"certwright/internal/wire"
)

// TestBadRequests: every wrong request gets its own refusal, and none a 500.
func TestBadRequests(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	g.must(202, "POST", "/certificates/live/create", selfPolicy)
	g.must(200, "GET", "/certificates/live", "")
	const create = "/certificates/web/create"
	tags := func(n int, value string) string {
		m := map[string]string{}
		for i := range n {
			m["t"+strconv.Itoa(i)] = value
		}
		b, _ := json.Marshal(m)
		return `{"tags":` + string(b) + `}`
	}
	for _, tt := range []struct {
		method, target, body string
		status               int
		code, says           string
	}{
		// The body as a whole.
		{"POST", create, "", 400, "BadParameter", "body is missing"},
		{"POST", create, "  \r\n", 400, "BadParameter", "body is missing"},
		{"POST", create, "{", 400, "BadParameter", "not valid JSON"},
		{"POST", create, `{"policy":{},}`, 400, "BadParameter", "not valid JSON"},
		{"POST", create, `{"policy":{"issuer":{"name":"Self",}}}`, 400, "BadParameter", "not valid JSON"},
		{"POST", create, selfPolicy + "x", 400, "BadParameter", "not valid JSON"},
		{"POST", create, selfPolicy + selfPolicy, 400, "BadParameter", "not valid JSON"},
		{"POST", create, "[" + selfPolicy + "]", 400, "BadParameter", "must be a JSON object"},
		{"POST", create, `"x"`, 400, "BadParameter", "must be a JSON object"},
		{"POST", create, "null", 400, "BadParameter", "must be a JSON object"},
		{"POST", create, "{\"a\":\"\xff\"}", 400, "BadParameter", "UTF-8"},
		{"POST", create, "\ufeff{}", 400, "BadParameter", ""},
		{"POST", create, "policy=x", 400, "BadParameter", ""},
		{"POST", create, `{"a":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + "}", 400, "BadParameter", ""},
		{"POST", create, `{"a":"` + strings.Repeat("x", maxBody) + `"}`, 413, "RequestEntityTooLarge", "1048576 bytes"},
		{"PATCH", "/certificates/live", "", 400, "BadParameter", "body is missing"},
		{"PATCH", "/certificates/live/policy", "", 400, "BadParameter", "body is missing"},

		// Members of the wrong type are named.
		{"POST", create, `{"policy":[]}`, 400, "BadParameter", "policy must be an object"},
		{"POST", create, `{"policy":{"key_props":{"key_size":"2048"}}}`, 400, "BadParameter", "policy.key_props.key_size must be a whole number"},
		{"POST", create, `{"policy":{"key_props":{"key_size":2048.5}}}`, 400, "BadParameter", "policy.key_props.key_size must be a whole number"},
		{"POST", create, `{"policy":{"key_props":{"key_size":1e999}}}`, 400, "BadParameter", "policy.key_props.key_size must be a whole number"},
		{"POST", create, `{"policy":{"key_props":{"exportable":"true"}}}`, 400, "BadParameter", "policy.key_props.exportable must be true or false"},
		{"POST", create, `{"policy":{"key_props":{"kty":7}}}`, 400, "BadParameter", "policy.key_props.kty must be a string"},
		{"POST", create, `{"policy":{"x509_props":{"sans":{"dns_names":"a"}}}}`, 400, "BadParameter", "policy.x509_props.sans.dns_names must be an array"},
		{"POST", create, `{"policy":{"x509_props":{"ekus":[1]}}}`, 400, "BadParameter", "policy.x509_props.ekus must be a string"},
		{"POST", create, `{"policy":{"lifetime_actions":[{"trigger":{"lifetime_percentage":"80"}}]}}`, 400, "BadParameter", "policy.lifetime_actions.trigger.lifetime_percentage must be a whole number"},
		{"POST", create, `{"attributes":{"enabled":1}}`, 400, "BadParameter", "attributes.enabled must be true or false"},
		{"POST", create, `{"attributes":{"exp":"soon"}}`, 400, "BadParameter", "attributes.exp must be a number"},
		{"POST", create, `{"attributes":true}`, 400, "BadParameter", "attributes must be an object"},
		{"POST", create + "?api-version=2026-04-01", `{"policy":{"platformManaged":{"certificateUsage":"u","metadata":7}}}`, 400, "BadParameter", "platformManaged.metadata must be an object"},
		{"POST", create, `{"tags":[]}`, 400, "BadParameter", "tags must be"},
		{"POST", create, `{"tags":{"a":1}}`, 400, "BadParameter", "tags must be"},
		{"POST", create, `{"tags":{"a":null}}`, 400, "BadParameter", "tags must be"},
		{"POST", create, tags(16, "x"), 400, "BadParameter", "more than 15 tags"},
		{"POST", create, tags(1, strings.Repeat("x", 257)), 400, "BadParameter", "more than 256 characters"},
		{"POST", create, `{"tags":{"` + strings.Repeat("x", 257) + `":""}}`, 400, "BadParameter", "more than 256 characters"},
		{"POST", "/keys/k/create", `{"kty":"EC","tags":{"` + strings.Repeat("x", 257) + `":""}}`, 400, "BadParameter", "more than 256 characters"},
		{"PUT", "/secrets/s", `{"value":"x","tags":{"` + strings.Repeat("x", 513) + `":""}}`, 400, "BadParameter", "more than 512 characters"},
		{"PATCH", "/secrets/s", tags(1, strings.Repeat("x", 513)), 400, "BadParameter", "more than 512 characters"},

		// Enumerations and values are the rules of package vault.
		{"POST", create, `{"policy":{"key_props":{"kty":"DSA"},"x509_props":{"subject":"CN=x"}}}`, 400, "BadParameter", "kty"},
		{"POST", create, `{"policy":{"key_props":{"kty":"EC","crv":"P-1"},"x509_props":{"subject":"CN=x"}}}`, 400, "BadParameter", "crv"},
		{"POST", create, `{"policy":{"key_props":{"key_size":1024},"x509_props":{"subject":"CN=x"}}}`, 400, "BadParameter/KeySizeNotSupported", ""},
		{"POST", create, `{"policy":{"x509_props":{"subject":"CN=x","key_usage":[null]}}}`, 400, "BadParameter", "key_usage"},
		{"POST", create, `{"policy":{"x509_props":{"subject":"CN=x"},"lifetime_actions":[null]}}`, 400, "BadParameter", "lifetime_actions"},
		{"POST", create, `{"policy":{"x509_props":{"subject":"nonsense"}}}`, 400, "BadParameter", "distinguished name"},
		{"POST", create, `{}`, 400, "BadParameter", ""},
		{"POST", create, `{"policy":{"issuer":{"name":"Self"}}}`, 400, "BadParameter", "Either subjectName or san must be present"},
		{"POST", create, `{"policy":{"x509_props":{"subject":"nonsense","key_usage":["signing"]}}}`, 400, "BadParameter", "Property policy.x509_props has invalid value. Invalid X.500 distinguished name\r\n"},
		{"POST", create, `{"policy":{"x509_props":{"subject":"CN=x","key_usage":["crlSigns"]}}}`, 400, "BadParameter", "key_usage 'crlSigns' is not a key usage"},

		// Required members.
		{"POST", "/certificates/web/import", `{}`, 400, "BadParameter", "value is missing"},
		{"POST", "/certificates/web/import", `{"value":" "}`, 400, "BadParameter", "value is missing"},
		{"POST", "/certificates/web/import", `{"value":"%%%"}`, 400, "BadParameter", ""},
		{"POST", "/certificates/web/import", `{"value":7}`, 400, "BadParameter", "value must be a string"},
		{"POST", "/certificates/web/import", `{"value":"x","pwd":{}}`, 400, "BadParameter", "pwd must be a string"},
		{"POST", "/certificates/live/pending/merge", `{}`, 400, "BadParameter", "Property x5c has invalid value X5C must has at least one valid item"},
		{"POST", "/certificates/live/pending/merge", `{"x5c":[]}`, 400, "BadParameter", "Property x5c has invalid value X5C must has at least one valid item"},
		{"POST", "/certificates/live/pending/merge", `{"x5c":"MII"}`, 400, "BadParameter", "x5c must be an array"},
		{"PATCH", "/certificates/live/pending", `{}`, 400, "BadParameter", "cancellation_requested is missing"},
		{"PATCH", "/certificates/live/pending", `{"cancellation_requested":null}`, 400, "BadParameter", "cancellation_requested is missing"},
		{"PATCH", "/certificates/live/pending", `{"cancellation_requested":"true"}`, 400, "BadParameter", "cancellation_requested must be true or false"},
		{"POST", "/certificates/restore", `{}`, 400, "BadParameter", "value is missing"},
		{"POST", "/certificates/restore", `{"value":"not base64 !"}`, 400, "Malformed backup blob", ""},
		{"POST", "/certificates/restore", `{"value":"Zm9v"}`, 400, "Malformed backup blob", ""},
		{"PUT", "/certificates/contacts", `{}`, 400, "BadParameter", "contacts is missing"},
		{"PUT", "/certificates/contacts", `{"contacts":[{"name":"A"}]}`, 400, "BadParameter", "contacts.email is missing"},
		{"PUT", "/certificates/contacts", `{"contacts":[null]}`, 400, "BadParameter", "contacts.email is missing"},
		{"PUT", "/certificates/issuers/i", `{}`, 400, "BadParameter", "provider is missing"},
		{"PUT", "/certificates/issuers/i", `{"provider":""}`, 400, "BadParameter", "provider is missing"},
		{"PUT", "/certificates/issuers/i", `{"provider":"Test","credentials":{"pwd":1}}`, 400, "BadParameter", "credentials.pwd must be a string"},
		{"PUT", "/certificates/issuers/Self", `{"provider":"Test"}`, 400, "BadParameter", "reserved"},

		// Names.
		{"POST", "/certificates/a_b/create", selfPolicy, 400, "BadParameter", "The request URI contains an invalid name: a_b"},
		{"PUT", "/secrets/my.secret", `{"value":"x"}`, 400, "BadParameter", "The request URI contains an invalid name: my.secret"},
		{"POST", "/certificates/" + strings.Repeat("a", 128) + "/create", selfPolicy, 400, "BadParameter", "name"},
		{"GET", "/certificates/a%2Fb", "", 400, "BadParameter", "name"},
		{"GET", "/certificates/%00", "", 400, "BadParameter", "name"},
		{"GET", "/certificates/%ff", "", 400, "BadParameter", "name"},
		{"GET", "/certificates/..", "", 400, "BadParameter", "name"},
		{"GET", "/keys/a%20b", "", 400, "BadParameter", "name"},
		{"GET", "/secrets/%E4%B8%AD", "", 400, "BadParameter", "name"},
		{"GET", "/certificates/issuers/a%20b", "", 400, "BadParameter", "name"},
		{"GET", "/certificates/live/notaversion", "", 404, "CertificateNotFound", "live/versions/notaversion"},
		{"GET", "/keys/live/notaversion", "", 404, "KeyNotFound", "live/notaversion"},

		// The query.
		{"GET", "/certificates?api-version=", "", 400, "BadParameter", "api-version is missing"},
		{"GET", "/certificates?api-version=latest", "", 400, "BadParameter", "api-version"},
		{"GET", "/certificates?api-version=7.4&%zz=1", "", 400, "BadParameter", "query"},
		{"GET", "/certificates?maxresults=0", "", 400, "BadParameter", "maxresults"},
		{"GET", "/certificates?maxresults=26", "", 400, "BadParameter", "maxresults"},
		{"GET", "/certificates?maxresults=-1", "", 400, "BadParameter", "maxresults"},
		{"GET", "/certificates?maxresults=ten", "", 400, "BadParameter", "maxresults"},
		{"GET", "/certificates?maxresults=99999999999999999999", "", 400, "BadParameter", "maxresults"},
		{"GET", "/certificates?includePending=maybe", "", 400, "BadParameter", "includePending"},
		{"GET", "/certificates?$skiptoken=x", "", 400, "BadParameter", "$skiptoken"},
		{"GET", "/certificates?$skiptoken=e30", "", 400, "BadParameter", "$skiptoken"},
		{"GET", "/keys?%24skiptoken=bnVsbA", "", 400, "BadParameter", "$skiptoken"},
		{"GET", "/certificates/issuers?maxresults=26", "", 400, "BadParameter", "maxresults"},
		{"GET", "/secrets/live/versions?maxresults=26", "", 400, "BadParameter", "maxresults"},

		// Paths and methods.
		{"GET", "/", "", 404, "NotFound", ""},
		{"GET", "/nowhere", "", 404, "NotFound", "/nowhere"},
		{"DELETE", "/certificates", "", 405, "MethodNotAllowed", "HTTP DELETE not allowed"},
		{"POST", "/certificates//create", selfPolicy, 405, "MethodNotAllowed", "HTTP POST not allowed"},
		{"PUT", "/secrets/", `{"value":"x"}`, 405, "MethodNotAllowed", "HTTP PUT not allowed"},
		{"PUT", "/certificates/live", "", 405, "MethodNotAllowed", ""},
		{"GET", create, "", 405, "MethodNotAllowed", ""},
		{"BREW", "/certificates/live", "", 405, "MethodNotAllowed", ""},
		{"GET", "/certificates/none", "", 404, "CertificateNotFound", "(name/id) none "},
		{"GET", "/deletedcertificates/none", "", 404, "CertificateNotFound", "A certificate with (name/id) none was not found"},
	} {
		got := g.do(tt.method, tt.target, tt.body)
		if got.status != tt.status || got.code() != tt.code || !strings.Contains(got.message(), tt.says) {
			t.Errorf("%s %.120s %.120s: %d %s, want %d %s %q", tt.method, tt.target, tt.body, got.status, got.body, tt.status, tt.code, tt.says)
		}
		if got.status == 405 && got.header.Get("Allow") == "" {
			t.Errorf("%s %s: 405 without Allow", tt.method, tt.target)
		}
	}
	if log := g.log.String(); strings.Contains(log, "request failed") || strings.Contains(log, "panicked") {
		t.Errorf("the log has a fault: %s", log)
	}
}

// TestOddRequestsAreTaken: what clients really send that looks odd.
func TestOddRequestsAreTaken(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	const ec = `"key_props":{"kty":"EC"},"x509_props":{"subject":"CN=x"`
	for i, body := range []string{
		`{"policy":{` + ec + `},"issuer":{"name":"Self"},"attributes":{}},"attributes":{},"tags":null}`,
		`{"policy":{` + ec + `,"sans":{},"ekus":null}},"unknown":[1,{"x":2}],"attributes":{"enabled":true,"nbf":1,"exp":1.5e9,"created":"x"}}`,
		`{"policy":{"id":"x","attributes":{"enabled":true,"created":1},` + ec + `,"basic_constraints":{"ca":false}}},"preserveCertOrder":null}`,
		"\n " + `{"Policy":{` + ec + `,"sans":{"uris":["not looked at in 7.4"]}}}}` + "\r\n",
		`{"policy":{"platformManaged":{},` + ec + `}},"tags":{"` + strings.Repeat("é", 256) + `":""}}`,
	} {
		if got := g.do("POST", "/certificates/c"+strconv.Itoa(i)+"/create", body); got.status != 202 {
			t.Errorf("%s: %d %s", body, got.status, got.body)
		}
	}
}

func TestPolicyPatchHoldsWhatWasSent(t *testing.T) {
	t.Parallel()
	var in policyIn
	if err := wire.Decode([]byte(`{"key_props":{"kty":"EC","crv":"P-384"},"secret_props":{},"x509_props":{"sans":{"emails":[]},"key_usage":[]},
		"lifetime_actions":[],"issuer":{"cty":"EV-SSL","cert_transparency":false},"attributes":{"enabled":false}}`), &in); err != nil {
		t.Fatal(err)
	}
	ec, p384, cty, no := vault.EC, vault.P384, "EV-SSL", false
	want := &policy.Patch{Key: &policy.KeyPatch{Type: &ec, Curve: &p384}, Secret: &policy.SecretPatch{},
		X509:     &policy.X509Patch{SANs: &vault.SANs{Emails: []string{}}, Usage: &[]vault.KeyUsage{}, KeepNewSANs: true},
		Lifetime: &[]vault.LifetimeAction{}, Issuer: &policy.IssuerPatch{CertType: &cty, Transparency: &no}, Enabled: &no}
	if diff := cmp.Diff(want, in.patch(mustVersion(t, "7.4"))); diff != "" {
		t.Errorf("patch (-want +got):\n%s", diff)
	}
	if (*policyIn)(nil).patch(mustVersion(t, "7.4")) != nil {
		t.Error("a policy that was not sent became a patch")
	}
}

func FuzzDecodeCreate(f *testing.F) {
	f.Add([]byte(selfPolicy))
	f.Add([]byte(`{"policy":{"lifetime_actions":[{"trigger":{"days_before_expiry":3},"action":{"action_type":"AutoRenew"}}],"platformManaged":{"metadata":{}}},"tags":{"a":"b"}}`))
	f.Add([]byte(`{"policy":null,"attributes":{"exp":1e3},}`))
	f.Add([]byte("{\"\xff\":{}}"))
	f.Add([]byte("{}\v")) // white space elsewhere, not in JSON
	newest, err := wire.ParseVersion("2026-04-01")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		in, err := readCreate(body)
		var refusal *vault.Error
		if err != nil {
			if !errors.As(err, &refusal) || refusal.Reason != vault.Invalid {
				t.Errorf("%q: %v is no refusal", body, err)
			}
			return
		}
		if !json.Valid(body) {
			t.Errorf("%q was taken", body)
		}
		if p := in.Policy.patch(newest); p != nil {
			policy := policy.New(*p, noon)
			if _, err := wire.Encode(view{"https://v", newest}.policy(webRef, policy)); err != nil {
				t.Errorf("%q makes a policy that cannot be shown: %v", body, err)
			}
		}
	})
}

// Half a surrogate pair is refused, where it stands does not matter; it would
// be stored as U+FFFD.
func TestHalfPairsAreRefused(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	for text, want := range map[string]int{
		`\ud83d\ude00`: 200, `\uD83D\uDE00\uD83D\uDE00`: 200, `\\ud800`: 200, `\ufffd`: 200, `\u0000`: 200, `\"\ud83d\ude00`: 200,
		`\ud800`: 400, `\uDFFF`: 400, `a\ud800b`: 400, `\ude00\ud83d`: 400, `\ud83d\ud83d\ude00`: 400, `\ud800\n`: 400, `\\\ud800`: 400, `\ud800\\udc00`: 400,
	} {
		for _, body := range []string{`{"value":"` + text + `"}`, `{"value":"x","tags":{"` + text + `":"x"}}`, `{"value":"x","ignored":["` + text + `"]}`} {
			if got := g.do("PUT", "/secrets/s", body); got.status != want || want == 400 && !strings.Contains(got.message(), "surrogate") {
				t.Errorf("%s: %d %s, want %d", body, got.status, got.body, want)
			}
		}
	}
	if got := g.do("PUT", "/secrets/s", `{"value":"\ud800`); got.status != 400 || !strings.Contains(got.message(), "valid JSON") {
		t.Errorf("a broken body: %d %s", got.status, got.body)
	}
}
