package tokens

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

// A holder has a key and a certificate for it.
type holder struct {
	key  crypto.Signer
	cert *x509.Certificate
}

var rsaKeys = sync.OnceValue(func() []crypto.Signer {
	var all []crypto.Signer
	for range 2 {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		all = append(all, key)
	}
	return all
})

func ecKey(t *testing.T) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must.Do(t, err)
	return key
}

// certify makes a certificate, signed by another holder or by itself.
func certify(t *testing.T, key crypto.Signer, cn string, by *holder) *holder {
	t.Helper()
	form := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: cn},
		NotBefore: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC),
		IsCA: by == nil, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	signer, parent := key, form
	if by != nil {
		signer, parent = by.key, by.cert
	}
	der, err := x509.CreateCertificate(rand.Reader, form, parent, key.Public(), signer)
	must.Do(t, err)
	cert, err := x509.ParseCertificate(der)
	must.Do(t, err)
	return &holder{key, cert}
}

func (h *holder) file(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cert.pem")
	must.Do(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.cert.Raw}), 0o644))
	return path
}

func (h *holder) x5c() string { return base64.StdEncoding.EncodeToString(h.cert.Raw) }

// claimed are the claims of an assertion as libraries write them.
type claimed map[string]any

func (h *house) claims() claimed {
	at := h.now.Unix()
	return claimed{"iss": "web-id", "sub": "web-id", "aud": "https://" + host + "/adfs/oauth2/token", "jti": rand.Text(), "nbf": at, "iat": at, "exp": at + 600}
}

func (c claimed) with(name string, value any) claimed {
	if c[name] = value; value == nil {
		delete(c, name)
	}
	return c
}

// sign makes an assertion with these members in its header.
func (h *holder) sign(t *testing.T, alg jose.SignatureAlgorithm, head map[string]any, claims claimed) string {
	t.Helper()
	opts := (&jose.SignerOptions{}).WithType("JWT")
	for name, value := range head {
		opts.WithHeader(jose.HeaderKey(name), value)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: h.key}, opts)
	must.Do(t, err)
	text, err := jwt.Signed(signer).Claims(map[string]any(claims)).Serialize()
	must.Do(t, err)
	return text
}

func (h *house) assert(assertion string, more ...string) answer {
	h.t.Helper()
	form := map[string]string{"client_assertion": assertion, "client_assertion_type": assertionType}
	for i := 0; i+1 < len(more); i += 2 {
		form[more[i]] = more[i+1]
	}
	return h.ask(form)
}

// Each library names its certificate in its own way.
func TestAssertion(t *testing.T) {
	t.Parallel()
	old, web := certify(t, rsaKeys()[0], "old", nil), certify(t, rsaKeys()[1], "web", nil)
	ec := certify(t, ecKey(t), "ec", nil)
	h := open(t, Settings{Clients: []ClientSettings{{ID: "web-id", Certificates: []CertificateSettings{{File: old.file(t)}, {File: web.file(t)}, {File: ec.file(t)}}}}})
	short, long := sha1.Sum(web.cert.Raw), sha256.Sum256(web.cert.Raw)
	for name, c := range map[string]struct {
		by     *holder
		alg    jose.SignatureAlgorithm
		head   map[string]any
		claims claimed
	}{
		"Go":                 {web, jose.RS256, map[string]any{"x5t": base64.StdEncoding.EncodeToString(short[:])}, h.claims()},
		"Python":             {web, jose.RS256, map[string]any{"x5t": base64.URLEncoding.EncodeToString(short[:])}, h.claims().with("nbf", nil).with("exp", float64(h.now.Unix())+600.0868576).with("iat", float64(h.now.Unix())+0.25)},
		"JavaScript":         {web, jose.PS256, map[string]any{"x5t#S256": base64.RawURLEncoding.EncodeToString(long[:])}, h.claims()},
		"Java":               {web, jose.PS256, map[string]any{"x5t#S256": base64.RawURLEncoding.EncodeToString(long[:])}, h.claims().with("iat", nil)},
		"kid in digits":      {web, jose.RS256, map[string]any{"kid": strings.ToUpper(hex.EncodeToString(short[:]))}, h.claims()},
		"no name":            {web, jose.RS256, nil, h.claims()},
		"ES256":              {ec, jose.ES256, nil, h.claims()},
		"the issuer":         {web, jose.RS256, nil, h.claims().with("aud", issuer)},
		"the other path":     {web, jose.RS256, nil, h.claims().with("aud", "https://"+host+"/adfs/oauth2/v2.0/token")},
		"one of audiences":   {web, jose.RS256, nil, h.claims().with("aud", []string{"https://elsewhere.example", issuer + "/oauth2/token"})},
		"of its last second": {web, jose.RS256, nil, h.claims().with("exp", h.now.Unix()-59)},
	} {
		if got := h.token(h.assert(c.by.sign(t, c.alg, c.head, c.claims))); got["appid"] != "web-id" {
			t.Errorf("%s: %v", name, got)
		}
	}
	if e := h.events[0]; e.Grant != CertificateGrant || e.Client != "web-id" || e.Refusal != "" {
		t.Errorf("told %+v", e)
	}
}

