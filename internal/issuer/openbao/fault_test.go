package openbao

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
	"certwright/internal/vault"
)

// onSign meddles with calls to sign, the rest goes on.
func onSign(do func(w http.ResponseWriter, r *http.Request)) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/sign/") {
			return false
		}
		do(w, r)
		return true
	}
}

func says(status int, body string, headers ...string) func(w http.ResponseWriter, r *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// What passes is an error in plain words, however often it comes.
func TestTroubleThatPasses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		meddler func(w http.ResponseWriter, r *http.Request)
		want    string // after "the OpenBao or Vault server at HOST "
		after   time.Duration
	}{
		{"sealed", says(503, `{"errors":["Vault is sealed"]}`), "is sealed; an operator must unseal it", 0},
		{"an error of its own", says(500, `{"errors":["1 error occurred:\n\t* could not fetch the CA certificate (was one set?): no default issuer currently configured\n\n"]}`), "answers 500: could not fetch the CA certificate (was one set?): no default issuer currently configured", 0},
		{"two errors", says(500, `{"errors":["2 errors occurred:\n\t* one\n\t* two\n\n"]}`), "answers 500: one; two", 0},
		{"not initialized", says(501, `{"initialized":false,"sealed":true}`), "is not initialized", 0},
		{"no standby that signs", says(472, `{}`), "is a disaster recovery secondary and signs nothing", 0},
		{"a standby that sends on", says(307, "", "Location", "https://other.test:8200/v1/pki/sign/web"), "sends its callers on to https://other.test:8200/v1/pki/sign/web, as a standby does; address must be that of the active server or of a proxy that finds it", 0},
		{"a quota", says(429, `{"errors":["request path \"pki/sign/web\": rate limit quota exceeded"]}`), `allows no more requests for now: request path "pki/sign/web": rate limit quota exceeded`, 0},
		{"a quota that says when", says(429, `{"errors":["rate limit quota exceeded"]}`, "Retry-After", "7"), "allows no more requests for now: rate limit quota exceeded", 7 * time.Second},
		{"a proxy in front", says(503, "<html>upstream gone</html>"), "answers 503: service unavailable", 0},
		{"not yet replicated", says(412, `{"errors":["required index state not present"]}`), "answers 412: required index state not present", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b, p := playedWith(t)
			i := p.issuer(t)
			o, _ := order(t, p.withAppRole(""), p.secretID, plainProps())
			b.meddler = onSign(c.meddler)
			_, _, err := finish(t, i, o)
			want := "the OpenBao or Vault server at " + i.host + " " + c.want
			if err == nil || err.Error() != want {
				t.Fatalf("%v, want %q", err, want)
			}
			var retry *vault.RetryError
			if errors.As(err, &retry) != (c.after > 0) || retry != nil && retry.After != c.after {
				t.Errorf("retry %+v, want %v", retry, c.after)
			}
			if c.after == 0 {
				return
			}
			if _, err := i.Step(t.Context(), o); !errors.Is(err, vault.ErrPaced) || !strings.Contains(err.Error(), "asks this account to come back later") {
				t.Errorf("before that time: %v", err)
			}
		})
	}
}

func TestAnswersThatEndTheOrder(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		meddler func(w http.ResponseWriter, r *http.Request)
		want    vault.Failure // of the message the end
	}{
		"refused":             {says(400, `{"errors":["cannot satisfy request"]}`), vault.Failure{Code: vault.RequestRejected, Message: "cannot satisfy request"}},
		"another engine":      {says(404, `{"data":null,"warnings":["Invalid path for a versioned K/V secrets engine."]}`), vault.Failure{Code: vault.IssuerFault, Message: "answered 404 to pki/sign/web: Invalid path for a versioned K/V secrets engine."}},
		"no policy":           {says(403, `{"errors":["1 error occurred:\n\t* permission denied\n\n"]}`), vault.Failure{Code: vault.IssuerFault, Message: "answered 403 to pki/sign/web: permission denied"}},
		"another method":      {says(405, `{"errors":["unsupported operation"]}`), vault.Failure{Code: vault.IssuerFault, Message: "answered 405 to pki/sign/web: unsupported operation"}},
		"nothing was signed":  {says(200, `{"data":{}}`), vault.Failure{Code: vault.IssuerFault, Message: "said it signed, but its answer has no certificate."}},
		"no data":             {says(200, `{"data":null,"wrap_info":{"token":"s.x"}}`), vault.Failure{Code: vault.IssuerFault, Message: "said it signed, but its answer has no certificate."}},
		"not a certificate":   {says(200, `{"data":{"certificate":"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"}}`), vault.Failure{Code: vault.IssuerFault, Message: "said it signed, but its answer holds something that is not a certificate."}},
		"data of other types": {says(200, `{"data":{"certificate":7}}`), vault.Failure{Code: vault.IssuerFault, Message: "said it signed, but its answer cannot be read."}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, p := playedWith(t)
			o, _ := order(t, p.withAppRole(""), p.secretID, plainProps())
			b.meddler = onSign(c.meddler)
			end, _, err := finish(t, p.issuer(t), o)
			if err != nil || end.Failure == nil || end.Failure.Code != c.want.Code || !strings.HasSuffix(end.Failure.Message, c.want.Message) {
				t.Errorf("%+v, %v; want %+v", end.Failure, err, c.want)
			}
		})
	}
}

