package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	"certwright/internal/auth/authtest"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// members are claims or a header to put over the usual ones.
type members = map[string]any

// A shown token and what becomes of it: who it names, or what is said of it.
type shown struct {
	name  string
	token string
	fault vault.TokenFault // "" with says for a token that is none; "" without for a good one
	says  string
}

const malformed = "AKV10000: Request is missing a Bearer or PoP token."

// Every token that is forged, stale or another's is refused with its own words,
// and every good one is taken.
func TestTokens(t *testing.T) {
	t.Parallel()
	corp, other := at("https://login.example.org/corp", "ES256", here, "second"), at("https://login.example.org/other", "RS256", here)
	other.Use(authtest.NewKey("k2", "RS256"))
	// two keys that verify, and some that a token must not be verified with
	extra := authtest.NewKey("pss", "PS256")
	corp.Use(extra, authtest.NewKey("big", "ES384"), authtest.NewKey("ed", "EdDSA"), authtest.NewKey("k1", "ES256"))
	sole := at("https://sole.example.org", "ES256", here)
	sole.Use(authtest.NewKey("", "ES256"))
	v := verifierAt(t, Settings{Issuers: []IssuerSettings{settingsOf(t, "corp", corp), settingsOf(t, "other", other), settingsOf(t, "sole", sole)}})
	for _, one := range append(append(headers(corp, other, sole), bodies(corp, other)...), texts(corp)...) {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			who, err := whois(t, v, one.token)
			if one.fault == "" && one.says == "" {
				if err != nil || who.Subject != "ada" || who.Issuer == "" {
					t.Errorf("refused: %v (%+v)", err, who)
				}
				return
			}
			refusal := vault.RefusalIn(err)
			if refusal == nil || refusal.Reason != vault.Unauthenticated || refusal.Token != one.fault || !strings.Contains(refusal.Message, one.says) || who.Subject != "" {
				t.Errorf("got %v %q (%+v)\nwant %s: %s", err, refusal.Token, who, one.fault, one.says)
			}
		})
	}
}

