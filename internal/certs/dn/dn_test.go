package dn_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"certwright/internal/certs"
	"certwright/internal/certs/dn"
	"certwright/internal/keys"
	"certwright/internal/must"
	"certwright/internal/vault"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, openssl, render string }{
		{"CN=www", "CN=PRINTABLESTRING:www", "CN=www"},
		{"cn=MyCert", "CN=PRINTABLESTRING:MyCert", "CN=MyCert"}, // recorded in js
		{"C=US, ST=WA, L=Redmond, O=Contoso, OU=IT, CN=www", "CN=PRINTABLESTRING:www,OU=PRINTABLESTRING:IT,O=PRINTABLESTRING:Contoso,L=PRINTABLESTRING:Redmond,ST=PRINTABLESTRING:WA,C=PRINTABLESTRING:US", "C=US, S=WA, L=Redmond, O=Contoso, OU=IT, CN=www"},
		{`DC=Contoso,OU="Docs,Contoso",CN=x`, `CN=PRINTABLESTRING:x,OU=PRINTABLESTRING:Docs\,Contoso,DC=IA5STRING:Contoso`, `DC=Contoso, OU="Docs,Contoso", CN=x`},
		{"  CN = a b  ,  O =  c ", "O=PRINTABLESTRING:c,CN=PRINTABLESTRING:a b", "CN=a b, O=c"},
		{"CN=a;O=b", "O=PRINTABLESTRING:b,CN=PRINTABLESTRING:a", "CN=a, O=b"},
		{"OU=b + CN=a, O=c", "O=PRINTABLESTRING:c,CN=PRINTABLESTRING:a+OU=PRINTABLESTRING:b", "CN=a + OU=b, O=c"},
		{"CN=*.contoso.com", "CN=UTF8STRING:*.contoso.com", "CN=*.contoso.com"},
		{"CN=Zoë", `CN=UTF8STRING:Zo\C3\AB`, "CN=Zoë"},
		{"E=a@b.c, CN=x", "CN=PRINTABLESTRING:x,emailAddress=IA5STRING:a@b.c", "E=a@b.c, CN=x"},
		{"emailAddress=ü@b.c", `emailAddress=UTF8STRING:\C3\BC@b.c`, "E=ü@b.c"},
		{`CN="say ""hi"""`, `CN=UTF8STRING:say \"hi\"`, `CN="say ""hi"""`},
		{`CN=a\,b\+c\\d`, `CN=UTF8STRING:a\,b\+c\\d`, `CN="a,b+c\d"`},
		{`CN=Zo\C3\AB`, `CN=UTF8STRING:Zo\C3\AB`, "CN=Zoë"},
		{`CN=CONTOSO\user`, `CN=UTF8STRING:CONTOSO\\user`, `CN="CONTOSO\user"`},
		{`CN="CONTOSO\user"`, `CN=UTF8STRING:CONTOSO\\user`, `CN="CONTOSO\user"`},
		{`CN=" spaced "`, `CN=PRINTABLESTRING:\ spaced\ `, `CN=" spaced "`},
		{`CN=\ spaced\ `, `CN=PRINTABLESTRING:\ spaced\ `, `CN=" spaced "`},
		{`CN=""`, "CN=PRINTABLESTRING:", `CN=""`},
		{"CN=a=b", "CN=PRINTABLESTRING:a=b", `CN="a=b"`},
		{"2.5.4.3=a, OID.2.5.4.10=b", "O=PRINTABLESTRING:b,CN=PRINTABLESTRING:a", "CN=a, O=b"},
		{"1.2.3.4=a", "1.2.3.4=PRINTABLESTRING:#130161", "OID.1.2.3.4=a"},
		{"1.3.6.1.4.1.311.60.2.1.3=US, OID.2.5.4.15=Private Organization, UID=7, X21Address=1",
			"x121Address=PRINTABLESTRING:1,UID=PRINTABLESTRING:7,businessCategory=PRINTABLESTRING:Private Organization,jurisdictionC=PRINTABLESTRING:US",
			"OID.1.3.6.1.4.1.311.60.2.1.3=US, OID.2.5.4.15=Private Organization, OID.0.9.2342.19200300.100.1.1=7, X21Address=1"},
		{"jurisdictionC=US, organizationIdentifier=VATDE-1, oid.2.5.4.44=Jr", "generationQualifier=PRINTABLESTRING:Jr,organizationIdentifier=PRINTABLESTRING:VATDE-1,jurisdictionC=PRINTABLESTRING:US",
			"OID.1.3.6.1.4.1.311.60.2.1.3=US, OID.2.5.4.97=VATDE-1, OID.2.5.4.44=Jr"},
		{"CN=#0c03610a62 , O=x", `O=PRINTABLESTRING:x,CN=UTF8STRING:a\0Ab`, "CN=#0C03610A62, O=x"},
		{"CN=#0c03616263", "CN=UTF8STRING:abc", "CN=abc"},
		{"T=Dr, G=Ann, SN=Lee, I=A, SERIALNUMBER=7, STREET=1 Way, PostalCode=9, C=DE",
			"C=PRINTABLESTRING:DE,postalCode=PRINTABLESTRING:9,street=PRINTABLESTRING:1 Way,serialNumber=PRINTABLESTRING:7,initials=PRINTABLESTRING:A,SN=PRINTABLESTRING:Lee,GN=PRINTABLESTRING:Ann,title=PRINTABLESTRING:Dr",
			"T=Dr, G=Ann, SN=Lee, I=A, SERIALNUMBER=7, STREET=1 Way, PostalCode=9, C=DE"},
		{"", "", ""},
		{"   ", "", ""},
	} {
		t.Run(c.in, func(t *testing.T) {
			t.Parallel()
			der, err := dn.Parse(c.in)
			must.Do(t, err)
			if got := dn.Render(der); got != c.render {
				t.Errorf("rendered %q, want %q", got, c.render)
			}
			if got := opensslName(t, c.in); got != c.openssl {
				t.Errorf("openssl shows %q, want %q", got, c.openssl)
			}
		})
	}
}