// A page where the server should be is waited through: the way to it may be
// mended. Where it came with a success, it may hide one.
func TestStrangerInFront(t *testing.T) {
	t.Parallel()
	for status, lost := range map[int]bool{200: true, 404: false, 403: false} {
		b, p := playedWith(t)
		b.meddler = onSign(says(status, "<html>"))
		i := p.issuer(t)
		o, _ := order(t, p.withAppRole(""), p.secretID, plainProps())
		o.State = notebook{By: i.instance}.write()
		got, err := i.Step(t.Context(), o)
		if got.Failure != nil || (err == nil) != lost || (got.State != nil) != lost {
			t.Errorf("%d: %+v, %v; want saved as lost %v", status, got, err, lost)
		}
		b.meddler = func(w http.ResponseWriter, r *http.Request) bool {
			if strings.HasSuffix(r.URL.Path, "/sys/health") {
				says(status, "<html>")(w, r)
				return true
			}
			return false
		}
		o.State = nil
		if _, _, err := finish(t, i, o); err != nil {
			t.Errorf("a proxy that hides sys/health with %d: %v", status, err)
		}
	}
}

// An answer that is lost is saved as lost; whoever goes on says what may lie at
// the server.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	b, p := playedWith(t)
	i := p.issuer(t)
	o := p.begun(t, i)
	b.meddler = onSign(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	cut, err := i.Step(t.Context(), o)
	if err != nil || cut.Chain != nil || cut.Again <= 0 || !strings.Contains(cut.Detail, "cannot be reached") || len(cut.Notes) != 1 {
		t.Fatalf("%+v, %v; want it saved and said that the answer was lost", cut, err)
	}
	o.State = cut.State
	if _, err := i.Step(t.Context(), o); err == nil {
		t.Error("the second loss is no error: it would be asked again without end and without back-off")
	}
	b.meddler = nil
	withdrawn, err := i.Cancel(t.Context(), o)
	if err != nil || !withdrawn.Cancelled || len(withdrawn.Notes) != 1 {
		t.Errorf("cancel: %+v, %v; want cancelled, with a word on what may have been signed", withdrawn, err)
	}
	end, notes, err := finish(t, p.issuer(t), o)
	must.Do(t, err)
	leafOf(t, end)
	if !strings.Contains(strings.Join(notes, "\n"), "may have signed a certificate that nobody received") {
		t.Errorf("notes %q", notes)
	}
}

// A sign-in whose answer is lost signs nothing.
func TestLostSignIn(t *testing.T) {
	t.Parallel()
	b, p := playedWith(t)
	i := p.issuer(t)
	o := p.begun(t, i)
	i.now = func() time.Time { return time.Now().Add(time.Hour) } // the token that was held has ended
	b.meddler = func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/login") {
			panic(http.ErrAbortHandler)
		}
		return false
	}
	if got, err := i.Step(t.Context(), o); err == nil {
		t.Errorf("%+v, want an error and nothing saved of a lost signature", got)
	}
}

// A process that finds another's intent cannot know whether it was carried out.
func TestAnotherProcessTellsItsDoubt(t *testing.T) {
	t.Parallel()
	_, p := playedWith(t)
	i := p.issuer(t)
	for _, c := range []struct {
		next  vault.Issuer
		doubt bool
	}{{i, false}, {p.issuer(t), true}} {
		o := p.begun(t, i)
		_, notes, err := finish(t, c.next, o)
		must.Do(t, err)
		if got := strings.Contains(strings.Join(notes, "\n"), "Another process"); got != c.doubt {
			t.Errorf("doubt %v, want %v: %q", got, c.doubt, notes)
		}
	}
}

