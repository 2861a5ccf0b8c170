package challenge

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

func FuzzParseKey(f *testing.F) {
	for _, seed := range []string{
		"c2VjcmV0", " c2VjcmV0\n", "# comment\nc2VjcmV0", "", "{", "key x {};", "not base64!",
		`key "certwright" { algorithm hmac-sha256; secret "c2VjcmV0"; };`,
		"// by hand\nkey a.b { secret c2VjcmV0; algorithm hmac-md5; }",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		k, err := parseKey(text)
		if err != nil {
			return
		}
		if raw, err := base64.StdEncoding.DecodeString(k.secret.Reveal()); err != nil || len(raw) == 0 {
			t.Errorf("a secret that is none: %v", err)
		}
		if !isAlgorithm(k.algorithm) || k.name != "" && !dns.IsFqdn(k.name) {
			t.Errorf("key %q with algorithm %q", k.name, k.algorithm)
		}
	})
}

func FuzzParseAccounts(f *testing.F) {
	f.Add([]byte(`{"a.example": {"fulldomain": "x.example", "subdomain": "x", "username": "u", "password": "p"}}`))
	f.Add([]byte(`{"a": null}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		accounts, err := parseAccounts(text)
		if err != nil {
			return
		}
		for domain, a := range accounts {
			r := Record{Type: DNS01, Domain: "a", Name: a.FullDomain, Value: "v"}
			if err := r.check(); err != nil || domain != strings.ToLower(domain) {
				t.Errorf("%q: %v", domain, err)
			}
		}
	})
}

// What is published is what no shell, file name, header or zone takes for anything else.
func FuzzRecord(f *testing.F) {
	f.Add(DNS01, "a.example", "_acme-challenge.a.example.", "v")
	f.Add(HTTP01, "::1", "tok", "tok.thumb")
	f.Add(HTTP01, "a", "../x", "$(x)")
	f.Fuzz(func(t *testing.T, kind, domain, name, value string) {
		r := Record{Type: kind, Domain: domain, Name: name, Value: value}
		if r.check() != nil {
			return
		}
		if strings.ContainsAny(name+value, "/\\\"'`$;&|<>*?\n\r\t \x00") || strings.Contains(domain, "/") {
			t.Errorf("%+v passes", r)
		}
		m := new(dns.Msg)
		if kind == DNS01 {
			m.SetUpdate("example.")
			m.Insert([]dns.RR{&dns.TXT{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeTXT, Ttl: 60}, Txt: []string{value}}})
			wire, err := m.Pack()
			if err != nil {
				t.Fatalf("%+v: %v", r, err)
			}
			back := new(dns.Msg)
			if err := back.Unpack(wire); err != nil || back.Ns[0].(*dns.TXT).Txt[0] != value {
				t.Errorf("%+v comes back as %v, %v", r, back.Ns, err)
			}
		}
	})
}

func FuzzSaying(f *testing.F) {
	f.Add("no such zone\n")
	f.Add("\xff\x00\x1b[2J" + strings.Repeat("ä", 400))
	f.Fuzz(func(t *testing.T, text string) {
		got := saying(text)
		if len(got) > maxSaid+len(", and says: ...") || strings.ContainsAny(got, "\n\r\x1b\x00") {
			t.Errorf("%q", got)
		}
		if _, err := json.Marshal(got); err != nil || !strings.HasPrefix(got, ", and says: ") && got != "" {
			t.Errorf("%q: %v", got, err)
		}
	})
}