// opensslName returns how openssl shows the subject of a request for s, in the
// order of the DER and with the types of the strings.
func opensslName(t *testing.T, s string) string {
	t.Helper()
	program, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("openssl is not installed; CI needs it for this test")
		}
		t.Skip("NOT TESTED: openssl is not installed")
	}
	key, err := keys.New(vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	must.Do(t, err)
	csr, err := certs.Request(key, vault.X509Props{Subject: s})
	must.Do(t, err)
	cmd := exec.Command(program, "req", "-inform", "DER", "-noout", "-subject", "-nameopt",
		"esc_2253,esc_ctrl,esc_msb,utf8,dump_nostr,dump_unknown,dump_der,sep_comma_plus,sname,show_type")
	cmd.Stdin = bytes.NewReader(csr)
	text, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("openssl: %v\n%s", err, text)
	}
	out := string(text)
	return strings.TrimSuffix(strings.TrimPrefix(out, "subject="), "\n")
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"x", "=x", "CN", "CN=", "CN=a,", ",CN=a", "CN=a,,O=b", "CN=a+", "CN=a + O=", "XX=a", "1=a", "3.1=a",
		"1.40=a", "1.2.3.=a", "CN=\"a", "CN=\"a\"b", "CN=#", "CN=#zz", "CN=#0403", "CN=#040361", "CN=#0403616263", "CN=#1e03005a00", "CN=#0400 00", "C=#1203000000", "CN=#13025f40", "CN=a\nb", "CN=a\x00", "CN=\xff", `CN=\ff`, "CN=\u0085"} {
		t.Run(in, func(t *testing.T) {
			t.Parallel()
			_, err := dn.Parse(in)
			wantRefusal(t, err, vault.BadSubject())
		})
	}
}

// Names of others, in string types that Parse does not write.
func TestRender(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, der, want string }{
		{"not DER", "ff", ""},
		{"cut short", "300d310b30090603550406130255", ""},
		{"T61 as Latin-1", "300e310c300a06035504031403" + "5aeb65", "CN=Zëe"},
		{"BMP", "3011310f300d06035504031e06" + "005a00eb0065", "CN=Zëe"},
		{"universal", "30133111300f0603550403" + "1c080000005a000000eb", "CN=Zë"},
		{"broken BMP", "300e310c300a06035504031e03" + "005a00", "CN=#1E03005A00"},
		{"a line feed", "300e310c300a06035504030c03" + "610a62", "CN=#0C03610A62"},
		{"an empty part", "30023100", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			der, err := hex.DecodeString(c.der)
			must.Do(t, err)
			if got := dn.Render(der); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// wantRefusal checks that err is the refusal, whatever its cause.
func wantRefusal(t *testing.T, err error, want *vault.Error) {
	t.Helper()
	var got *vault.Error
	if !errors.As(err, &got) || got.Message != want.Message || got.Code != want.Code || got.Reason != want.Reason {
		t.Errorf("error is %v, want the refusal %v", err, want)
	}
}