func TestOutOfReach(t *testing.T) {
	t.Parallel()
	_, p := playedWith(t)
	o, _ := order(t, p.withAppRole(""), p.secretID, plainProps())
	certificate, _ := serverCertificate(t)
	for name, c := range map[string]struct {
		change func(*Settings)
		want   string
	}{
		"nobody there":      {func(s *Settings) { s.Address = fmt.Sprintf("https://127.0.0.1:%d", freePort(t)) }, "cannot be reached: dial tcp 127.0.0.1:"},
		"another authority": {func(s *Settings) { s.CABundle = file(t, "other.pem", certificate) }, "unknown authority; ca_bundle must hold the authority that its certificate comes from"},
		"no TLS":            {func(s *Settings) { s.Address = strings.Replace(s.Address, "https", "http", 1) }, "is not an OpenBao or Vault server; address must be that of one, with https if it speaks TLS"},
	} {
		_, err := p.issuer(t, c.change).Step(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// Signing in is done once for as long as the lease lasts, by each issuer.
func TestTokensAreHeld(t *testing.T) {
	t.Parallel()
	b, p := playedWith(t)
	i := p.issuer(t)
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	i.now = func() time.Time { return now }
	issue := func(password string, logins int) {
		t.Helper()
		o, _ := order(t, p.withAppRole(""), password, plainProps())
		if _, _, err := finish(t, i, o); err != nil {
			t.Fatal(err)
		}
		if b.logins != logins {
			t.Errorf("%d sign-ins, want %d", b.logins, logins)
		}
	}
	issue(p.secretID, 1)
	issue(p.secretID, 1)
	now = now.Add(17 * time.Minute)
	issue(p.secretID, 1)
	now = now.Add(2 * time.Minute) // nine tenths of 20 minutes are over
	issue(p.secretID, 2)
	b.set(func() { b.secretID = "changed" })
	issue("changed", 3) // a token is of the credentials that it was given for
}

// What the server says back of our own token is not shown.
func TestTokenIsNotShown(t *testing.T) {
	t.Parallel()
	b, p := playedWith(t)
	b.meddler = onSign(func(w http.ResponseWriter, r *http.Request) {
		says(400, `{"errors":["no token `+r.Header.Get("X-Vault-Token")+` here"]}`)(w, r)
	})
	o, _ := order(t, p.withAppRole(""), p.secretID, plainProps())
	end, _, err := finish(t, p.issuer(t), o)
	if err != nil || end.Failure == nil || end.Failure.Message != "no token [hidden] here" {
		t.Errorf("%+v, %v", end.Failure, err)
	}
}

func TestCutOffBeforeTheCallIsNotLost(t *testing.T) {
	t.Parallel()
	_, p := playedWith(t)
	i := p.issuer(t)
	o := p.begun(t, i)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := i.Step(ctx, o); err == nil || isLost(err) {
		t.Errorf("%+v, %v; want an error of a call that was not made", got, err)
	}
}

func TestStateOfAnotherKindIsAnError(t *testing.T) {
	t.Parallel()
	_, p := playedWith(t)
	i := p.issuer(t)
	o := vault.Order{State: []byte("x"), Issuer: p.withAppRole("")}
	if _, err := i.Step(t.Context(), o); err == nil {
		t.Error("a step from a broken state succeeded")
	}
	if _, err := i.Cancel(t.Context(), o); err == nil {
		t.Error("a cancel from a broken state succeeded")
	}
}

func TestRevokeIsRefusedOrPasses(t *testing.T) {
	t.Parallel()
	b, p := playedWith(t)
	i := p.issuer(t)
	r := vault.Revocation{Issuer: p.withAppRole(""), Password: vault.Hidden(p.secretID), Ref: reference{Serial: "00:11"}.write()}
	var refusal *vault.Error
	if err := i.Revoke(t.Context(), r); !errors.As(err, &refusal) || !strings.Contains(refusal.Message, "certificate with serial 00:11 not found.") {
		t.Errorf("unknown serial: %v, want a refusal with the server's words", err)
	}
	r.Ref = nil
	if err := i.Revoke(t.Context(), r); !errors.As(err, &refusal) {
		t.Errorf("nothing known of the certificate: %v, want a refusal", err)
	}
	b.set(func() { b.sealed = true })
	r.Ref = reference{Serial: "00:11"}.write()
	if err := i.Revoke(t.Context(), r); err == nil || errors.As(err, new(*vault.Error)) {
		t.Errorf("sealed: %v, want an error that passes", err)
	}
}
