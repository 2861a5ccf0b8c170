package api

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"certwright/internal/certs"
	"certwright/internal/keys"
	"certwright/internal/must"
	"certwright/internal/policy"
	"certwright/internal/service"
	"certwright/internal/vault"
	"certwright/internal/wire"
)

// The bodies below have the members and the order of the recorded ones
// (docs/contract/certificates.md); $ stands for https://v.

const (
	testID   = "41df03e9995c42aea501729b107977eb"
	asserted = "$/certificates/web/" + testID
)

var (
	webRef   = vault.Ref{Vault: "v", Kind: vault.Certificates, Name: "web"}
	settings = vault.DefaultSettings("v")
	at       = func(s int64) time.Time { return time.Unix(s, 0).UTC() }
	attrs    = vault.Attributes{Enabled: true, NotBefore: at(1), Expires: at(2), Created: at(3), Updated: at(4)}
)

func viewAt(t *testing.T, apiVersion string) view {
	t.Helper()
	return view{base: "https://v", version: mustVersion(t, apiVersion)}
}

// same compares an answer, encoded, with JSON in which $ is the vault and
// spaces behind a comma are for the reader.
func same(t *testing.T, got any, want string) {
	t.Helper()
	b, err := wire.Encode(got)
	must.Do(t, err)
	want = strings.ReplaceAll(strings.ReplaceAll(want, "\n", ""), "$", "https://v")
	if diff := cmp.Diff(want, string(b)); diff != "" {
		t.Errorf("got %s\nwant %s\n%s", b, want, diff)
	}
	if !json.Valid([]byte(want)) {
		t.Errorf("the wanted body is no JSON: %s", want)
	}
}

func defaultPolicy(issuer string) vault.Policy {
	subject := "CN=DefaultPolicy"
	p := policy.New(policy.Patch{X509: &policy.X509Patch{Subject: &subject}, Issuer: &policy.IssuerPatch{Name: &issuer}}, at(3))
	return p
}

const defaultPolicyJSON = `{"id":"$/certificates/web/policy","key_props":{"exportable":true,"kty":"RSA","key_size":2048,"reuse_key":false},
"secret_props":{"contentType":"application/x-pkcs12"},
"x509_props":{"subject":"CN=DefaultPolicy","ekus":["1.3.6.1.5.5.7.3.1","1.3.6.1.5.5.7.3.2"],"key_usage":["digitalSignature","keyEncipherment"],
"validity_months":12,"basic_constraints":{"ca":false}},
"lifetime_actions":[{"trigger":{"lifetime_percentage":80},"action":{"action_type":"AutoRenew"}}],
"issuer":{"name":"Self"},"attributes":{"enabled":true,"created":3,"updated":3}}`

