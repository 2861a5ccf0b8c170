// Package setup writes a configuration file from a few answers, with a comment at
// each thing that a person may want to change. It asks nobody and writes no file.
// Begin with Answers.
package setup

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
)

// The authorities that a configuration can be begun with.
const (
	Internal    = "internal"
	LetsEncrypt = "letsencrypt"
	ACME        = "acme"
	DigiCert    = "digicert"
	OpenBao     = "openbao"
)

// Authorities are their names.
func Authorities() []string { return []string{Internal, LetsEncrypt, ACME, DigiCert, OpenBao} }

// The ways to sign in at a production server.
const (
	ByToken = "token-service" // of the server's own
	ByOIDC  = "oidc"
	ByEntra = "entra"
)

// SignIns are their names.
func SignIns() []string { return []string{ByToken, ByOIDC, ByEntra} }

// Answers say what a configuration is to be.
type Answers struct {
	Production bool
	Listen     string // the https listener
	Data       string // "": this user's own
	Host       string // by which vaults are reached: NAME.Host, production alone
	Vaults     []string
	Cert, Key  string // TLS files, beside the configuration

	Authorities []string
	Directory   string // of ACME
	Address     string // of OpenBao
	Role        string // there

	MailHost, MailFrom string // "": none is sent

	SignIn        string
	Issuer        string // URL of ByOIDC, tenant of ByEntra
	Administrator string // the subject in its tokens
}

// Text is the configuration file.
func (a Answers) Text() string {
	w := &text{}
	if a.Production {
		a.serve(w)
	} else {
		a.dev(w)
	}
	a.providers(w)
	a.mail(w)
	if a.Production {
		a.signIn(w)
	}
	return w.String()
}

type text struct{ strings.Builder }

