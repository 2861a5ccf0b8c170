package inspect

import (
	"crypto/tls"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"certwright/internal/access"
	"certwright/internal/auth"
	"certwright/internal/config"
	"certwright/internal/issuer/acme"
	"certwright/internal/issuer/openbao"
	"certwright/internal/must"
	"certwright/internal/notify"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/tokens"
	"certwright/internal/trust"
)

// A world is what a server of a configuration would ask.
type world struct {
	*httptest.Server
	ca     string
	status int // of what an authority answers
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{status: http.StatusOK}
	w.Server = httptest.NewTLSServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/.well-known/openid-configuration":
			_, _ = out.Write([]byte(`{"issuer":"` + w.URL + `","jwks_uri":"` + w.URL + `/keys"}`))
		case "/keys":
			_, _ = out.Write([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`))
		default:
			out.WriteHeader(w.status)
		}
	}))
	t.Cleanup(w.Close)
	w.ca = filepath.Join(t.TempDir(), "ca.pem")
	must.Do(t, os.WriteFile(w.ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.Certificate().Raw}), 0o644))
	return w
}

// good is a configuration in which nothing is wrong.
func (w *world) good(t *testing.T) config.Config {
	t.Helper()
	dir := t.TempDir()
	a, err := trust.Open(t.TempDir())
	must.Do(t, err)
	leaf, err := a.GetCertificate(&tls.ClientHelloInfo{ServerName: "localhost"})
	must.Do(t, err)
	cert, key, err := trust.EncodePair(leaf)
	must.Do(t, err)
	c := config.Config{Production: true, Data: filepath.Join(dir, "data"), Vaults: []config.Vault{{Name: "web"}},
		TLS: trust.Settings{Cert: filepath.Join(dir, "c"), Key: filepath.Join(dir, "k")},
		Providers: map[string]config.Provider{
			"LetsEncrypt": {Kind: "acme", Settings: &acme.Settings{Directory: w.URL + "/dir", CABundle: w.ca}},
			"OpenBao":     {Kind: "vault", Settings: &openbao.Settings{Address: w.URL, CABundle: w.ca, Role: "web"}},
		},
	}
	c.Auth.Issuers = []auth.IssuerSettings{{Name: "corp", URL: w.URL, CABundle: w.ca, Audiences: []string{"x"}}}
	must.Do(t, os.WriteFile(c.TLS.Cert, cert, 0o644))
	must.Do(t, os.WriteFile(c.TLS.Key, key, 0o600))
	return c
}

type later time.Duration

func (l later) Now() time.Time { return time.Now().Add(time.Duration(l)) }

// What is wrong is told, in a line of its own, and nothing else is.
func TestEveryFaultHasItsLine(t *testing.T) {
	t.Parallel()
	bound := func(string) bool { return false }
	for want, change := range map[string]func(w *world, r *Request){
		"":                                     func(*world, *Request) {},
		"tls: the file is open to other users": func(_ *world, r *Request) { _ = os.Chmod(r.Config.TLS.Key, 0o644) },
		"sign-in issuer corp: ":                func(_ *world, r *Request) { r.Config.Auth.Issuers[0].CABundle = "" },
		"provider LetsEncrypt: https://":       func(w *world, _ *Request) { w.status = http.StatusNotFound },
		"provider OpenBao: ":                   func(_ *world, r *Request) { r.Config.Providers["OpenBao"].Settings.(*openbao.Settings).CABundle = "" },
		"mail: the mail server cannot be reached": func(_ *world, r *Request) {
			r.Config.Notices.SMTP = &notify.MailSettings{Host: "127.0.0.1:1", From: "a@example.org"}
		},
		"webhook 1: ": func(w *world, r *Request) {
			r.Config.Notices.Events = []notify.WebhookSettings{{URL: w.URL + "/in?key=s3cret"}}
		},
		"clock: this machine is ahead of what 127.0.0.1": func(_ *world, r *Request) { r.Clock = later(61 * time.Second) },
		"clock: this machine is behind what 127.0.0.1":   func(_ *world, r *Request) { r.Clock = later(-61 * time.Second) },
		"tls: the certificate in":                        func(_ *world, r *Request) { r.Clock = later(80 * 24 * time.Hour) },
		"token service: client web: read a certificate: ": func(_ *world, r *Request) {
			r.Config.Auth.TokenService = &tokens.Settings{Issuer: "https://v.example/adfs", Clients: []tokens.ClientSettings{{ID: "web", Certificates: []tokens.CertificateSettings{{File: "/none"}}}}}
		},
		"token service: hosts: there is no folder /none": func(_ *world, r *Request) {
			r.Config.Auth.TokenService = &tokens.Settings{Issuer: "https://v.example/adfs", Clients: []tokens.ClientSettings{{ID: "web"}}, Hosts: []tokens.HostSettings{{Socket: "/none/s", UID: 1, Client: "web"}}}
		},
		"token service: access names clients that are not there: ci, shop, weeb": func(_ *world, r *Request) {
			r.Config.Auth.TokenService = &tokens.Settings{Issuer: "https://v.example/adfs", Clients: []tokens.ClientSettings{{ID: "1f", Name: "Web"}}}
			of := func(names ...string) (all []access.Assignment) {
				for _, name := range names {
					all = append(all, access.Assignment{To: access.Principal{Client: name}})
				}
				return all
			}
			r.Config.Access.Assignments = of("web", "1F", "weeb")
			r.Config.Vaults[0].Access = access.VaultSettings{Assignments: of("shop"), Policies: []access.Policy{{Client: "ci"}, {ObjectID: "ann"}}}
		},
		"database: ":            func(_ *world, r *Request) { r.Config.Store = "postgres://u:s3cret@127.0.0.1:1/c?sslmode=disable" },
		"client certificates: ": func(_ *world, r *Request) { r.Config.Auth.MTLS = &auth.MutualSettings{CA: "/none"} },
	} {
		w := newWorld(t)
		r := Request{Config: w.good(t), Bound: bound}
		change(w, &r)
		var faults []string
		for _, f := range All(t.Context(), r) {
			if f.Fault {
				faults = append(faults, f.What+": "+f.Text)
			}
			if strings.Contains(f.Text+f.Hint, "s3cret") {
				t.Errorf("it tells what is secret: %+v", f)
			}
		}
		switch {
		case want == "" && faults != nil:
			t.Errorf("nothing is wrong, and it tells %q", faults)
		case want != "" && (len(faults) == 0 || !strings.Contains("\n"+strings.Join(faults, "\n"), "\n"+want)):
			t.Errorf("want %q, it tells %q", want, faults)
		}
	}
}

// A database that servers share is asked, and neither its URL's user nor password told.
func TestSharedDatabase(t *testing.T) {
	t.Parallel()
	for _, url := range sqltest.Postgres(t) {
		w := newWorld(t)
		r := Request{Config: w.good(t)}
		r.Config.Store = url
		found := All(t.Context(), r)
		at := slices.IndexFunc(found, func(f Finding) bool { return f.What == "database" })
		if at < 0 || found[at].Fault || !strings.HasPrefix(found[at].Text, "PostgreSQL 1") || strings.Contains(found[at].Text, "@") {
			t.Errorf("%+v", found)
		}
	}
}
