package challenge_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"certwright/internal/challenge"
	"certwright/internal/must"
)

// bind starts a real BIND with the zones example.org and example.net and the
// update policy of docs/issuers/solvers.md.
func bind(t *testing.T) (addr, dir string) {
	t.Helper()
	program := os.Getenv("CERTWRIGHT_NAMED")
	if program == "" {
		var err error
		if program, err = exec.LookPath("named"); err != nil {
			t.Skip("BIND is not installed: no named in PATH, and CERTWRIGHT_NAMED does not say where it is")
		}
	}
	dir = t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must.Do(t, err)
	addr = l.Addr().String()
	_, port, _ := net.SplitHostPort(addr)
	l.Close()
	key := func(name, secret string) string {
		return fmt.Sprintf("key %q { algorithm hmac-sha256; secret %q; };\n", name, secret)
	}
	write(t, dir, "certwright.key", key("certwright", keySecret))
	write(t, dir, "stranger.key", key("stranger", keySecret))
	write(t, dir, "poor.key", key("poor", wrongSecret))
	write(t, dir, "wrong.key", key("certwright", wrongSecret))
	conf := fmt.Sprintf("options { directory %q; pid-file none; session-keyfile none; recursion no; dnssec-validation no; listen-on port %s { 127.0.0.1; }; listen-on-v6 { none; }; };\ncontrols {};\n", dir, port)
	conf += key("certwright", keySecret) + key("poor", wrongSecret)
	for _, zone := range []string{"example.org", "example.net"} {
		write(t, dir, zone, "$TTL 60\n@ SOA ns root 1 60 60 60 1\n@ NS ns\nns A 127.0.0.1\nwww A 127.0.0.1\n_acme-challenge.cname CNAME cname.example.net.\n")
		conf += fmt.Sprintf(`zone %q { type primary; file %q; update-policy {
			grant certwright name _acme-challenge.www.example.org. TXT;
			grant certwright subdomain example.net. TXT; }; };`+"\n", zone, zone)
	}
	write(t, dir, "named.conf", conf)
	c := exec.Command(program, "-g", "-c", filepath.Join(dir, "named.conf"), "-n", "1")
	said, err := os.Create(filepath.Join(dir, "said"))
	must.Do(t, err)
	c.Stdout, c.Stderr = said, said
	must.Do(t, c.Start())
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
		_ = said.Close()
	})
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := dns.Exchange(new(dns.Msg).SetQuestion("example.net.", dns.TypeSOA), addr); err == nil {
			return addr, dir
		}
		if time.Now().After(end) {
			text, _ := os.ReadFile(said.Name())
			t.Fatalf("BIND does not answer:\n%s", text)
		}
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	must.Do(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
}

// What the name server of this test does is what BIND does.
func TestBIND(t *testing.T) {
	t.Parallel()
	addr, dir := bind(t)
	settings := challenge.Settings{Kind: "rfc2136", Server: addr, TSIGSecretFile: filepath.Join(dir, "certwright.key"), FollowCNAME: true, Resolver: addr}
	s := solver(t, settings)
	for _, r := range []challenge.Record{txt("base"), txt("wild"), {Type: "dns-01", Domain: "cname.example.org", Name: "_acme-challenge.cname.example.org.", Value: "v"}} {
		ready := func(want bool) {
			t.Helper()
			if ok, _, err := s.Ready(t.Context(), r, noon, noon); ok != want || err != nil {
				t.Errorf("%s %s: Ready is %v, %v; want %v", r.Name, r.Value, ok, err, want)
			}
		}
		ready(false)
		for range 2 {
			must.Do(t, s.Present(t.Context(), r))
		}
		ready(true)
	}
	for range 2 {
		must.Do(t, s.Cleanup(t.Context(), txt("base")))
	}
	for value, want := range map[string]bool{"base": false, "wild": true} {
		if ok, _, err := s.Ready(t.Context(), txt(value), noon, noon); ok != want || err != nil {
			t.Errorf("after the clean-up %s is ready: %v, %v; want %v", value, ok, err, want)
		}
	}
	for name, c := range map[string]struct {
		key, zone string
		record    challenge.Record
		want      string
	}{
		"wrong secret": {"wrong.key", "example.org", txt("v"), "has another secret for the TSIG key certwright (BADSIG)"},
		"unknown key":  {"stranger.key", "example.org", txt("v"), "does not know the TSIG key stranger with this algorithm (BADKEY)"},
		"no policy":    {"poor.key", "example.org", txt("v"), "its update policy must allow that to the TSIG key poor"},
		"other name":   {"certwright.key", "example.org", challenge.Record{Type: "dns-01", Domain: "a.example.org", Name: "_acme-challenge.a.example.org.", Value: "v"}, "its update policy must allow that to the TSIG key certwright"},
		"no key":       {"", "example.org", txt("v"), "its update policy must allow that to callers without a TSIG key"},
		"other zone":   {"certwright.key", "org", txt("v"), "is not the primary of zone org."},
	} {
		bad := challenge.Settings{Kind: "rfc2136", Server: addr, Zone: c.zone}
		if c.key != "" {
			bad.TSIGSecretFile = filepath.Join(dir, c.key)
		}
		if err := solver(t, bad).Present(t.Context(), c.record); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}