func TestAssertionRefused(t *testing.T) {
	t.Parallel()
	web, other := certify(t, rsaKeys()[0], "web", nil), certify(t, rsaKeys()[1], "other", nil)
	h := open(t, Settings{Clients: []ClientSettings{
		{ID: "web-id", Certificates: []CertificateSettings{{File: web.file(t)}}},
		{ID: "other-id", Certificates: []CertificateSettings{{File: other.file(t)}}},
	}})
	good := func() claimed { return h.claims() }
	at := h.now.Unix()
	public, err := x509.MarshalPKIXPublicKey(web.key.Public())
	must.Do(t, err)
	hmac := func() string {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: public}, nil)
		must.Do(t, err)
		text, err := jwt.Signed(signer).Claims(map[string]any(good())).Serialize()
		must.Do(t, err)
		return text
	}
	part := base64.RawURLEncoding.EncodeToString
	none := part([]byte(`{"alg":"none"}`)) + "." + part([]byte(fmt.Sprintf(`{"iss":"web-id","sub":"web-id","aud":%q,"jti":"x","exp":%d}`, issuer, at+600))) + "."
	signed := func(c claimed) string { return web.sign(t, jose.RS256, nil, c) }
	cut := signed(good())
	thumb := sha256.Sum256(web.cert.Raw)
	for name, c := range map[string]struct{ assertion, says string }{
		"another's key":            {other.sign(t, jose.RS256, nil, good()), "AADSTS700027"},
		"another's key, x5t ours":  {other.sign(t, jose.RS256, map[string]any{"x5t#S256": part(thumb[:])}, good()), "AADSTS700027"},
		"a certificate it brought": {other.sign(t, jose.RS256, map[string]any{"x5c": []string{other.x5c()}}, good()), "AADSTS700027"},
		"for another client":       {signed(good().with("sub", "other-id")), "AADSTS700021"},
		"of another client":        {other.sign(t, jose.RS256, nil, good().with("iss", "other-id").with("sub", "other-id")), "AADSTS700211"},
		"none":                     {none, "AADSTS50027"},
		"HS256 by the public key":  {hmac(), "AADSTS50027"},
		"RS512":                    {web.sign(t, jose.RS512, nil, good()), "AADSTS50027"},
		"crit":                     {web.sign(t, jose.RS256, map[string]any{"crit": []string{"exp"}}, good()), "AADSTS700027"},
		"altered":                  {cut[:len(cut)-8] + "AAAAAAAA", "AADSTS700027"},
		"four parts":               {cut + ".x", "AADSTS50027"},
		"elsewhere":                {signed(good().with("aud", "https://login.microsoftonline.com/adfs/oauth2/token")), "AADSTS700023"},
		"another tenant":           {signed(good().with("aud", "https://"+host+"/other/oauth2/token")), "AADSTS700023"},
		"no audience":              {signed(good().with("aud", nil)), "AADSTS700023"},
		"expired":                  {signed(good().with("exp", at-60)), "AADSTS700024"},
		"for ever":                 {signed(good().with("exp", nil)), "AADSTS700024"},
		"for too long":             {signed(good().with("exp", at+86401)), "AADSTS700024"},
		"not yet":                  {signed(good().with("nbf", at+61)), "AADSTS700024"},
		"made later":               {signed(good().with("iat", at+61)), "AADSTS700024"},
		"no jti":                   {signed(good().with("jti", nil)), "AADSTS50027"},
		"a long jti":               {signed(good().with("jti", strings.Repeat("a", 201))), "AADSTS50027"},
		"opaque":                   {"opaque", "AADSTS50027"},
	} {
		if a := h.assert(c.assertion); a.status/100 != 4 || !a.says(c.says) {
			t.Errorf("%s: %d %v", name, a.status, a.body)
		}
	}
	if a := h.assert(signed(good().with("iss", "nobody").with("sub", "nobody")), "client_id", "nobody"); a.status != 401 || !a.says("AADSTS700027") {
		t.Errorf("an unknown client: %d %v", a.status, a.body)
	}
	h.now = time.Date(2026, 12, 1, 0, 0, 1, 0, time.UTC)
	if a := h.assert(signed(good())); a.status != 401 || !a.says("AADSTS700027") {
		t.Errorf("with a certificate that expired: %d %v", a.status, a.body)
	}
	h.now = time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)
	h.token(h.assert(signed(good()))) // the one that all others differ from
}