func TestPolicyShape(t *testing.T) {
	t.Parallel()
	v := viewAt(t, "7.4")
	same(t, v.policy(webRef, defaultPolicy("Self")), defaultPolicyJSON)

	no := false
	full := vault.Policy{
		Key:    vault.KeyProps{Type: vault.EC, Curve: vault.P256K, Size: 256, Exportable: true, Reuse: true},
		Secret: vault.SecretProps{ContentType: vault.PEM},
		X509: vault.X509Props{Subject: "C=US, CN=<a&b>", SANs: &vault.SANs{Emails: []string{}, DNS: []string{"a.example"}, UPNs: []string{},
			URIs: []string{"urn:x"}, IPs: []string{"10.0.0.1"}}, ValidityMonths: 61, CA: true},
		Lifetime: []vault.LifetimeAction{{Trigger: vault.Trigger{DaysBeforeExpiry: 30}, Action: vault.EmailContacts}},
		Issuer:   vault.IssuerParams{Name: "mydigicert", CertType: "OV-SSL", Transparency: &no},
		Platform: &vault.PlatformManaged{CertificateUsage: "tls", Metadata: []byte(`{"a": 1}`)},
		Created:  at(3), Updated: at(4)}
	const head = `{"id":"$/certificates/web/policy","key_props":{"exportable":true,"kty":"EC","key_size":256,"reuse_key":true,"crv":"P-256K"},
"secret_props":{"contentType":"application/x-pem-file"},
"x509_props":{"subject":"C=US, CN=<a&b>","sans":{"emails":[],"dns_names":["a.example"],"upns":[]`
	const tail = `},"ekus":[],"key_usage":[],"validity_months":61,"basic_constraints":{"ca":true}},
"lifetime_actions":[{"trigger":{"days_before_expiry":30},"action":{"action_type":"EmailContacts"}}],
"issuer":{"name":"mydigicert","cert_transparency":false,"cty":"OV-SSL"},"attributes":{"enabled":false,"created":3,"updated":4}`
	same(t, v.policy(webRef, full), head+tail+"}")
	const newer = `,"uris":["urn:x"],"ipAddresses":["10.0.0.1"]`
	same(t, viewAt(t, "2025-07-01").policy(webRef, full), head+newer+tail+"}")
	same(t, viewAt(t, "2026-04-01").policy(webRef, full), head+newer+tail+`,"platformManaged":{"certificateUsage":"tls","metadata":{"a":1}}}`)

	full.X509.SANs, full.Lifetime = &vault.SANs{}, nil
	b, _ := wire.Encode(v.policy(webRef, full))
	for _, want := range []string{`"sans":{},`, `"lifetime_actions":[],`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("what was given empty is not shown empty: no %s in %s", want, b)
		}
	}
}

func TestOperationShape(t *testing.T) {
	t.Parallel()
	op := vault.Operation{Ref: webRef, RequestID: testID, Status: vault.InProgress, IssuerName: "self", CSR: []byte("csr?>")}
	const head = `{"id":"$/certificates/web/pending","issuer":{"name":"self"},"csr":"Y3NyPz4=","cancellation_requested":false,`
	const tail = `"request_id":"` + testID + `"}`
	const waiting = `"status":"inProgress","status_details":"Pending certificate created. Certificate request is in progress. This may take some time based on the issuer provider. Please check again later.",`
	v := viewAt(t, "7.4")
	same(t, v.operation(op), head+waiting+tail)
	same(t, v.operation(op.Complete(testID)), head+`"status":"completed","target":"$/certificates/web?api-version=7.4",`+tail)
	same(t, v.operation(op.Cancel()), head+`"status":"cancelled",`+tail)
	same(t, v.operation(op.Fail(vault.Failure{Code: vault.RequestRejected, Message: "No."})),
		head+`"status":"failed","status_details":"","error":{"code":"Request rejected","message":"No."},`+tail)
	same(t, viewAt(t, "7.6").operation(op.Cancel()), head+`"status":"cancelled","preserveCertOrder":false,`+tail)

	asked, err := op.RequestCancel(true, at(9))
	must.Do(t, err)
	same(t, v.operation(asked), strings.Replace(head, "false", "true", 1)+waiting+tail)

	op.IssuerName = "Unknown"
	same(t, v.operation(op), strings.Replace(head, "self", "Unknown", 1)+
		`"status":"inProgress","status_details":"Pending certificate created. Please Perform Merge to complete the request.",`+tail)
}

func certificateBody() *vault.CertificateBody {
	return &vault.CertificateBody{Leaf: []byte{0xfb, 0xff}, Thumbprint: []byte{0xfb, 0xff}, Subject: "CN=x"}
}

const (
	bundleHead = `{"id":"` + asserted + `","kid":"$/keys/web/` + testID + `","sid":"$/secrets/web/` + testID + `","x5t":"-_8","cer":"+/8=",`
	dates74    = `{"enabled":true,"nbf":1,"exp":2,"created":3,"updated":4,"recoveryLevel":"Recoverable+Purgeable","recoverableDays":90}`
	datesOld   = `{"enabled":true,"nbf":1,"exp":2,"created":3,"updated":4,"recoveryLevel":"Recoverable+Purgeable"}`
	datesItem  = `{"enabled":true,"nbf":1,"exp":2,"created":3,"updated":4}`
)

