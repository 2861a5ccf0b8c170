package challenge

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"

	"certwright/internal/outbound"
	"certwright/internal/setting"
)

// Settings say how proofs are published: the keys below `solver:`. Secrets are in files, which are read anew whenever they are used.
type Settings struct {
	Kind        string        // rfc2136, webhook, exec, http or acme-dns
	Type        string        // dns-01 or http-01, for webhook and exec; "" is dns-01
	Propagation time.Duration // at least this long from publishing to the authority's look; 0: none where name servers are asked, else 10s

	// For kinds that solve dns-01.
	Nameservers []string // asked until all show the record; host or host:port
	FollowCNAME bool     // publish where a CNAME at the record's name leads
	Resolver    string   // asked for the CNAME; "" is the first of /etc/resolv.conf

	// rfc2136: dynamic updates of a name server.
	Server         string // host or host:port
	Zone           string // "": the server is asked
	TSIGName       string // "": the name in the file; without a file nothing is signed
	TSIGAlgorithm  string // "": the file's, or hmac-sha256
	TSIGSecretFile string // the secret in base64, or a key statement as of tsig-keygen
	TTL            int    // of the records, in seconds; 0 is 60
	TCP            bool   // never UDP

	// webhook and acme-dns.
	URL          string // /present and /cleanup, or /update, are below it
	CABundle     string // PEM; "" is the system's
	SecretFile   string // webhook: signs each call
	User         string // webhook: basic authentication
	PasswordFile string // webhook: of User
	AccountFile  string // acme-dns: JSON, an account for each domain

	// exec: a program of the operator's.
	Command []string      // path and first arguments; present or cleanup, name and value follow
	Timeout time.Duration // of one run; 0 is 30s
}

// Fields implements setting.Settings.
func (s *Settings) Fields() []setting.Field {
	return []setting.Field{
		setting.Text("kind", &s.Kind),
		setting.Text("type", &s.Type),
		setting.Duration("propagation", &s.Propagation),
		setting.Texts("nameservers", &s.Nameservers),
		setting.Switch("follow_cname", &s.FollowCNAME),
		setting.Text("resolver", &s.Resolver),
		setting.Text("server", &s.Server),
		setting.Text("zone", &s.Zone),
		setting.Text("tsig_name", &s.TSIGName),
		setting.Text("tsig_algorithm", &s.TSIGAlgorithm),
		setting.File("tsig_secret_file", &s.TSIGSecretFile),
		setting.Number("ttl", &s.TTL),
		setting.Switch("tcp", &s.TCP),
		setting.Text("url", &s.URL),
		setting.File("ca_bundle", &s.CABundle),
		setting.File("secret_file", &s.SecretFile),
		setting.Text("user", &s.User),
		setting.File("password_file", &s.PasswordFile),
		setting.File("account_file", &s.AccountFile),
		setting.Texts("command", &s.Command),
		setting.Duration("timeout", &s.Timeout),
	}
}

// The keys that a kind has beside kind and propagation.
var (
	dnsKeys  = []string{"nameservers", "follow_cname", "resolver"}
	kindKeys = map[string][]string{
		"rfc2136":  append([]string{"server", "zone", "tsig_name", "tsig_algorithm", "tsig_secret_file", "ttl", "tcp"}, dnsKeys...),
		"webhook":  {"type", "url", "ca_bundle", "secret_file", "user", "password_file"},
		"exec":     {"type", "command", "timeout"},
		"http":     {},
		"acme-dns": {"url", "ca_bundle", "account_file", "nameservers"},
	}
)

// What settings may be at most.
const (
	longestTimeout     = 45 * time.Second // a step of an order has a minute
	longestPropagation = time.Hour
	longestTTL         = 86400
	maxNameservers     = 8
)

// Solves returns the challenge that a solver of these settings solves.
func (s Settings) Solves() string {
	switch {
	case s.Kind == "http":
		return HTTP01
	case s.Type != "":
		return s.Type
	}
	return DNS01
}

// Check reports every setting that will not do; each error begins with its key.
// It uses no network and opens no file.
func (s Settings) Check() []error {
	keys, known := kindKeys[s.Kind]
	switch {
	case s.Kind == "":
		return []error{errors.New("kind: is missing; write rfc2136, webhook, exec, http or acme-dns")}
	case !known:
		return []error{fmt.Errorf("kind: %q is unknown; write rfc2136, webhook, exec, http or acme-dns", s.Kind)}
	}
	var wrong complaints
	if s.Type != "" && s.Type != DNS01 && s.Type != HTTP01 {
		wrong.say("type: %q is unknown; write dns-01 or http-01", s.Type)
	}
	if slices.Contains(keys, "type") && s.Solves() == DNS01 {
		keys = append(slices.Clone(keys), dnsKeys...)
	}
	s.checkKeys(&wrong, keys)
	s.checkCommon(&wrong)
	switch s.Kind {
	case "rfc2136":
		s.checkRFC2136(&wrong)
	case "webhook":
		s.checkWebhook(&wrong)
	case "exec":
		s.checkExec(&wrong)
	case "acme-dns":
		s.checkACMEDNS(&wrong)
	}
	return wrong
}

