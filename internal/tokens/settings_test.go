package tokens

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
	"certwright/internal/setting"
)

// parse reads settings as they stand in a file.
func parse(t *testing.T, text string) (s Settings) {
	t.Helper()
	must.Do(t, setting.Read([]byte(text), s.Fields(), "/etc/certwright"))
	return s
}

func TestSettings(t *testing.T) {
	t.Parallel()
	_, hash := NewSecret()
	s := parse(t, `
issuer: https://vault.example:8443/adfs
lifetime: 1h
keys: {rotate: 30d, algorithm: RS256}
audiences: [cfa8b339-82a2-471a-a3c9-0fc0be7a4093]
limits: {per_client: 60, per_address: 120}
clients_file: clients.yaml
clients:
- id: 6f2c0a52-0000-0000-0000-000000000000
  name: web-shop
  groups: [deployers]
  secrets: [{hash: "`+hash+`", expires: 2027-01-01}, {hash: "`+hash+`", expires: "2027-01-01T12:00:00Z"}]
  certificates: [{file: web.pem}, {ca: ca.pem, subject: CN=web}, {x5t_s256: "`+strings.Repeat("ab", 32)+`"}]
  federated: [{issuer: cluster, subject: "system:serviceaccount:shop:web", audience: api://AzureADTokenExchange}]
hosts:
- {socket: /run/certwright/identity.sock, uid: 1001, client: web-shop}
`)
	if wrong := s.Check(); wrong != nil {
		t.Error(wrong)
	}
	if s.Tenant() != "adfs" || s.Keys.Rotate != 30*day || s.Clients[0].Certificates[0].File != "/etc/certwright/web.pem" || s.File != "/etc/certwright/clients.yaml" || s.Hosts[0].UID != 1001 {
		t.Errorf("%+v", s)
	}
}

func TestSettingsRefused(t *testing.T) {
	t.Parallel()
	good := "issuer: https://vault.example/adfs\n"
	_, hash := NewSecret()
	for text, want := range map[string]string{
		"lifetime: 1h":                                                                `issuer: "" is not an https address with one segment`,
		"issuer: http://vault.example/adfs":                                           "issuer: ",
		"issuer: https://vault.example":                                               "issuer: ",
		"issuer: https://vault.example/adfs/":                                         "issuer: ",
		"issuer: https://vault.example/a/b":                                           "issuer: ",
		"issuer: https://vault.example/keys":                                          "issuer: ",
		"issuer: https://u@vault.example/adfs":                                        "issuer: ",
		"issuer: https://vault.example/adfs?x":                                        "issuer: ",
		good + "lifetime: 1m":                                                         "lifetime is 1m0s; it must be 15m to 24h",
		good + "lifetime: 25h":                                                        "lifetime is 25h0m0s",
		good + "keys: {rotate: 1d}":                                                   "keys: rotate is 24h0m0s; it must be 2d to 365d",
		good + "keys: {algorithm: HS256}":                                             `keys: algorithm: "HS256" is unknown`,
		good + "keys: {withdraw: now}":                                                "keys: withdraw: \"now\" is neither a day",
		good + "limits: {per_client: -1}":                                             "limits: per_client is -1",
		good + "clients: [{name: a}]":                                                 "clients: item 1 (a): id: ",
		good + "clients: [{id: a}, {id: A}]":                                          `clients: item 2: another client has the name or id "a"`,
		good + "clients: [{id: a}, {id: b, name: a}]":                                 `clients: item 2: another client has the name or id "a"`,
		good + "clients: [{id: a, secrets: [{hash: plain}]}]":                         "secrets: item 1: hash: write what certwright client add printed",
		good + "clients: [{id: a, secrets: [{hash: '" + hash + "', expires: soon}]}]": "secrets: item 1: expires: \"soon\"",
		good + "clients: [{id: a, secrets: [{hash: x}, {hash: x}, {hash: x}]}]":       "secrets: there are 3; a client may have 2",
		good + "clients: [{id: a, certificates: [{}]}]":                               "certificates: item 1: set one of",
		good + "clients: [{id: a, certificates: [{file: a, ca: b}]}]":                 "certificates: item 1: set one of",
		good + "clients: [{id: a, certificates: [{x5t_s256: abcd}]}]":                 "certificates: item 1: x5t_s256",
		good + "clients: [{id: a, certificates: [{ca: a, subject: '='}]}]":            "certificates: item 1: subject",
		good + "clients: [{id: a, federated: [{issuer: b}]}]":                         "federated: item 1: issuer and subject must both be set",
		good + "hosts: [{uid: 1, client: a}]":                                         "hosts: item 1: socket",
		good + "hosts: [{socket: /s, uid: -1, client: a}]":                            "hosts: item 1: uid",
		good + "hosts: [{socket: /s, uid: 65534, client: a}]":                         "hosts: item 1: uid: 65534 stands for every user of other user namespaces",
		good + "hosts: [{socket: /s, uid: 1}]":                                        "hosts: item 1: client",
	} {
		s := parse(t, text)
		if err := errors.Join(s.Check()...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant %s", text, err, want)
		}
	}
}