func TestCertificateShape(t *testing.T) {
	t.Parallel()
	p := defaultPolicy("Self")
	c := service.Bundle{Version: vault.Version{Ref: webRef, ID: testID, Attributes: attrs, Certificate: certificateBody()}, Settings: settings}
	same(t, viewAt(t, "7.4").certificate(c), bundleHead+`"attributes":`+dates74+`}`)
	same(t, viewAt(t, "7.0").certificate(c), bundleHead+`"attributes":`+datesOld+`}`)
	same(t, viewAt(t, "2016-10-01").certificate(c), bundleHead+`"attributes":`+datesOld+`}`)
	same(t, viewAt(t, "7.6").certificate(c), bundleHead+`"attributes":`+dates74+`,"preserveCertOrder":false}`)

	c.Policy, c.Pending, c.Version.Tags = &p, true, map[string]string{"b": "2", "a": "1"}
	rest := `"tags":{"a":"1","b":"2"},"policy":` + defaultPolicyJSON + `,"pending":{"id":"$/certificates/web/pending"}`
	same(t, viewAt(t, "7.4").certificate(c), bundleHead+`"attributes":`+dates74+`,`+rest+`}`)

	gone := vault.Deletion{At: at(10), PurgeAt: at(10 + 90*86400)}
	v := viewAt(t, "7.4")
	const deletion = `{"recoveryId":"$/deletedcertificates/web","deletedDate":10,"scheduledPurgeDate":7776010,`
	c.Deletion = &gone
	same(t, v.certificate(c), deletion+bundleHead[1:]+`"attributes":`+dates74+`,`+rest+`}`)

	c.Version.Certificate, c.Version.Attributes.Enabled, c.Version.Pending = nil, false, true // the placeholder
	placeholder := `"id":"` + asserted + `","attributes":` + strings.Replace(dates74, "true", "false", 1) + `,` + rest + `}`
	same(t, v.certificate(c), deletion+placeholder)
	c.Deletion = nil
	same(t, v.certificate(c), "{"+placeholder)
}

func TestVersionShowsTheLeaf(t *testing.T) {
	t.Parallel()
	key, err := keys.New(vault.KeyProps{Type: vault.EC, Curve: vault.P256, Size: 256})
	must.Do(t, err)
	x := vault.X509Props{Subject: "CN=MyCert", ValidityMonths: 12, EKUs: []string{"1.3.6.1.5.5.7.3.1"}, Usage: []vault.KeyUsage{vault.DigitalSignature}}
	for _, tt := range []struct {
		sans  *vault.SANs
		empty bool // of the policy
		want  string
	}{
		{nil, true, `"sans":{},`},
		{nil, false, ``},
		{&vault.SANs{DNS: []string{"a.example"}}, false, `"sans":{"emails":[],"dns_names":["a.example"],"upns":[]},`},
	} {
		x.SANs = tt.sans
		der, err := certs.SelfSign(key, x, noon)
		must.Do(t, err)
		leaf, err := viewAt(t, "7.2").leaf(service.Bundle{NoSANs: tt.empty, Version: vault.Version{Certificate: &vault.CertificateBody{Leaf: der}}})
		must.Do(t, err)
		if len(leaf.Serial) != 32 || leaf.Serial != strings.ToUpper(leaf.Serial) {
			t.Errorf("serialnumber %q, want 16 bytes in upper-case hex", leaf.Serial)
		}
		leaf.Serial = "00"
		b, err := wire.Encode(certificateJSON{ID: "x", leafJSON: leaf})
		must.Do(t, err)
		if !strings.HasSuffix(string(b), `"subject":"CN=MyCert","issuer":"CN=MyCert",`+tt.want+`"serialnumber":"00"}`) {
			t.Errorf("the leaf's members are not the last, in order, with %s: %s", tt.want, b)
		}
	}
}

