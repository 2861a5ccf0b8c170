package challenge_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"certwright/internal/challenge"
	"certwright/internal/setting"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{}`:            "kind: is missing; write rfc2136, webhook, exec, http or acme-dns",
		`{kind: magic}`: `kind: "magic" is unknown; write rfc2136, webhook, exec, http or acme-dns`,

		`{kind: rfc2136, server: 10.0.0.53:53, zone: example.org, tsig_name: k, tsig_secret_file: /etc/certwright/tsig}`:                  "",
		`{kind: rfc2136, server: "2001:db8::1", nameservers: ["[2001:db8::2]:53", ns.example.org], propagation: 10s, ttl: 30, tcp: true}`: "",
		`{kind: rfc2136, server: ns, follow_cname: true, resolver: 9.9.9.9, tsig_algorithm: HMAC-SHA512., tsig_secret_file: f}`:           "",
		`{kind: rfc2136}`:                                                                        "server: is missing; write the primary name server's host:port, as in 10.0.0.53:53",
		`{kind: rfc2136, server: "a b"}`:                                                         `server: "a b" is not a host:port, as in 10.0.0.53:53`,
		`{kind: rfc2136, server: "a:0"}`:                                                         `server: "a:0" is not a host:port, as in 10.0.0.53:53`,
		`{kind: rfc2136, server: "a:65536"}`:                                                     `server: "a:65536" is not a host:port, as in 10.0.0.53:53`,
		`{kind: rfc2136, server: a, zone: "x y"}`:                                                `zone: "x y" is not a valid domain name; write one as in example.org`,
		`{kind: rfc2136, server: a, tsig_name: k}`:                                               "tsig_secret_file: is missing; write the path of the file with the key's secret",
		`{kind: rfc2136, server: a, ttl: -1}`:                                                    "ttl: -1 must be seconds from 1 to 86400",
		`{kind: rfc2136, server: a, resolver: b}`:                                                "resolver: is asked for CNAMEs only; write follow_cname: true too",
		`{kind: rfc2136, server: a, propagation: 2h}`:                                            "propagation: 2h0m0s must be from 0s to 1h0m0s",
		`{kind: rfc2136, server: a, type: dns-01}`:                                               "type: means nothing to a solver of kind rfc2136 for dns-01; remove it",
		`{kind: rfc2136, server: a, nameservers: ["-"]}`:                                         `nameservers: "-" is not a host:port, as in 10.0.0.53:53`,
		`{kind: rfc2136, server: a, nameservers: [a, a, a, a, a, a, a, a, a]}`:                   "nameservers: 9 are too many; write 8 at most",
		`{kind: rfc2136, server: a, tsig_name: "k k", tsig_algorithm: md5, tsig_secret_file: f}`: `tsig_name: "k k" is not a valid name of a key; write it as the name server has it` + "\n" + `tsig_algorithm: "md5" is unknown; write one of hmac-sha256, hmac-sha384, hmac-sha512, hmac-sha224, hmac-sha1`,

		`{kind: webhook, url: "https://h.example/x", user: u, password_file: f, secret_file: g, ca_bundle: h, follow_cname: true}`: "",
		`{kind: webhook, url: "http://127.0.0.1:8080", type: http-01}`:                                                             "",
		`{kind: webhook}`:                                                    "url: is missing; write it as in https://hooks.example.org/acme",
		`{kind: webhook, url: "http://h.example"}`:                           `url: "http://h.example" must begin with https://; http is for this machine only`,
		`{kind: webhook, url: "https://u:p@h/"}`:                             `url: "https://u:xxxxx@h/" must have no user, query or fragment`,
		`{kind: webhook, url: "nonsense"}`:                                   `url: "nonsense" is not a valid address, as in https://host.example.org/path`,
		`{kind: webhook, url: "https://h", user: u}`:                         "user: and password_file: belong together; write both or none",
		`{kind: webhook, url: "https://h", type: x}`:                         `type: "x" is unknown; write dns-01 or http-01`,
		`{kind: webhook, url: "https://h", type: http-01, nameservers: [a]}`: "nameservers: means nothing to a solver of kind webhook for http-01; remove it",

		`{kind: exec, command: [/etc/certwright/hook.sh, -v], timeout: 45s, nameservers: [a]}`: "",
		`{kind: exec, command: [/hook], type: http-01}`:                                        "",
		`{kind: exec}`:                                "command: must begin with the full path of a program, as in [/etc/certwright/hook.sh]",
		`{kind: exec, command: [hook.sh]}`:            "command: must begin with the full path of a program, as in [/etc/certwright/hook.sh]",
		`{kind: exec, command: [/hook], timeout: 1m}`: "timeout: 1m0s must be from 1s to 45s",

		`{kind: http}`:                   "",
		`{kind: http, url: "https://h"}`: "url: means nothing to a solver of kind http for http-01; remove it",

		`{kind: acme-dns, url: "https://a.example", account_file: f, nameservers: [a.example]}`: "",
		`{kind: acme-dns, url: "https://a.example"}`:                                            "account_file: is missing; write the path of the JSON file with the accounts of your domains\nnameservers: is missing; write where the acme-dns server answers DNS, as in [203.0.113.5:53]",
	} {
		var s challenge.Settings
		if err := setting.Read([]byte(text), s.Fields(), "/"); err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got := ""
		if wrong := s.Check(); len(wrong) > 0 {
			got = errors.Join(wrong...).Error()
			if _, err := challenge.New(s, means()); err == nil {
				t.Errorf("%s: New took it", text)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

func TestMeansAreNeeded(t *testing.T) {
	t.Parallel()
	for _, s := range []challenge.Settings{
		{Kind: "rfc2136", Server: "a"},
		{Kind: "webhook", URL: "https://h"},
		{Kind: "http"},
		{Kind: "acme-dns", URL: "https://a", AccountFile: "f", Nameservers: []string{"a"}},
	} {
		if _, err := challenge.New(s, challenge.Means{}); err == nil {
			t.Errorf("%s was made of nothing", s.Kind)
		}
	}
}

func TestSecretsDoNotShow(t *testing.T) {
	t.Parallel()
	n := startNameServer(t)
	l := startListener(t, nil)
	for _, s := range []challenge.Settings{
		signed(t, n),
		{Kind: "webhook", URL: l.URL, CABundle: l.Bundle, SecretFile: file(t, keySecret), Propagation: time.Second},
		{Kind: "acme-dns", URL: l.URL, CABundle: l.Bundle, Nameservers: []string{n.Addr},
			AccountFile: file(t, strings.Replace(accountFile, "p-1", keySecret, 1))},
	} {
		made := solver(t, s)
		if text := fmt.Sprintf("%v %+v %#v", made, made, made); strings.Contains(text, keySecret) {
			t.Errorf("%s shows its secret: %s", s.Kind, text)
		}
	}
}