// headers are tokens with something about their headers and signatures.
func headers(corp, other, sole *authtest.Issuer) []shown {
	k, good := corp.Key(), corp.Claims("ada", nil)
	sign := func(header members) string { return authtest.Sign(k, header, good) }
	unknown := "AKV10046: Unable to resolve the key used for signature validation."
	parts := strings.Split(sign(nil), ".")
	forged := parts[0] + "." + parts[1] + "." + strings.Split(authtest.Sign(authtest.NewKey("k1", "ES256"), nil, good), ".")[2]
	public := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki(k)}))
	return []shown{
		{"good", sign(nil), "", ""},
		{"typ at+jwt", sign(members{"typ": "at+jwt"}), "", ""},
		{"typ application/at+JWT", sign(members{"typ": "application/at+JWT"}), "", ""},
		{"no typ", sign(members{"typ": nil}), "", ""},
		{"x5t beside kid", sign(members{"x5t": "k1"}), "", ""},
		{"PS256", authtest.Sign(keyNamed(corp, "pss"), nil, good), "", ""},
		{"ES384", authtest.Sign(keyNamed(corp, "big"), nil, good), "", ""},
		{"EdDSA", authtest.Sign(keyNamed(corp, "ed"), nil, good), "", ""},
		{"the one key of a set has no name", authtest.Sign(sole.Key(), nil, sole.Claims("ada", nil)), "", ""},
		{"alg none", unsigned("none", good), "signature", "none, which the token is signed with, is not allowed"},
		{"alg NONE", unsigned("NONE", good), "signature", "not allowed"},
		{"alg empty", sign(members{"alg": ""}), "signature", "not allowed"},
		{"no alg", sign(members{"alg": nil}), "signature", "not allowed"},
		{"HS256 with the public key", hs256(members{"alg": "HS256", "kid": "k1", "typ": "JWT"}, good, public), "signature", "HS256"},
		{"HS256 with the kid", hs256(members{"alg": "HS256", "kid": "k1", "typ": "JWT"}, good, "k1"), "signature", "HS256"},
		{"RS512", sign(members{"alg": "RS512"}), "signature", "RS512"},
		{"RS256 over a key of EC", authtest.Sign(authtest.NewKey("k1", "RS256"), nil, good), "signature", unknown},
		{"ES384 over a key of P-256", sign(members{"alg": "ES384"}), "signature", unknown},
		{"unknown kid", sign(members{"kid": "k9"}), "signature", unknown},
		{"kid of another issuer", authtest.Sign(other.Key(), nil, good), "signature", unknown},
		{"another issuer's key under our kid", authtest.Sign(authtest.Key{ID: "pss", Algorithm: "RS256", Private: other.Key().Private}, nil, good), "signature", ""},
		{"no kid though there are several keys", sign(members{"kid": nil}), "signature", unknown},
		{"a kid though the one key has none", sign(members{"kid": "x"}), "signature", unknown},
		{"kid that is a number", sign(members{"kid": 1}), "", malformed},
		{"kid that is a path", sign(members{"kid": "../../etc/passwd"}), "signature", unknown},
		{"another's signature", forged, "signature", "The signature of the token is not that"},
		{"no signature", parts[0] + "." + parts[1] + ".", "signature", "The signature of the token is not that"},
		{"jwk in the header", withOwnKey("jwk", good), "signature", unknown},
		{"jku in the header", sign(members{"jku": "https://evil.example/keys", "kid": "k9"}), "signature", unknown},
		{"crit", sign(members{"crit": []string{"exp"}, "exp": 1}), "claims", "crit"},
		{"crit null", sign(members{"crit": json.RawMessage("null")}), "claims", "crit"},
		{"b64 false", sign(members{"b64": false}), "claims", "b64"},
		{"cty JWT", sign(members{"cty": "JWT"}), "claims", "another token"},
		{"typ of an identity token", sign(members{"typ": "id_token+jwt"}), "claims", "typ"},
		{"typ logout+jwt", sign(members{"typ": "logout+jwt"}), "claims", "typ"},
		{"typ that is a list", sign(members{"typ": []string{"JWT"}}), "claims", "typ"},
		{"alg twice", authtest.SignRaw(k, []byte(`{"alg":"ES256","alg":"none","kid":"k1"}`), asJSON(good)), "", malformed},
		{"alg in other letters too", authtest.SignRaw(k, []byte(`{"alg":"ES256","ALG":"none","kid":"k1"}`), asJSON(good)), "", ""},
		{"a header of lists in lists", authtest.SignRaw(k, []byte(`{"alg":"ES256","kid":"k1","x":`+strings.Repeat("[", 2000)+strings.Repeat("]", 2000)+`}`), asJSON(good)), "", malformed},
		{"a header that is a list", authtest.SignRaw(k, []byte(`["ES256"]`), asJSON(good)), "", malformed},
	}
}