func TestListItemShapes(t *testing.T) {
	t.Parallel()
	e := vault.Entry{Ref: webRef, ID: testID, Attributes: attrs, Thumbprint: []byte{0xfb, 0xff}, Subject: "CN=x", Managed: true, ContentType: vault.PKCS12}
	deleted := func(e vault.Entry) vault.Entry { e.Deletion = &vault.Deletion{At: at(10), PurgeAt: at(11)}; return e }
	v := viewAt(t, "7.4")
	same(t, v.certificateItem("https://v/certificates/web", e, settings), `{"id":"$/certificates/web","x5t":"-_8","attributes":`+datesItem+`,"subject":""}`)
	const deletion = `"deletedDate":10,"scheduledPurgeDate":11,`
	same(t, v.certificateItem("https://v/certificates/web", deleted(e), settings),
		`{"recoveryId":"$/deletedcertificates/web",`+deletion+`"id":"$/certificates/web","x5t":"-_8","attributes":`+dates74+`}`)

	e.Ref.Kind, e.Tags = vault.Keys, map[string]string{"a": "1"}
	same(t, v.keyItem("https://v/keys/web", e, settings), `{"kid":"$/keys/web","attributes":`+dates74+`,"tags":{"a":"1"},"managed":true}`)
	same(t, v.keyItem("https://v/keys/web", deleted(e), settings),
		`{"recoveryId":"$/deletedkeys/web",`+deletion+`"kid":"$/keys/web","attributes":`+dates74+`,"tags":{"a":"1"},"managed":true}`)
	same(t, viewAt(t, "7.5").keyItem("https://v/keys/web", e, settings),
		`{"kid":"$/keys/web","attributes":`+strings.Replace(dates74, "}", `,"hsmPlatform":"0"}`, 1)+`,"tags":{"a":"1"},"managed":true}`)

	e.Managed, e.KeyType = false, vault.RSAHSM
	same(t, v.keyItem("https://v/keys/web", e, settings), `{"kid":"$/keys/web","attributes":`+strings.Replace(dates74, "}", `,"exportable":false}`, 1)+`,"tags":{"a":"1"}}`)
	same(t, viewAt(t, "7.2").keyItem("https://v/keys/web", e, settings), `{"kid":"$/keys/web","attributes":`+dates74+`,"tags":{"a":"1"}}`)
	e.Exportable = true
	same(t, viewAt(t, "7.5").keyItem("https://v/keys/web", e, settings),
		`{"kid":"$/keys/web","attributes":`+strings.Replace(dates74, "}", `,"exportable":true,"hsmPlatform":"2"}`, 1)+`,"tags":{"a":"1"}}`)
	e.Managed = true

	e.Ref.Kind, e.Tags = vault.Secrets, nil
	same(t, v.secretItem("https://v/secrets/web", e, settings), `{"contentType":"application/x-pkcs12","id":"$/secrets/web","managed":true,"attributes":`+dates74+`}`)

	e.Thumbprint, e.Attributes.Enabled, e.Ref.Kind = nil, false, vault.Certificates // pending, with includePending
	same(t, v.certificateItem("https://v/certificates/web", e, settings),
		`{"id":"$/certificates/web","attributes":`+strings.Replace(datesItem, "true", "false", 1)+`,"subject":""}`)
}