type complaints []error

func (c *complaints) say(format string, args ...any) { *c = append(*c, fmt.Errorf(format, args...)) }

// checkKeys finds settings that the kind does not have.
func (s Settings) checkKeys(wrong *complaints, keys []string) {
	for _, f := range s.Fields() {
		if f.Key != "kind" && f.Key != "propagation" && f.Set() && !slices.Contains(keys, f.Key) {
			wrong.say("%s: means nothing to a solver of kind %s for %s; remove it", f.Key, s.Kind, s.Solves())
		}
	}
}

func (s Settings) checkCommon(wrong *complaints) {
	if s.Propagation < 0 || s.Propagation > longestPropagation {
		wrong.say("propagation: %v must be from 0s to %v", s.Propagation, longestPropagation)
	}
	if len(s.Nameservers) > maxNameservers {
		wrong.say("nameservers: %d are too many; write %d at most", len(s.Nameservers), maxNameservers)
	}
	for _, n := range s.Nameservers {
		checkServer(wrong, "nameservers", n)
	}
	if s.Resolver != "" {
		checkServer(wrong, "resolver", s.Resolver)
		if !s.FollowCNAME {
			wrong.say("resolver: is asked for CNAMEs only; write follow_cname: true too")
		}
	}
}

func (s Settings) checkRFC2136(wrong *complaints) {
	if s.Server == "" {
		wrong.say("server: is missing; write the primary name server's host:port, as in 10.0.0.53:53")
	} else {
		checkServer(wrong, "server", s.Server)
	}
	if s.Zone != "" && !isHost(strings.TrimSuffix(s.Zone, ".")) {
		wrong.say("zone: %q is not a valid domain name; write one as in example.org", s.Zone)
	}
	if s.TSIGSecretFile == "" && (s.TSIGName != "" || s.TSIGAlgorithm != "") {
		wrong.say("tsig_secret_file: is missing; write the path of the file with the key's secret")
	}
	if s.TSIGName != "" && !isHost(strings.TrimSuffix(s.TSIGName, ".")) {
		wrong.say("tsig_name: %q is not a valid name of a key; write it as the name server has it", s.TSIGName)
	}
	if s.TSIGAlgorithm != "" && !isAlgorithm(s.TSIGAlgorithm) {
		wrong.say("tsig_algorithm: %q is unknown; write one of %s", s.TSIGAlgorithm, strings.Join(algorithms(), ", "))
	}
	if s.TTL < 0 || s.TTL > longestTTL {
		wrong.say("ttl: %d must be seconds from 1 to %d", s.TTL, longestTTL)
	}
}

func (s Settings) checkWebhook(wrong *complaints) {
	checkURL(wrong, s.URL, "https://hooks.example.org/acme")
	if (s.User == "") != (s.PasswordFile == "") {
		wrong.say("user: and password_file: belong together; write both or none")
	}
}

func (s Settings) checkExec(wrong *complaints) {
	if len(s.Command) == 0 || !filepath.IsAbs(s.Command[0]) {
		wrong.say("command: must begin with the full path of a program, as in [/etc/certwright/hook.sh]")
	}
	if s.Timeout < 0 || s.Timeout > longestTimeout {
		wrong.say("timeout: %v must be from 1s to %v", s.Timeout, longestTimeout)
	}
}

func (s Settings) checkACMEDNS(wrong *complaints) {
	checkURL(wrong, s.URL, "https://auth.example.org")
	if s.AccountFile == "" {
		wrong.say("account_file: is missing; write the path of the JSON file with the accounts of your domains")
	}
	if len(s.Nameservers) == 0 {
		wrong.say("nameservers: is missing; write where the acme-dns server answers DNS, as in [203.0.113.5:53]")
	}
}

func checkServer(wrong *complaints, key, text string) {
	host, port, err := net.SplitHostPort(withPort(text))
	n, portErr := strconv.ParseUint(port, 10, 16)
	if _, ipErr := netip.ParseAddr(host); err != nil || portErr != nil || n == 0 || ipErr != nil && !isHost(host) {
		wrong.say("%s: %q is not a host:port, as in 10.0.0.53:53", key, text)
	}
}

// withPort adds DNS's port where there is none.
func withPort(server string) string {
	if _, err := netip.ParseAddr(server); err == nil || !strings.Contains(server, ":") {
		return net.JoinHostPort(server, "53")
	}
	return server
}

// checkURL is outbound.CheckURL for the address of a solver, which must be there.
func checkURL(wrong *complaints, address, example string) {
	if address == "" {
		wrong.say("url: is missing; write it as in %s", example)
	} else if err := outbound.CheckURL(address); err != nil {
		wrong.say("url: %w", err)
	}
}

func algorithms() []string {
	return []string{"hmac-sha256", "hmac-sha384", "hmac-sha512", "hmac-sha224", "hmac-sha1"}
}

func isAlgorithm(s string) bool {
	return slices.Contains(algorithms(), strings.TrimSuffix(dns.CanonicalName(s), "."))
}