// bodies are tokens with something about their claims.
func bodies(corp, other *authtest.Issuer) []shown {
	says := func(changes members) string { return corp.Token("ada", changes) }
	now := noon.Unix()
	audience := "AKV10022: Invalid audience. Expected https://vault.example.org or second, found: "
	issuers := "AKV10032: Invalid issuer. Expected one of https://login.example.org/corp, https://login.example.org/other, https://sole.example.org, found "
	return []shown{
		{"one audience of two", says(members{"aud": "second"}), "", ""},
		{"a list of audiences", says(members{"aud": []string{"https://else.example", here}}), "", ""},
		{"times with a fraction", says(members{"exp": 1795867200.7160868 + 3600, "iat": float64(now) - 0.0868576, "nbf": float64(now) - .5}), "", ""},
		{"times in another way to write numbers", authtest.SignRaw(corp.Key(), []byte(`{"alg":"ES256","kid":"k1"}`),
			fmt.Appendf(nil, `{"iss":%q,"aud":%q,"sub":"ada","iat":%d,"exp":%d.0e0}`, corp.URL, here, now, now+60)), "", ""},
		{"exp within the leeway", says(members{"exp": now - 59}), "", ""},
		{"nbf within the leeway", says(members{"nbf": now + 59}), "", ""},
		{"no nbf and no iat", says(members{"nbf": nil, "iat": nil}), "", ""},
		{"a life of a day, dated back", says(members{"iat": now - 80000, "nbf": now - 80000, "exp": now + 7000}), "", ""},

		{"expired", says(members{"exp": now - 60}), "expired", "The token expired at 2026-11-28T11:59:00Z"},
		{"expired long ago", says(members{"exp": 1}), "expired", "1970-01-01"},
		{"no exp", says(members{"exp": nil}), "claims", "no exp"},
		{"exp that is text", says(members{"exp": fmt.Sprint(now + 3600)}), "claims", "exp is not a time"},
		{"exp null", says(members{"exp": json.RawMessage("null")}), "claims", "exp is not a time"},
		{"exp beyond all time", says(members{"exp": 1e300}), "claims", "exp is not a time"},
		{"exp below zero", says(members{"exp": -1}), "claims", "exp is not a time"},
		{"nbf to come", says(members{"nbf": now + 61}), "claims", "nbf lies in the future"},
		{"iat to come", says(members{"iat": now + 61}), "claims", "iat lies in the future"},
		{"iat that is a list", says(members{"iat": []int{1}}), "claims", "iat is not a time"},
		{"too long a life", says(members{"iat": now - 80000, "exp": now + 7001}), "claims", "max_token_age"},
		{"too long a life without iat", says(members{"iat": nil, "nbf": nil, "exp": now + 87001}), "claims", "max_token_age"},

		{"aud of another", says(members{"aud": "https://vault.azure.net"}), "audience", audience + "https://vault.azure.net."},
		{"aud with a slash", says(members{"aud": here + "/"}), "audience", audience + here + "/."},
		{"aud in other letters", says(members{"aud": "https://Vault.example.org"}), "audience", audience},
		{"aud spn:", says(members{"aud": "spn:" + here}), "audience", audience + "spn:"},
		{"aud with more behind it", says(members{"aud": here + ".evil.example"}), "audience", audience},
		{"no aud", says(members{"aud": nil}), "audience", audience},
		{"aud a number", says(members{"aud": 7}), "audience", audience},
		{"aud an object", says(members{"aud": members{here: here}}), "audience", audience},
		{"an empty list of aud", says(members{"aud": []string{}}), "audience", audience},

		{"iss of nobody here", says(members{"iss": "https://evil.example"}), "issuer", issuers + "https://evil.example."},
		{"iss with a slash", says(members{"iss": corp.URL + "/"}), "issuer", issuers},
		{"iss in other letters", says(members{"iss": strings.ToUpper(corp.URL)}), "issuer", issuers},
		{"iss of another issuer here", says(members{"iss": other.URL}), "signature", "AKV10046"},
		{"no iss", says(members{"iss": nil}), "claims", "no iss"},
		{"iss a list", says(members{"iss": []string{corp.URL}}), "claims", "no iss"},

		{"no sub", says(members{"sub": nil}), "claims", "sub, which must name the caller"},
		{"sub empty", says(members{"sub": ""}), "claims", "sub, which must name the caller"},
		{"sub a number", says(members{"sub": 7}), "claims", "sub, which must name the caller"},
		{"sub without end", says(members{"sub": strings.Repeat("a", 1025)}), "claims", "too long"},
		{"bound to another way of proof", says(members{"cnf": members{"jkt": "x"}}), "claims", "(cnf)"},
		{"bound to nothing", says(members{"cnf": members{}}), "claims", "(cnf)"},
		{"bound to a certificate that nobody showed", says(members{"cnf": members{"x5t#S256": strings.Repeat("A", 43)}}), "claims", "did not show"},

		{"a claim twice", raw(corp, `"sub":"ada","sub":"eve"`), "", malformed},
		{"a claim within one twice", raw(corp, `"sub":"ada","x":{"a":1,"a":2}`), "claims", "a name comes twice"},
		{"iss twice", raw(corp, `"sub":"ada","iss":"https://login.example.org/other"`), "", malformed},
		{"iss in other letters too", raw(corp, `"sub":"ada","ISS":"https://evil.example"`), "", ""},
	}
}