func TestKeyShape(t *testing.T) {
	t.Parallel()
	ref := webRef.As(vault.Keys)
	for _, props := range []vault.KeyProps{
		{Type: vault.RSA, Size: 2048}, {Type: vault.EC, Curve: vault.P521, Size: 521}, {Type: vault.EC, Curve: vault.P256K, Size: 256},
	} {
		pair, err := keys.New(props)
		must.Do(t, err)
		parsed, err := keys.ParsePublic(pair.PKIX())
		must.Do(t, err)
		public := parsed.Members()
		k := service.Bundle{Settings: settings, Version: vault.Version{Ref: ref, ID: testID, Attributes: attrs, Managed: true, Key: &vault.KeyBody{
			Type: props.Type, Curve: props.Curve, Size: props.Size, Public: pair.PKIX(), Operations: []string{"sign", "verify"}}}}
		text := base64.RawURLEncoding.EncodeToString
		want := `{"key":{"kid":"$/keys/web/` + testID + `","kty":"` + string(props.Type) + `","key_ops":["sign","verify"],`
		if props.Type == vault.RSA {
			want += `"n":"` + text(public.N) + `","e":"AQAB"},`
		} else {
			want += `"crv":"` + string(props.Curve) + `","x":"` + text(public.X) + `","y":"` + text(public.Y) + `"},`
		}
		got, err := viewAt(t, "7.4").key(k)
		must.Do(t, err)
		same(t, got, want+`"attributes":`+dates74+`,"managed":true}`)
		got, err = viewAt(t, "7.5-preview.1").key(k)
		must.Do(t, err)
		same(t, got, want+`"attributes":`+strings.Replace(dates74, "}", `,"hsmPlatform":"0"}`, 1)+`,"managed":true}`)
	}
	if _, err := viewAt(t, "7.4").key(service.Bundle{Version: vault.Version{Ref: ref, ID: testID}}); err == nil {
		t.Error("a version without a key was encoded")
	}
}

func TestSecretShape(t *testing.T) {
	t.Parallel()
	s := service.Bundle{Value: "MII=", Settings: settings, Version: vault.Version{Ref: webRef.As(vault.Secrets), ID: testID, Attributes: attrs, Managed: true,
		Tags: map[string]string{"a": "1"}, Secret: &vault.SecretBody{ContentType: vault.PKCS12, Previous: "0123"}}}
	const body = `"contentType":"application/x-pkcs12","id":"$/secrets/web/` + testID + `","managed":true,"attributes":` + dates74 +
		`,"tags":{"a":"1"},"kid":"$/keys/web/` + testID + `"`
	out := viewAt(t, "7.4").secret(s)
	same(t, out, "{"+body+"}")
	out.Value = &s.Value
	same(t, out, `{"value":"MII=",`+body+"}")
	same(t, viewAt(t, "2025-07-01").secret(s), "{"+body+`,"previousVersion":"0123"}`)
}

func TestIssuerShape(t *testing.T) {
	t.Parallel()
	v := viewAt(t, "7.4")
	i := vault.IssuerConfig{Vault: "v", Name: "pending", Provider: "Test", Enabled: true, Created: at(3), Updated: at(4)}
	const head = `{"id":"$/certificates/issuers/pending","provider":"Test",`
	const tail = `"attributes":{"enabled":true,"created":3,"updated":4}}`
	same(t, v.issuer(i), head+tail)
	i.Credentials = &vault.Credentials{AccountID: "keyvaultuser", Password: vault.Sealed("secret")}
	i.Organization = &vault.Organization{Admins: []vault.Admin{{FirstName: "John", LastName: "Doe", Email: "admin@microsoft.com", Phone: "4255555555"}, {}}}
	same(t, v.issuer(i), head+`"credentials":{"account_id":"keyvaultuser"},"org_details":{"zip":0,"admin_details":[{"first_name":"John","last_name":"Doe","email":"admin@microsoft.com","phone":"4255555555"},{}]},`+tail)
	i.Credentials, i.Organization = &vault.Credentials{}, &vault.Organization{ID: "7"}
	same(t, v.issuer(i), head+`"credentials":{},"org_details":{"id":"7","zip":0},`+tail)
	i.Organization.Admins = []vault.Admin{}
	same(t, v.issuer(i), head+`"credentials":{},"org_details":{"id":"7","zip":0,"admin_details":[]},`+tail)
}

func mustVersion(t *testing.T, s string) wire.Version {
	t.Helper()
	v, err := wire.ParseVersion(s)
	if err != nil {
		t.Fatalf("api-version %q: %v", s, err)
	}
	return v
}
