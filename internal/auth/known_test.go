package auth

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

// BenchmarkAuthenticate reads the token of a request that has the form of what
// /msi/token gives.
func BenchmarkAuthenticate(b *testing.B) {
	for name, known := range map[string]*Known{"each time": nil, "known": NewKnown()} {
		b.Run(name, func(b *testing.B) {
			r := &http.Request{Header: http.Header{"Authorization": {"Bearer " + tokenOf(`"tid":"11111111-2222-3333-4444-555555555555"`)}}}
			b.ReportAllocs()
			for b.Loop() {
				if who, err := (Authenticator{Known: known}).Authenticate(r); err != nil || who.Tenant == "" {
					b.Fatal(who, err)
				}
			}
		})
	}
}

// tokenOf is a token with a member of its own.
func tokenOf(member string) string {
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"ES256","kid":"0123456789abcdef","typ":"JWT"}`)) + "." + part([]byte(`{"aud":"https://vault.azure.net","iss":"https://sts.windows.net/adfs",`+member+
		`,"oid":"66666666-7777-8888-9999-000000000000","sub":"66666666-7777-8888-9999-000000000000","appid":"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee","iat":1795000000,"nbf":1795000000,"exp":1795086400}`)) + "." + strings.Repeat("x", 86)
}

// Whoever is known, each token names who it names, and few are kept.
func TestKnown(t *testing.T) {
	t.Parallel()
	k := NewKnown()
	for range 2 {
		for i := range knownMost + 10 {
			token := tokenOf(fmt.Sprintf(`"tid":"tenant-%d","roles":["r%d"]`, i, i))
			if got, want := k.caller(token), callerOf(token); !reflect.DeepEqual(got, want) || got.Tenant != fmt.Sprint("tenant-", i) {
				t.Fatalf("%+v, want %+v", got, want)
			}
		}
		if got := k.caller("opaque"); got.Subject != Anonymous {
			t.Errorf("%+v", got)
		}
	}
	if n := k.callers.Len(); n > knownMost {
		t.Errorf("%d are kept", n)
	}
}