// An assertion is good once for each audience, as libraries keep it while it holds.
func TestReplay(t *testing.T) {
	t.Parallel()
	web := certify(t, ecKey(t), "web", nil)
	h := open(t, Settings{Limits: LimitSettings{PerClient: maxRate, PerAddress: maxRate}, Clients: []ClientSettings{
		{ID: "web-id", Certificates: []CertificateSettings{{File: web.file(t)}}}, {ID: "two", Certificates: []CertificateSettings{{File: web.file(t)}}},
	}})
	once := web.sign(t, jose.ES256, nil, h.claims())
	h.token(h.assert(once))
	for range 2 {
		if a := h.assert(once); a.status != 401 || !a.says("AADSTS50012") || !a.says("used before") {
			t.Errorf("again: %d %v", a.status, a.body)
		}
	}
	h.token(h.assert(once, "scope", "https://vault.azure.net/.default"))
	same := h.claims().with("jti", "same")
	h.token(h.assert(web.sign(t, jose.ES256, nil, same)))
	if a := h.assert(web.sign(t, jose.ES256, nil, same.with("exp", h.now.Unix()+601))); a.status != 401 || !a.says("used before") {
		t.Errorf("another with the same jti: %d %v", a.status, a.body)
	}
	h.token(h.assert(web.sign(t, jose.ES256, nil, same.with("iss", "two").with("sub", "two")), "client_id", "two"))
	h.now = h.now.Add(11*time.Minute + time.Second)
	h.token(h.assert(web.sign(t, jose.ES256, nil, same.with("iss", "web-id").with("sub", "web-id").with("exp", h.now.Unix()+600)))) // the first is over
}

// What was not taken for another reason can be shown again.
func TestUnusedAssertion(t *testing.T) {
	t.Parallel()
	web := certify(t, ecKey(t), "web", nil)
	clients := []ClientSettings{{ID: "web-id", Certificates: []CertificateSettings{{File: web.file(t)}}}}
	h := open(t, Settings{Clients: clients, Limits: LimitSettings{PerClient: 6}})
	once := web.sign(t, jose.ES256, nil, h.claims())
	if a := h.assert(once, "scope", "https://elsewhere.example/.default"); a.status != 400 {
		t.Fatalf("elsewhere: %d", a.status)
	}
	h.token(h.assert(web.sign(t, jose.ES256, nil, h.claims())))
	if a := h.assert(once); a.status != 429 || a.header.Get("Retry-After") != "10" {
		t.Fatalf("too often: %d %v", a.status, a.header)
	}
	h.now = h.now.Add(10 * time.Second)
	h.token(h.assert(once))
	free := open(t, Settings{Clients: clients, ReusableAssertions: true})
	again := web.sign(t, jose.ES256, nil, free.claims().with("jti", nil))
	for range 2 {
		free.token(free.assert(again))
	}
}

// What is remembered of a client is bounded, and room comes back as it ends.
func TestReplaysAreBounded(t *testing.T) {
	t.Parallel()
	var p Memory
	begin := time.Unix(1_800_000_000, 0)
	for i := range maxReplays {
		if no := p.first("a", fmt.Sprint(i), begin.Add(time.Minute), begin); no != nil {
			t.Fatalf("%d: %+v", i, no)
		}
	}
	if no := p.first("a", "more", begin.Add(time.Minute), begin); no == nil || no.status != 429 {
		t.Errorf("too many: %+v", no)
	}
	if no := p.first("b", "more", begin.Add(time.Minute), begin); no != nil {
		t.Errorf("of another client: %+v", no)
	}
	if no := p.first("a", "more", begin.Add(time.Hour), begin.Add(61*time.Second)); no != nil || len(p.used["a"]) != 1 {
		t.Errorf("later: %+v, %d", no, len(p.used["a"]))
	}
}

