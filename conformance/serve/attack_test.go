package serve_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"certwright/conformance/serve"
	"certwright/internal/auth/authtest"
	"certwright/internal/must"
)

// part is a part of a JWT.
func part(t *testing.T, members map[string]any) string {
	t.Helper()
	text, err := json.Marshal(members)
	must.Do(t, err)
	return base64.RawURLEncoding.EncodeToString(text)
}

// Forged, foreign, stale and changed tokens are refused at both listeners with the
// reason in the body and the challenge unchanged, and no part of one is in a log.
func TestTokensOfOthers(t *testing.T) {
	t.Parallel()
	h := serve.New(t)
	s := h.Start(t)
	admin := map[string]any{"groups": []string{"admins"}}
	with := func(changes map[string]any) map[string]any {
		all := map[string]any{"groups": []string{"admins"}}
		for k, v := range changes {
			all[k] = v
		}
		return all
	}
	good := h.Issuer.Token("ann", admin)
	parts := strings.Split(good, ".")
	claims, now := h.Issuer.Claims("ann", admin), time.Now()
	other := authtest.Serve(t, "ES256", serve.Audience)
	key := h.Issuer.Key()
	jwk, err := json.Marshal(key.JWK())
	must.Do(t, err)
	for name, c := range map[string]struct{ token, says string }{
		"another issuer":               {other.Token("ann", admin), `AKV10032`},
		"another's key, our issuer":    {authtest.Sign(other.Key(), nil, claims), `is not that of the key`},
		"an unknown key":               {authtest.Sign(authtest.NewKey("none-such", "ES256"), nil, claims), `AKV10046`},
		"another audience":             {h.Issuer.Token("ann", with(map[string]any{"aud": "https://management.azure.com"})), `AKV10022`},
		"an audience with a slash":     {h.Issuer.Token("ann", with(map[string]any{"aud": serve.Audience + "/"})), `AKV10022`},
		"an audience in upper case":    {h.Issuer.Token("ann", with(map[string]any{"aud": strings.ToUpper(serve.Audience)})), `AKV10022`},
		"expired":                      {h.Issuer.Token("ann", with(map[string]any{"exp": now.Add(-2 * time.Minute).Unix()})), `The token expired at`},
		"for ever":                     {h.Issuer.Token("ann", with(map[string]any{"exp": now.AddDate(100, 0, 0).Unix()})), `max_token_age`},
		"without an end":               {h.Issuer.Token("ann", with(map[string]any{"exp": nil})), `has no exp`},
		"an end that is text":          {h.Issuer.Token("ann", with(map[string]any{"exp": "9999999999"})), `exp is not a time`},
		"not yet":                      {h.Issuer.Token("ann", with(map[string]any{"nbf": now.Add(time.Hour).Unix()})), `lies in the future`},
		"an issuer with a slash":       {h.Issuer.Token("ann", with(map[string]any{"iss": h.Issuer.URL + "/"})), `AKV10032`},
		"without a subject":            {h.Issuer.Token("", admin), `must name the caller`},
		"alg none":                     {part(t, map[string]any{"alg": "none"}) + "." + parts[1] + ".", `The algorithm none`},
		"alg None, with a signature":   {part(t, map[string]any{"alg": "None", "kid": key.ID}) + "." + parts[1] + "." + parts[2], `The algorithm None`},
		"another alg in the header":    {part(t, map[string]any{"alg": "RS256", "kid": key.ID}) + "." + parts[1] + "." + parts[2], ``},
		"HMAC under the public key":    {hmacToken(t, jwk, key.ID, claims), `The algorithm HS256`},
		"a key in the header":          {authtest.Sign(other.Key(), map[string]any{"jwk": other.Key().JWK()}, claims), `is not that of the key`},
		"an address of keys":           {authtest.Sign(other.Key(), map[string]any{"jku": other.URL + "/keys"}, claims), `is not that of the key`},
		"a critical extension":         {authtest.Sign(key, map[string]any{"crit": []string{"x"}, "x": 1}, claims), `has crit`},
		"changed claims":               {parts[0] + "." + part(t, h.Issuer.Claims("root", admin)) + "." + parts[2], `is not that of the key`},
		"a signature cut short":        {good[:len(good)-4], ``},
		"a signature of nothing":       {parts[0] + "." + parts[1] + ".", `is not that of the key`},
		"five parts":                   {good + "." + good, `AKV10000`},
		"two parts":                    {parts[0] + "." + parts[1], `AKV10000`},
		"longer than a token":          {parts[0] + "." + strings.Repeat("A", 17<<10) + "." + parts[2], `AKV10000`},
		"claims twice":                 {authtest.SignRaw(key, []byte(`{"alg":"ES256","kid":"`+key.ID+`"}`), twice(t, claims)), ``},
		"opaque, as a recovery token":  {"recovery", `AKV10000`},
		"a token with padding at last": {good + "=", ``},
	} {
		for at, url := range map[string]string{"the vaults": s.Vault("web") + "/secrets", "the side door": s.Side + "/admin/operations"} {
			got := s.Ask(t, "GET", url, c.token, "")
			if got.Status != 401 || !strings.Contains(got.Body, c.says) || !strings.HasPrefix(got.Header.Get("WWW-Authenticate"), `Bearer authorization="https://`) {
				t.Errorf("%s at %s: %d %q %s", name, at, got.Status, got.Header.Get("WWW-Authenticate"), got.Body)
			}
			if strings.Contains(got.Body, parts[1]) {
				t.Errorf("%s at %s: the answer repeats the token", name, at)
			}
		}
	}
	if got := s.Ask(t, "GET", s.Vault("web")+"/secrets", good, ""); got.Status != 200 {
		t.Errorf("a good one: %+v", got)
	}
	must.Do(t, s.Stop())
	log, err := os.ReadFile(h.File("data/audit/audit.jsonl"))
	must.Do(t, err)
	for what, text := range map[string]string{"the audit log": string(log), "the log": s.Said()} {
		for _, secret := range []string{parts[1], parts[2], parts[0]} {
			if strings.Contains(text, secret) {
				t.Errorf("%s has a part of a token", what)
			}
		}
	}
}