// texts are tokens with something about how they are written.
func texts(corp *authtest.Issuer) []shown {
	good := corp.Token("ada", nil)
	parts := strings.Split(good, ".")
	jwe := good + "." + parts[1] + "." + parts[2]
	return []shown{
		{"opaque", "0123456789abcdef", "", malformed},
		{"two parts", parts[0] + "." + parts[1], "", malformed},
		{"four parts", good + "." + parts[2], "", malformed},
		{"five parts, as of an encrypted token", jwe, "", malformed},
		{"no header", "." + parts[1] + "." + parts[2], "", malformed},
		{"no claims", parts[0] + ".." + parts[2], "", malformed},
		{"padding", good + "==", "", malformed},
		{"another alphabet", parts[0] + "." + parts[1] + "./" + parts[2][1:], "", malformed},
		{"other bits where some are left over", good[:len(good)-1] + sibling(good[len(good)-1]), "", malformed},
		{"too long", corp.Token("ada", members{"pad": strings.Repeat("x", 16<<10)}), "", malformed},
		{"as long as may be", corp.Token("ada", members{"pad": strings.Repeat("x", 11<<10)}), "", ""},
		{"claims that are text", authtest.SignRaw(corp.Key(), []byte(`{"alg":"ES256","kid":"k1"}`), []byte(`"`+good+`"`)), "", malformed},
		{"claims that are no JSON", authtest.SignRaw(corp.Key(), []byte(`{"alg":"ES256","kid":"k1"}`), []byte(`{`)), "", malformed},
		{"claims and more behind them", authtest.SignRaw(corp.Key(), []byte(`{"alg":"ES256","kid":"k1"}`), append(asJSON(corp.Claims("ada", nil)), "{}"...)), "", malformed},
		{"claims in no UTF-8", raw(corp, "\"sub\":\"ad\xff\""), "", malformed},
		{"claims that were changed", parts[0] + "." + encode(asJSON(corp.Claims("eve", nil))) + "." + parts[2], "signature", "The signature of the token is not that"},
	}
}

// sibling is a letter that base64 reads as the same where its last bits are not
// looked at.
func sibling(letter byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, letter)^1])
}

