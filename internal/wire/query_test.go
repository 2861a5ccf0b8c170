package wire

import (
	"net/url"
	"testing"
)

// Queries are read as net/url reads them, but for the order, which stays.
func FuzzQuery(f *testing.F) {
	for _, q := range []string{"", "api-version=7.4", "api%2Dversion=7.4&%24skiptoken=a%2Bb+c", "a=1&&A=2&a=3&b", "a;b=1", "%zz=1", "a=%", "=x&=y"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		want, bad := url.ParseQuery(raw)
		got, err := ParseQuery(raw)
		if (err == nil) != (bad == nil) {
			t.Fatalf("%q: %v, net/url says %v", raw, err, bad)
		}
		if err != nil {
			return
		}
		n := 0
		for name, values := range want {
			n += len(values)
			if got.Get(name) != values[0] {
				t.Errorf("%q: %s is %q, want %q", raw, name, got.Get(name), values[0])
			}
		}
		if len(got) != n {
			t.Errorf("%q has %d parameters, got %d", raw, n, len(got))
		}
	})
}

func TestQueryNames(t *testing.T) {
	t.Parallel()
	q, err := ParseQuery("MaxResults=1&maxresults=2&API-Version=7.4&API-version=7.5")
	if err != nil || q.Get("maxresults") != "2" || q.Get("api-version") != "7.4" || q.Get("other") != "" {
		t.Error(q, err)
	}
}