// say writes lines; the verbs are quoted where they stand for what was answered.
func (w *text) say(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

func (a Answers) dev(w *text) {
	w.say("# A development server: certwright dev --config THIS-FILE")
	w.say("# It accepts every token and permits everything. All settings are in docs/operate.md.")
	w.say("listen: %s      # the https listener, where the vaults are", cmp.Or(a.Listen, "127.0.0.1:8443"))
	w.say("http: 127.0.0.1:8080        # the side door: tokens, administration, the console")
	if a.Data != "" {
		w.say("data: %q", a.Data)
	} else {
		w.say("# data: ./vault-data        # where everything is kept; this user's own folder if not set")
	}
	w.say("# proxy: 127.0.0.1:3128     # leads *.vault.azure.net here, for programs that have it built in")
	w.say("# strict_providers: true    # refuse providers that are not named below, instead of playing them")
}

func (a Answers) serve(w *text) {
	w.say("# A production server: certwright check --config THIS-FILE, then certwright serve --config THIS-FILE")
	w.say("# docs/serve.md goes through it, docs/operate.md has all settings.")
	w.say("listen: %s          # the https listener, where the vaults are", cmp.Or(a.Listen, "0.0.0.0:8443"))
	w.say("http: 127.0.0.1:8080          # the side door: health, metrics, CRLs, operators; for this machine")
	w.say("data: %q", cmp.Or(a.Data, "/var/lib/certwright"))
	w.say("hosts: [%q, %q]   # names of this server, which its TLS certificate has", a.Host, "*."+a.Host)
	w.say("tls: {cert: %q, key: %q}   # PEM, beside this file; a new pair is taken by itself", cmp.Or(a.Cert, "tls.pem"), cmp.Or(a.Key, "tls.key"))
	w.say("vaults:                       # there are no others")
	for _, v := range a.Vaults {
		w.say("  - name: %s   # https://%s.%s", v, v, a.hostPort())
		w.say("    soft_delete_days: 90      # 7 to 90")
		w.say("    purge_protection: false   # true: nothing is gone before those days are over")
	}
}

// hostPort is how vaults are reached, below a vault's name.
func (a Answers) hostPort() string {
	if _, port, err := net.SplitHostPort(cmp.Or(a.Listen, "0.0.0.0:8443")); err == nil && port != "443" {
		return net.JoinHostPort(a.Host, port)
	}
	return a.Host
}

func (a Answers) providers(w *text) {
	w.say("\nproviders:                    # which authority an issuer's provider means; docs/issuers")
	of := map[string]func(){
		Internal: func() {
			w.say("  Internal: {kind: ca, profile: server, profiles: {server: {validity_days: 90, ekus: [serverAuth, clientAuth]}}}   # the built-in CA")
		},
		LetsEncrypt: func() {
			w.say("  LetsEncrypt:                # needs port 80 of each name led to the side door, or a DNS solver: docs/issuers/solvers.md")
			w.say("    kind: acme\n    directory: https://acme-v02.api.letsencrypt.org/directory\n    solver: {kind: http}")
		},
		ACME: func() {
			w.say("  ACME:                       # an authority of yours, such as step-ca")
			w.say("    kind: acme\n    directory: %q\n    solver: {kind: http}        # or DNS: docs/issuers/solvers.md", a.Directory)
			w.say("    # ca_bundle: root.pem     # its root, where the system does not trust it")
		},
		DigiCert: func() {
			w.say("  DigiCert: {kind: digicert}  # account, API key and organization stand in the issuer: certwright issuer set")
		},
		OpenBao: func() {
			w.say("  OpenBao:                    # OpenBao or Vault; role id and secret id stand in the issuer: certwright issuer set")
			w.say("    kind: vault\n    address: %q\n    role: %q", a.Address, a.Role)
			w.say("    # ca_bundle: bao-ca.pem   # its TLS authority, where the system does not trust it")
		},
	}
	for _, name := range Authorities() {
		if name == Internal && len(a.Authorities) == 0 || slices.Contains(a.Authorities, name) {
			of[name]()
		}
	}
}

func (a Answers) mail(w *text) {
	w.say("\n# mail to the contacts of a vault, and events to programs: docs/notices.md")
	if a.MailHost == "" {
		w.say("# smtp: {host: mail.example.org:587, from: certs@example.org, tls: starttls}   # without it mail is kept in the outbox")
	} else {
		w.say("smtp:\n  host: %q\n  from: %q\n  tls: starttls               # or tls (port 465), or none (port 25)", a.MailHost, a.MailFrom)
		w.say("  # user: certwright          # with password_file, or neither")
		w.say("  # password_file: smtp-password")
	}
	w.say("# events: [{url: \"https://hook.example.org/in\"}]")
}

func (a Answers) signIn(w *text) {
	admin := ""
	w.say("\nauth:                         # who may sign in: docs/signin.md, docs/tokens.md")
	switch a.SignIn {
	case ByOIDC:
		w.say("  issuers:\n    - name: sso\n      url: %q   # iss of its tokens\n      audiences: [%q]   # aud of tokens for this server", a.Issuer, "https://"+a.Host)
		admin = "{issuer: sso, subject: " + strconv.Quote(a.Administrator) + "}"
	case ByEntra:
		w.say("  issuers:\n    - {name: corp, entra: %q}   # the tenant", a.Issuer)
		admin = "{issuer: corp, subject: " + strconv.Quote(a.Administrator) + "}"
	default:
		w.say("  token_service: {issuer: %q, clients_file: clients.yaml}   # certwright client add NAME --config THIS-FILE", "https://"+a.hostPort()+"/adfs")
		admin = "{client: " + cmp.Or(a.Administrator, "admin") + "}"
	}
	w.say("\naccess:                       # who may do what: docs/access.md; certwright access test says why")
	w.say("  assignments:")
	w.say("    - {role: Key Vault Administrator, to: %s, on: /}", admin)
	w.say("    - {role: Certwright Administrator, to: %s, on: /}", admin)
	w.say("    # - {role: Key Vault Certificate User, to: {client: web-shop}, on: \"/vaults/%s/certificates/shop-*\", with: [secrets, keys]}", a.Vaults[0])
}
