package auth

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"certwright/internal/must"
)

// Where a request came from is the connection's word, and a proxy's only where
// the configuration trusts it.
func TestAddress(t *testing.T) {
	t.Parallel()
	trusted, err := ParseProxies([]string{"10.0.0.0/8", "192.0.2.7", "2001:db8::/32"})
	must.Do(t, err)
	for _, c := range []struct {
		name, remote string
		forwarded    []string
		want         string
	}{
		{"no proxy", "203.0.113.9:4711", nil, "203.0.113.9"},
		{"no proxy, whatever it says", "203.0.113.9:4711", []string{"127.0.0.1"}, "203.0.113.9"},
		{"a proxy without a word", "10.0.0.1:4711", nil, "10.0.0.1"},
		{"a proxy", "10.0.0.1:4711", []string{"203.0.113.9"}, "203.0.113.9"},
		{"what the caller wrote before it", "10.0.0.1:4711", []string{"127.0.0.1, 203.0.113.9"}, "203.0.113.9"},
		{"in a header of its own", "10.0.0.1:4711", []string{"127.0.0.1", "203.0.113.9"}, "203.0.113.9"},
		{"two proxies", "10.0.0.1:4711", []string{"127.0.0.1,203.0.113.9 ,10.2.3.4"}, "203.0.113.9"},
		{"nothing but proxies", "10.0.0.1:4711", []string{"192.0.2.7, 10.2.3.4"}, "192.0.2.7"},
		{"a word that is no address", "10.0.0.1:4711", []string{"203.0.113.9, unknown"}, "10.0.0.1"},
		{"nothing between commas", "10.0.0.1:4711", []string{"203.0.113.9,"}, "10.0.0.1"},
		{"with a port", "10.0.0.1:4711", []string{"203.0.113.9:80"}, "203.0.113.9"},
		{"IPv6", "[2001:db8::1]:4711", []string{"[2001:4860::9]:80"}, "2001:4860::9"},
		{"IPv6 bare", "[2001:db8::1]:4711", []string{"2001:4860::9"}, "2001:4860::9"},
		{"IPv4 within IPv6", "[::ffff:10.0.0.1]:4711", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		{"a zone", "[fe80::1%eth0]:4711", nil, "fe80::1"},
		{"a Unix socket", "@", []string{"203.0.113.9"}, "invalid IP"},
		{"more hops than there may be", "10.0.0.1:4711", []string{"203.0.113.9" + strings.Repeat(", 10.0.0.2", 100)}, "10.0.0.2"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.remote
		r.Header["X-Forwarded-For"] = c.forwarded
		if got := trusted.Address(r).String(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if got := (Proxies)(nil).Address(r); c.remote == "10.0.0.1:4711" && got.String() != "10.0.0.1" {
			t.Errorf("%s: with nobody trusted it is %s", c.name, got)
		}
	}
	for _, text := range []string{"", "proxy.example.org", "10.0.0.0/33", "0.0.0.0/0", "::/0"} {
		if _, err := ParseProxies([]string{text}); err == nil || !strings.HasPrefix(err.Error(), "trusted_proxies: ") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// FuzzAddress feeds it headers.
func FuzzAddress(f *testing.F) {
	trusted, err := ParseProxies([]string{"10.0.0.0/8"})
	must.Do(f, err)
	f.Add("10.0.0.1:1", "1.2.3.4, 5.6.7.8")
	f.Fuzz(func(t *testing.T, remote, forwarded string) {
		r := &http.Request{RemoteAddr: remote, Header: http.Header{"X-Forwarded-For": {forwarded}}}
		if at := parseAddress(remote); !trusted.trusts(at) && trusted.Address(r) != at {
			t.Errorf("%q is believed %q", remote, forwarded)
		}
	})
}