// full is a database that cannot be written.
type full struct{ vault.Accounts }

func (full) Write(context.Context, string, []byte, int64) error { return errors.New("disk full") }

// An assertion is used up at every server of the database, and after a restart;
// where nothing can be written, at the one that took it.
func TestReplayElsewhere(t *testing.T) {
	t.Parallel()
	web := certify(t, ecKey(t), "web", nil)
	clients := []ClientSettings{{ID: "web-id", Certificates: []CertificateSettings{{File: web.file(t)}}}}
	accounts := sqltest.Accounts(t)
	h := open(t, Settings{Clients: clients}, func(m *Means) { m.Accounts = accounts })
	other := open(t, Settings{Clients: clients}, func(m *Means) { m.Accounts = accounts })
	once, second := web.sign(t, jose.ES256, nil, h.claims()), web.sign(t, jose.ES256, nil, h.claims())
	h.token(h.assert(once))
	if a := other.assert(once); a.status != 401 || !a.says("used before") {
		t.Errorf("at another server: %d %v", a.status, a.body)
	}
	other.token(other.assert(second))
	h.now = h.now.Add(12 * time.Minute)
	h.token(h.assert(web.sign(t, jose.ES256, nil, h.claims())))
	text, _, err := accounts.Read(t.Context(), usedRows+"web-id")
	if err != nil || strings.Count(string(text), ":") != 1 {
		t.Errorf("what ended is kept: %s %v", text, err)
	}
	h.means.Accounts = full{accounts}
	again := web.sign(t, jose.ES256, nil, h.claims())
	h.token(h.assert(again))
	if a := h.assert(again); a.status != 401 || !a.says("used before") {
		t.Errorf("on a full disk: %d %v", a.status, a.body)
	}
}

// A server whose clock is ahead forgets no assertion that others would accept again.
func TestReplayAtServersWhoseClocksDiffer(t *testing.T) {
	t.Parallel()
	web := certify(t, ecKey(t), "web", nil)
	clients := []ClientSettings{{ID: "web-id", Certificates: []CertificateSettings{{File: web.file(t)}}}}
	accounts := sqltest.Accounts(t)
	at := func(ahead time.Duration) *house {
		h := open(t, Settings{Clients: clients}, func(m *Means) { m.Accounts = sqltest.Dated{Accounts: accounts, By: -ahead} })
		h.now = h.now.Add(ahead)
		return h
	}
	right, early, other := at(0), at(time.Hour), at(0)
	once := web.sign(t, jose.ES256, nil, right.claims())
	right.token(right.assert(once))
	early.token(early.assert(web.sign(t, jose.ES256, nil, early.claims())))
	if a := other.assert(once); a.status != 401 || !a.says("used before") {
		t.Errorf("again, after a server whose clock is ahead wrote: %d %v", a.status, a.body)
	}
}

// A certificate may come along, if its thumbprint or its authority is known.
func TestBroughtCertificate(t *testing.T) {
	t.Parallel()
	root, stranger := certify(t, ecKey(t), "root", nil), certify(t, ecKey(t), "root", nil)
	web, forged, mail := certify(t, ecKey(t), "web", root), certify(t, ecKey(t), "web", stranger), certify(t, ecKey(t), "mail", root)
	print := sha256.Sum256(mail.cert.Raw)
	h := open(t, Settings{Clients: []ClientSettings{
		{ID: "web-id", Certificates: []CertificateSettings{{CA: root.file(t), Subject: "CN=web"}, {X5T: hex.EncodeToString(print[:])}}},
	}})
	for name, c := range map[string]struct {
		by     *holder
		brings []string
		ok     bool
	}{
		"of the authority":         {web, []string{web.x5c(), root.x5c()}, true},
		"by thumbprint":            {mail, []string{mail.x5c()}, true},
		"nothing":                  {web, nil, false},
		"of a stranger":            {forged, []string{forged.x5c(), stranger.x5c()}, false},
		"another's, own signature": {forged, []string{web.x5c()}, false},
		"too many":                 {web, []string{web.x5c(), web.x5c(), web.x5c(), web.x5c(), web.x5c(), web.x5c(), web.x5c(), web.x5c(), web.x5c()}, false},
		"no certificate":           {web, []string{"AAAA"}, false},
	} {
		a := h.assert(c.by.sign(t, jose.ES256, map[string]any{"x5c": c.brings}, h.claims()))
		if (a.status == 200) != c.ok || !c.ok && a.status != 401 {
			t.Errorf("%s: %d %v", name, a.status, a.body)
		}
	}
}