func hmacToken(t *testing.T, secret []byte, kid string, claims map[string]any) string {
	t.Helper()
	text := part(t, map[string]any{"alg": "HS256", "kid": kid, "typ": "JWT"}) + "." + part(t, claims)
	return text + "." + base64.RawURLEncoding.EncodeToString(mac(secret, text))
}

// twice has a subject twice: two readers might take another each.
func twice(t *testing.T, claims map[string]any) []byte {
	t.Helper()
	text, err := json.Marshal(claims)
	must.Do(t, err)
	return append(bytes.TrimSuffix(text, []byte("}")), `,"sub":"root"}`...)
}

// What a caller sends is one line of the audit log, whatever it holds, and proves
// itself afterwards.
func TestAuditIsNotWrittenByCallers(t *testing.T) {
	t.Parallel()
	h := serve.New(t)
	s := h.Start(t)
	token := h.Issuer.Token("ann\n{\"forged\":\"subject\"}", map[string]any{"groups": []string{"admins"}, "name": "a\"},{\"forged\":1,\"x\":\"\u2028\x00"})
	const forged = `\n{"time":"2026-01-01T00:00:00Z","operationName":"Forged"}`
	for _, text := range []string{
		as(token, "GET", `/secrets/a%0a%7B"forged":1%7D?api-version=7.4&x=%0a{"forged":2}`, "web.vault.localhost", `User-Agent: x"},{"forged":3,"y":"`+"\t\x1b[2J\n"),
		as(token, "GET", "/secrets?api-version=7.4&$skiptoken="+strings.Repeat("forged%0d%0a", 300), "web.vault.localhost", "User-Agent: "+strings.Repeat("\u00e9forged", 900)+"\n"),
		as(token, "PUT", "/secrets/forged?api-version=7.4", "web.vault.localhost", "x-ms-client-request-id: "+forged+"\n"+withBody(`{"value":"x","tags":{"\n\"forged\":1":"\n{}"}}`)),
		as("forged.forged.forged", "GET", "/secrets", "web.vault.localhost\".forged", ""),
		as(token, `GET`, "/%7B%0D%0A%22forged%22:1%7D", "web.vault.localhost", ""),
	} {
		if a := raw(t, s, "web.vault.localhost", text); a == nil {
			t.Errorf("no answer to %.80q", text)
		} else if a.StatusCode >= 500 {
			t.Errorf("%.80q: %d", text, a.StatusCode)
		}
	}
	must.Do(t, s.Stop())
	log, err := os.ReadFile(h.File("data/audit/audit.jsonl"))
	must.Do(t, err)
	for line := range bytes.Lines(log) {
		var members map[string]any
		if err := json.Unmarshal(line, &members); err != nil || members["operationName"] == nil || members["forged"] != nil {
			t.Errorf("a line is no line of ours: %v\n%s", err, line)
		}
		if members["operationName"] == "Forged" || bytes.ContainsAny(line[:len(line)-1], "\x00\r\x1b") || len(line) > 16<<10 {
			t.Errorf("a line carries what a caller wrote as it came: %q", line)
		}
	}
	out, said, code := h.Run(t, "audit", "verify", "--config", h.Config(t))
	if code != 0 {
		t.Errorf("verify ends with %d: %s%s", code, out, said)
	}
	for line := range strings.Lines(s.Said()) {
		if strings.Contains(line, "\x1b[2J") || strings.HasPrefix(strings.TrimSpace(line), `{"time":"2026-01-01T00:00:00Z"`) {
			t.Errorf("the log carries what a caller wrote: %q", line)
		}
	}
}

