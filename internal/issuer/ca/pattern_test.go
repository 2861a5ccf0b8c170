package ca

import (
	"strings"
	"testing"
)

func TestPatterns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind    string
		match   func(pattern, name string) bool
		pattern string
		yes, no string // names, separated by spaces
	}{
		{"DNS", matchDNS, "example.org", "example.org EXAMPLE.org", "www.example.org xexample.org example.org. *.example.org example.com"},
		{"DNS", matchDNS, "*.example.org", "www.example.org a.b.Example.org *.example.org *.a.example.org", "example.org wwwexample.org example.org.evil.test ..example.org -.example.org *.org"},
		{"DNS", matchDNS, "*.", "", "example.org"},
		{"DNS", matchDNS, "*", "example.org host *.example.org", "a..b *.*.example.org *"},
		{"mail", matchMail, "alice@example.org", "alice@example.org alice@EXAMPLE.org", "Alice@example.org bob@example.org alice@www.example.org"},
		{"mail", matchMail, "*@example.org", "alice@example.org bob@Example.org", "alice@a.example.org @example.org alice@example.org@evil.test"},
		{"mail", matchMail, "*@*.example.org", "alice@a.example.org", "alice@example.org alice@*.example.org"},
		{"mail", matchMail, "*", "alice@example.org", "alice example.org @example.org alice@"},
		{"URI", matchURI, "spiffe://example.org/web", "spiffe://example.org/web", "spiffe://example.org/web/a spiffe://example.org/"},
		{"URI", matchURI, "spiffe://example.org/web/*", "spiffe://example.org/web/a SPIFFE://EXAMPLE.org/web/a/b spiffe://example.org/web/",
			"spiffe://example.org/web spiffe://example.org/WEB/a spiffe://example.org/web/../admin spiffe://example.org/web/%2e%2e/admin spiffe://u@example.org/web/a spiffe://example.org.evil.test/web/a"},
		{"URI", matchURI, "https://example.org/*", "https://example.org/ https://example.org/a?b=c", `https://example.org https://example.org:8443/ https://example.org@evil.test/ https://example.org\@evil.test/ http://example.org/`},
		{"URI", matchURI, "urn:example:*", "urn:example:a:1 URN:example:a", "urn:other:a urn:example urn:EXAMPLE:a"},
		{"URI", matchURI, "*", "urn:a:b https://u@example.org/%2e", ""},
		{"IP", matchIP, "10.0.0.0/8", "10.1.2.3 ::ffff:10.1.2.3", "11.0.0.1 ::a00:1 10.0.0.0/8 10.1"},
		{"IP", matchIP, "2001:db8::/32", "2001:db8::1 2001:DB8::1", "2001:db9::1 10.0.0.1 fe80::1%eth0"},
		{"IP", matchIP, "10.0.0.1", "10.0.0.1", "10.0.0.2"},
		{"DNS constraint", withinDomain, "example.org", "example.org a.b.example.org *.example.org", "badexample.org org *.org"},
		{"DNS constraint", withinDomain, ".example.org", "a.example.org", "example.org"},
		{"DNS exclusion", excludesDomain, "secret.example.org", "secret.example.org a.secret.example.org *.example.org", "example.org *.org *.a.example.org"},
		{"mail constraint", withinMail, "example.org", "alice@example.org alice@EXAMPLE.org", "alice@a.example.org"},
		{"mail constraint", withinMail, ".example.org", "alice@a.example.org", "alice@example.org"},
		{"mail constraint", withinMail, "alice@example.org", "alice@example.org", "bob@example.org Alice@example.org"},
		{"URI constraint", withinURI, "example.org", "https://example.org/a https://example.org:8443/", "https://a.example.org/ urn:example:a https://10.0.0.1/"},
		{"URI constraint", withinURI, ".example.org", "https://a.example.org/", "https://example.org/"},
	} {
		for _, n := range strings.Fields(c.yes) {
			if !c.match(c.pattern, n) {
				t.Errorf("%s %s does not take %s", c.kind, c.pattern, n)
			}
		}
		for _, n := range strings.Fields(c.no) {
			if c.match(c.pattern, n) {
				t.Errorf("%s %s takes %s", c.kind, c.pattern, n)
			}
		}
	}
}

func TestCheckPatterns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind      string
		check     func(string) error
		good, bad string
	}{
		{"DNS", checkDNSPattern, "example.org *.example.org * host xn--bcher-kva.example", ".example.org *example.org a.*.org example.org. bücher.example *."},
		{"mail", checkMailPattern, "alice@example.org *@example.org *@*.example.org *", "example.org a*@example.org @example.org alice@ alice@.example.org"},
		{"URI", checkURIPattern, "spiffe://example.org/web spiffe://example.org/* urn:example:* urn:example:a *", "example.org https://example.org* https://example.org:* spiffe://*/web https://* /web/* urn:*: %"},
		{"EKU", func(s string) error { _, err := parseEKU(s); return err }, "serverAuth ServerAuth 1.3.6.1.5.5.7.3.1 1.2.3", "webServer 1 1.2.x 1.02.3 9.9.9 1.-2"},
		{"usage", checkUsage, "digitalSignature decipherOnly", "keyCertSign cRLSign DigitalSignature signing"},
		{"network", func(s string) error { _, err := parseNetwork(s); return err }, "10.0.0.0/8 10.0.0.1 2001:db8::/32 ::1", "10.0.0.1/8 10.0.0.0/33 ten fe80::1%eth0 ::ffff:10.0.0.0/104"},
	} {
		for _, s := range strings.Fields(c.good) {
			if err := c.check(s); err != nil {
				t.Errorf("%s: %v", c.kind, err)
			}
		}
		for _, s := range append(strings.Fields(c.bad), "") {
			if c.check(s) == nil {
				t.Errorf("%s: %q is taken", c.kind, s)
			}
		}
	}
}

// What one pattern takes, the star takes; nothing that is no name is taken.
func FuzzPatterns(f *testing.F) {
	for _, s := range [][2]string{{"*.example.org", "a.example.org"}, {"*@*.example.org", "a@b.example.org"}, {"spiffe://example.org/*", "spiffe://example.org/../a"},
		{"10.0.0.0/8", "::ffff:10.0.0.1"}, {"urn:a:*", "urn:a:b"}, {"*", "*"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if checkDNSPattern(pattern) == nil && matchDNS(pattern, name) && (!isDNS(name) || !matchDNS("*", name)) {
			t.Errorf("DNS %q takes %q", pattern, name)
		}
		if checkDNSPattern(pattern) == nil && isDNS(name) && !strings.HasPrefix(pattern, "*") && matchDNS(pattern, name) != strings.EqualFold(pattern, name) {
			t.Errorf("DNS %q and %q", pattern, name)
		}
		if checkMailPattern(pattern) == nil && matchMail(pattern, name) && !matchMail("*", name) {
			t.Errorf("mail %q takes %q", pattern, name)
		}
		if start, star := strings.CutSuffix(pattern, "*"); checkURIPattern(pattern) == nil && star && start != "" && matchURI(pattern, name) {
			if !strings.HasPrefix(strings.ToLower(name), strings.ToLower(start)) || strings.Contains(name, "/../") {
				t.Errorf("URI %q takes %q", pattern, name)
			}
		}
		if n, err := parseNetwork(pattern); err == nil && matchIP(pattern, name) && (!isIP(name) || n != n.Masked()) {
			t.Errorf("IP %q takes %q", pattern, name)
		}
		for _, w := range []func(string, string) bool{withinDomain, excludesDomain, withinMail, withinURI} {
			w(pattern, name) // must not panic
		}
	})
}
