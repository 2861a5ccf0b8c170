package dn_test

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"
	"testing"

	"certwright/internal/certs/dn"
	"certwright/internal/vault"
)

// A name that is read renders as a name that is read, to the same text; its
// DER is a name for the standard library.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "CN=www", `C=US, ST=WA, O="Contoso, Ltd", OU=a+OU=b, CN=www`, `CN="say ""hi"""`, `CN=a\,b\C3\AB`, "CN=#0c03616263", "1.2.3=x;E=a@b", `CN=" a "`, "CN=\"\"", "CN=a=b#c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name, err := dn.Parse(s)
		if err != nil {
			wantRefusal(t, err, vault.BadSubject())
			return
		}
		var seq pkix.RDNSequence
		if rest, err := asn1.Unmarshal(name, &seq); err != nil || len(rest) > 0 {
			t.Fatalf("%q: no name for the standard library: %v", s, err)
		}
		first := dn.Render(name)
		again, err := dn.Parse(first)
		if err != nil {
			t.Fatalf("%q renders as %q, which is not read", s, first)
		}
		if second := dn.Render(again); second != first {
			t.Fatalf("%q renders as %q, then as %q", s, first, second)
		}
		if !strings.Contains(s, "#") && !bytes.Equal(again, name) {
			t.Fatalf("%q: DER %x, then %x", s, name, again)
		}
	})
}