// Callers that may not restore, and one that may and is slow, do not keep others
// from it.
func TestRestoreIsNotStarved(t *testing.T) {
	t.Parallel()
	h, s, web, shop := apart(t)
	blob := s.Ask(t, "POST", s.Vault("web")+"/secrets/common/backup", web, "").Text("value")
	config := s.HTTP.Transport.(*http.Transport).TLSClientConfig.Clone()
	config.ServerName, config.NextProtos = "web.vault.localhost", []string{"http/1.1"}
	hold := func(token, host string) net.Conn {
		conn, err := tls.Dial("tcp", "127.0.0.1:"+s.Port, config)
		must.Do(t, err)
		t.Cleanup(func() { conn.Close() })
		_, err = io.WriteString(conn, strings.ReplaceAll(as(token, "POST", "/secrets/restore?api-version=7.4", host, "Content-Length: 9000000\n"), "\n", "\r\n")+"{")
		must.Do(t, err)
		return conn
	}
	stranger := h.Issuer.Token("nobody", nil)
	var all sync.WaitGroup
	for range 12 { // as many as hold every place three times
		conn := hold(stranger, "web.vault.localhost")
		all.Go(func() {
			must.Do(t, conn.SetReadDeadline(time.Now().Add(20*time.Second)))
			answer := make([]byte, 64)
			if n, err := conn.Read(answer); err != nil || !bytes.HasPrefix(answer[:n], []byte("HTTP/1.1 403 ")) {
				t.Errorf("who may not restore is told %q (%v) while the body is not there yet", answer[:n], err)
			}
		})
	}
	all.Wait()
	for range 6 {
		hold(shop, "shop.vault.localhost")
	}
	// Two megabytes, so that a place is needed; the space around counts.
	began := time.Now()
	got := s.Ask(t, "POST", s.Vault("web")+"/secrets/restore", web, `{"value":"`+blob+`"`+strings.Repeat(" ", 2<<20)+"}")
	if got.Status != 409 || time.Since(began) > 9*time.Second { // the name is taken: it was read and understood
		t.Errorf("a restore beside them: %d %.300s after %v", got.Status, got.Body, time.Since(began))
	}
}