func keyNamed(i *authtest.Issuer, id string) authtest.Key {
	for _, k := range i.Keys() {
		if k.ID == id {
			return k
		}
	}
	panic("there is no key " + id)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func asJSON(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

// raw is a token whose claims end in what is written.
func raw(i *authtest.Issuer, more string) string {
	now := noon.Unix()
	return authtest.SignRaw(i.Key(), []byte(`{"alg":"ES256","kid":"k1"}`), fmt.Appendf(nil, `{"iss":%q,"aud":%q,"iat":%d,"exp":%d,%s}`, i.URL, here, now, now+60, more))
}

func unsigned(alg string, claims members) string {
	return encode(asJSON(members{"alg": alg, "kid": "k1"})) + "." + encode(asJSON(claims)) + "."
}

// hs256 signs with a text as the secret.
func hs256(header, claims members, secret string) string {
	text := encode(asJSON(header)) + "." + encode(asJSON(claims))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return text + "." + encode(mac.Sum(nil))
}

// withOwnKey is a token that brings the key along that it is signed with.
func withOwnKey(member string, claims members) string {
	k := authtest.NewKey("own", "ES256")
	return authtest.Sign(k, members{member: k.JWK()}, claims)
}

func spki(k authtest.Key) []byte {
	der, err := x509.MarshalPKIXPublicKey(k.Private.Public())
	if err != nil {
		panic(err)
	}
	return der
}

// Keys that are weak, for something else, or given away are not used.
func TestKeysThatAreNotUsed(t *testing.T) {
	t.Parallel()
	good := authtest.NewKey("good", "RS256")
	sized := func(kid string, bits int, e string) members { // no key at all, but what its issuer says is one
		n := make([]byte, bits/8)
		n[0], n[len(n)-1] = 0x80, 1
		return members{"kty": "RSA", "kid": kid, "n": encode(n), "e": e}
	}
	changed := func(k authtest.Key, changes members) members {
		j := k.JWK()
		for name, v := range changes {
			if j[name] = v; v == nil {
				delete(j, name)
			}
		}
		return j
	}
	all := []any{
		good.JWK(),
		changed(authtest.NewKey("enc", "RS256"), members{"use": "enc"}),
		changed(authtest.NewKey("ops", "ES256"), members{"use": nil, "key_ops": []string{"deriveKey"}}),
		changed(authtest.NewKey("curve", "ES256"), members{"y": "AAAA"}),
		changed(authtest.NewKey("nokty", "ES256"), members{"kty": nil}),
		changed(authtest.NewKey("d", "ES256"), members{"d": encode(make([]byte, 32))}),
		changed(authtest.NewKey("alg", "ES256"), members{"alg": "HS256"}),
		members{"kty": "oct", "kid": "oct", "k": "c2VjcmV0"},
		members{"kty": "XYZ", "kid": "new"},
		sized("weak", 1024, "AQAB"), sized("almost", 2040, "AQAB"), sized("huge", 16384, "AQAB"), sized("even", 2048, "AQAC"), sized("one", 2048, "AQ"),
		"text", 7, nil,
	}
	keys, err := parseKeys(asJSON(members{"keys": all}))
	must.Do(t, err)
	if len(keys) != 1 || keys[0].ID != "good" {
		t.Errorf("these are used: %+v", keys)
	}
	keys, err = parseKeys(asJSON(members{"keys": []any{changed(good, members{"alg": "PS256", "use": nil, "key_ops": []string{"verify"}})}}))
	must.Do(t, err)
	if len(keys) != 1 || keys[0].fits("RS256") || !keys[0].fits("PS256") {
		t.Errorf("a key for PS256: %+v", keys)
	}
	for _, body := range []string{"", "[]", "{}", `{"keys":null}`, `{"keys":{}}`, `{"keys":[` + strings.Repeat(`{},`, maxKeys) + `{}]}`} {
		if keys, err := parseKeys([]byte(body)); err == nil {
			t.Errorf("%.40q is a key set: %v", body, keys)
		}
	}
}

// Whom a token names is remembered until it ends or its issuer's keys change,
// and no longer.
func TestVerifiedTokensAreKnown(t *testing.T) {
	t.Parallel()
	corp := at("https://login.example.org/corp", "ES256", here)
	v := verifierAt(t, Settings{Issuers: []IssuerSettings{settingsOf(t, "corp", corp)}})
	token := corp.Token("ada", nil)
	for range 2 {
		if who, err := whois(t, v, token); err != nil || who.Subject != "ada" {
			t.Fatal(who, err)
		}
	}
	if v.known.Len() != 1 {
		t.Errorf("%d are known", v.known.Len())
	}
	v.clock = stoppedClock(noon.Add(time.Hour + time.Minute))
	if _, err := whois(t, v, token); vault.RefusalIn(err).Token != vault.FaultExpired || v.known.Len() != 0 {
		t.Errorf("an ended token: %v, %d are known", err, v.known.Len())
	}
	v.clock = stoppedClock(noon)
	if _, err := whois(t, v, corp.Token("ada", members{"aud": "else"})); err == nil || v.known.Len() != 0 {
		t.Errorf("a refused token is known: %v", err)
	}
}

// FuzzToken feeds the parser of tokens what nobody signed.
func FuzzToken(f *testing.F) {
	corp := at("https://login.example.org/corp", "ES256", here)
	good := corp.Token("ada", nil)
	parts := strings.Split(good, ".")
	for _, s := range []string{good, parts[0] + "..", unsigned("none", corp.Claims("ada", nil)), "a.b.c", "", "..", good + "=", strings.Repeat("e30.", 3)} {
		f.Add(s)
	}
	f.Add(encode([]byte(`{"alg":"ES256","jwk":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"},"x5c":["AA=="]}`)) + "." + parts[1] + "." + parts[2])
	v := verifierAt(f, Settings{Issuers: []IssuerSettings{settingsOf(f, "corp", corp)}})
	f.Fuzz(func(t *testing.T, text string) {
		is, err := v.verify(t.Context(), text)
		if err == nil && text != good {
			t.Errorf("%q is taken: %+v", text, is)
		}
		if refusal := vault.RefusalIn(err); err != nil && (refusal == nil || refusal.Reason != vault.Unauthenticated) {
			t.Errorf("%q: %v", text, err)
		}
	})
}

// FuzzClaims feeds what reads claims with what an issuer may sign.
func FuzzClaims(f *testing.F) {
	for _, s := range []string{`{"sub":"a","aud":["x"],"exp":1.5}`, `{"a":{"b":{"c":[1,true,null,"x"]}}}`, `{"_claim_names":{"groups":"src1"}}`, `{"cnf":{"x5t#S256":"AA"}}`, `{"exp":1e999}`, `{"a/b":1,"a":{"b":2}}`} {
		f.Add([]byte(s), "a/b")
	}
	i := &issuer{claims: presets[presetEntra], require: map[string][]string{"a/b": {"x*", "*1"}}}
	f.Fuzz(func(t *testing.T, text []byte, path string) {
		c, err := parseClaims(text)
		if err != nil {
			return
		}
		c.values(path)
		_, _ = c.confirmation()
		_ = i.follows(c)
		if who, err := i.caller(c); err == nil && who.Subject == "" {
			t.Errorf("%s names nobody", text)
		}
		if at, there, err := c.moment("exp"); there && err == nil && (at.Unix() < 0 || at.Unix() > lastMoment) {
			t.Errorf("exp of %s is %v", text, at)
		}
	})
}