// What files hold is judged at the start.
func TestFilesRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	empty, twice := filepath.Join(dir, "empty.pem"), filepath.Join(dir, "twice.yaml")
	must.Do(t, os.WriteFile(empty, []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), 0o644))
	must.Do(t, os.WriteFile(twice, []byte("clients: [{id: a}]\n"), 0o644))
	open := filepath.Join(dir, "open.yaml")
	must.Do(t, os.WriteFile(open, []byte("clients: []\n"), 0o644))
	must.Do(t, os.Chmod(open, 0o666))
	for want, s := range map[string]Settings{
		"everybody on this machine may write":   {File: open},
		"there is no certificate in it":         {Clients: []ClientSettings{{ID: "a", Certificates: []CertificateSettings{{File: empty}}}}},
		"no such file":                          {Clients: []ClientSettings{{ID: "a", Certificates: []CertificateSettings{{File: empty + "x"}}}}},
		`another client has the name or id "a"`: {Clients: []ClientSettings{{ID: "a"}}, File: twice},
		`hosts: item 1: client "b" is unknown`:  {Clients: []ClientSettings{{ID: "a"}}, Hosts: []HostSettings{{Client: "b"}}},
	} {
		if _, err := openBook(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// A clients' file that somebody wrote is read again; one that will not do is not.
func TestReread(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "clients.yaml")
	h := open(t, Settings{File: path})
	web, secret := withSecret()
	ask := func() int { t.Helper(); h.reread(); return h.ask(map[string]string{"client_secret": secret}).status }
	if got := ask(); got != 401 {
		t.Errorf("no client yet: %d", got)
	}
	f, err := OpenClients(path)
	must.Do(t, err)
	must.Do(t, f.Add(web))
	must.Do(t, f.Write())
	if got := ask(); got != 200 {
		t.Errorf("added: %d", got)
	}
	text, err := os.ReadFile(path)
	must.Do(t, err)
	must.Do(t, os.WriteFile(path, append(text, "clients: [\n"...), 0o644))
	if got := ask(); got != 200 {
		t.Errorf("damaged: %d", got)
	}
	must.Do(t, os.WriteFile(path, []byte("clients: []\n"), 0o644))
	must.Do(t, os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour)))
	if got := ask(); got != 401 {
		t.Errorf("removed: %d", got)
	}
}

// What will end soon is told before it does.
func TestLook(t *testing.T) {
	t.Parallel()
	_, hash := NewSecret()
	now := time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
	web := certify(t, ecKey(t), "web", nil) // until December
	clients, ending, err := Look(Settings{Clients: []ClientSettings{
		{ID: "web-id", Name: "web", Secrets: []SecretSettings{{Hash: hash, Expires: "2026-11-01"}, {Hash: hash, Expires: "2026-12-24"}}, Certificates: []CertificateSettings{{File: web.file(t)}}},
		{ID: "other", Secrets: []SecretSettings{{Hash: hash, Expires: "2027-11-01"}, {Hash: hash}}},
	}}, now)
	want := []string{"the certificate of web ends on 2026-12-01", "the secret of web ended on 2026-11-01", "the secret of web ends on 2026-12-24"}
	if err != nil || clients != 2 || !slices.Equal(ending, want) {
		t.Errorf("%d %q %v", clients, ending, err)
	}
	if _, _, err := Look(Settings{Clients: []ClientSettings{{ID: "a", Certificates: []CertificateSettings{{File: "/nowhere.pem"}}}}}, now); err == nil {
		t.Error("a file that is not there was read")
	}
}