// What a token service's client is told does not tell who is a client of it.
func TestTokenServiceTellsNoClients(t *testing.T) {
	t.Parallel()
	h, shop, _ := withTokens(t)
	s := h.Start(t)
	wrong := token(t, s, "web", "client_id", shop.id, "client_secret", shop.secret+"x")
	unknown := token(t, s, "web", "client_id", "6f2c0d3e-0000-4000-8000-00000000ffff", "client_secret", shop.secret)
	strip := func(r serve.Reply) string { // what each answer has of its own
		return fmt.Sprint(r.Status, r.Text("error"), strings.ReplaceAll(r.Text("error_description"), "6f2c0d3e-0000-4000-8000-00000000ffff", shop.id))
	}
	if strip(wrong) != strip(unknown) || wrong.Status != 401 {
		t.Errorf("a wrong secret and an unknown client are told apart:\n%s\n%s", wrong.Body, unknown.Body)
	}
	for name, more := range map[string][]string{
		"no secret":            {"client_id", shop.id},
		"both proofs":          {"client_id", shop.id, "client_secret", shop.secret, "client_assertion", "a.b.c"},
		"another resource":     {"client_id", shop.id, "client_secret", shop.secret, "scope", "https://management.azure.com/.default"},
		"a password":           {"client_id", shop.id, "client_secret", shop.secret, "grant_type", "password", "username", "a", "password", "b"},
		"on behalf of another": {"client_id", shop.id, "client_secret", shop.secret, "grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion", "a.b.c"},
		"a token of itself":    {"client_id", shop.id, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion", token(t, s, "web", "client_id", shop.id, "client_secret", shop.secret).Text("access_token")},
	} {
		if got := token(t, s, "web", more...); got.Status != 400 && got.Status != 401 || got.Text("access_token") != "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if said := s.Said(); strings.Contains(said, shop.secret) {
		t.Errorf("the log has a secret:\n%s", said)
	}
}

func mac(secret []byte, text string) []byte {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(text))
	return m.Sum(nil)
}

// A request whose permission is asked for before its body is read, and by the
// operation, is one request in the audit log.
func TestLargeBodiesAreAuditedOnce(t *testing.T) {
	t.Parallel()
	h := serve.New(t)
	s := h.Start(t)
	admin := h.Issuer.Token("ann", map[string]any{"groups": []string{"admins"}})
	body := `{"value":"x"}` + strings.Repeat(" ", 100<<10)
	ids := map[string]string{}
	for subject, token := range map[string]string{"begin end": admin, "end": h.Issuer.Token("nobody", nil)} {
		got := s.Ask(t, "PUT", s.Vault("web")+"/secrets/large", token, body)
		if want := map[string]int{"begin end": 200, "end": 403}[subject]; got.Status != want {
			t.Fatalf("%s: %+v", subject, got)
		}
		ids[got.Header.Get("x-ms-request-id")] = subject
	}
	must.Do(t, s.Stop())
	log, err := os.ReadFile(h.File("data/audit/audit.jsonl"))
	must.Do(t, err)
	phases := map[string][]string{}
	for line := range bytes.Lines(log) {
		var l struct {
			CorrelationID string `json:"correlationId"`
			Certwright    struct{ Phase string }
		}
		must.Do(t, json.Unmarshal(line, &l))
		phases[l.CorrelationID] = append(phases[l.CorrelationID], l.Certwright.Phase)
	}
	for id, want := range ids {
		if got := strings.Join(phases[id], " "); got != want {
			t.Errorf("request %s: %q, want %q", id, got, want)
		}
	}
}