// fakeFederation verifies tokens by a list.
type fakeFederation map[string]vault.Caller

func (f fakeFederation) Federated(_ context.Context, token string) (vault.Caller, []string, error) {
	said, _ := claimsOf(token)
	if who, ok := f[token]; ok {
		return who, said.Audience, nil
	}
	return vault.Caller{}, nil, errors.New("AKV10046: Unable to resolve the key used for signature validation")
}

// A token of another issuer stands for a client if a row is exactly it, however often.
func TestFederated(t *testing.T) {
	t.Parallel()
	pod := certify(t, ecKey(t), "cluster", nil)
	token := func(issuer, subject string, audience any) string {
		return pod.sign(t, jose.ES256, nil, claimed{"iss": issuer, "sub": subject, "aud": audience, "exp": time.Now().Unix() + 600})
	}
	cluster := "https://kubernetes.default.svc.cluster.local"
	shop := "system:serviceaccount:shop:web"
	good, own := token(cluster, shop, []string{DefaultFederatedAudience}), token(cluster, shop, "certwright")
	foreign, elsewhere := token(cluster, "system:serviceaccount:shop:web2", []string{DefaultFederatedAudience}), token(cluster, shop, []string{"https://other.example"})
	both, forged, twin := token(cluster, shop, []string{DefaultFederatedAudience, "other"}), token(cluster, shop, DefaultFederatedAudience)+"x", token("https://two.example", shop, DefaultFederatedAudience)
	known := fakeFederation{
		good: {Issuer: "cluster", Subject: shop}, own: {Issuer: "cluster", Subject: shop}, elsewhere: {Issuer: "cluster", Subject: shop}, both: {Issuer: "cluster", Subject: shop},
		foreign: {Issuer: "cluster", Subject: "system:serviceaccount:shop:web2"}, twin: {Issuer: "two", Subject: shop},
	}
	clients := []ClientSettings{
		{ID: "web-id", Federated: []FederatedSettings{{Issuer: "cluster", Subject: shop}, {Issuer: "cluster", Subject: shop, Audience: "certwright"}}},
		{ID: "other-id"},
	}
	h := open(t, Settings{Clients: clients}, func(m *Means) { m.Federation = known })
	for range 2 {
		if got := h.token(h.assert(good)); got["sub"] != "web-id" || got["iss"] != issuer {
			t.Errorf("%v", got)
		}
	}
	h.token(h.assert(own))
	if e := h.events[0]; e.Grant != FederatedGrant {
		t.Errorf("told %+v", e)
	}
	for name, c := range map[string]struct{ client, token, says string }{
		"another subject": {"web-id", foreign, "AADSTS700213: No matching federated identity record found for presented assertion subject 'system:serviceaccount:shop:web2'"},
		"another issuer":  {"web-id", twin, "AADSTS700213"},
		"elsewhere":       {"web-id", elsewhere, "AADSTS700212"},
		"two audiences":   {"web-id", both, "AADSTS50027"},
		"forged":          {"web-id", forged, "AADSTS700027"},
		"another client":  {"other-id", good, "AADSTS700212"},
		"nobody":          {"nobody", good, "AADSTS700212"},
	} {
		if a := h.assert(c.token, "client_id", c.client); a.status != 401 || a.body["error"] != "invalid_client" || !a.says(c.says) {
			t.Errorf("%s: %d %v", name, a.status, a.body)
		}
	}
	closed := open(t, Settings{Clients: clients})
	if a := closed.assert(good); a.status != 401 || !a.says("AADSTS700211") {
		t.Errorf("without issuers: %d %v", a.status, a.body)
	}
}
