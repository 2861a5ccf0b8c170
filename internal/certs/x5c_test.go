package certs

import (
	"context"
	"encoding/base64"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"certwright/internal/certs/pfx"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// TestReadX5C: what a merge brings, in the files of the tools that make them.
func TestReadX5C(t *testing.T) {
	t.Parallel()
	m := longChain(t)
	file := func(name string) string {
		b, err := os.ReadFile(m.file(name))
		must.Do(t, err)
		return base64.StdEncoding.EncodeToString(b)
	}
	export := func(name string, args ...string) string {
		m.run(t, "openssl", append([]string{"pkcs12", "-export", "-passout", "pass:", "-out", name}, args...)...)
		return file(name)
	}
	der := func(i int) string { return base64.StdEncoding.EncodeToString(m.chain[i]) }
	one, whole := []string{"-nokeys", "-in", "leaf.pem"}, []string{"-nokeys", "-in", "chain.pem"}
	m.run(t, "certtool", "--to-p12", "--load-certificate", "chain.pem", "--null-password", "--p12-name", "x", "--outder", "--outfile", "gnutls.p12")
	text, err := os.ReadFile(m.file("chain.pem"))
	must.Do(t, err)
	for name, c := range map[string]struct {
		items []string
		want  int // how many of the chain
	}{
		"DER":                               {[]string{der(0), der(1)}, 2},
		"DER twice":                         {[]string{der(0), der(1), der(0)}, 2},
		"PKCS#12 of one each":               {[]string{export("one.p12", one...), export("ca.p12", "-nokeys", "-in", "ca.pem")}, 2},
		"PKCS#12 of a chain":                {[]string{export("whole.p12", whole...)}, 6},
		"a chain in each":                   {[]string{export("again.p12", whole...), export("once.p12", whole...)}, 6},
		"PKCS#12 with 3DES and SHA-1":       {[]string{export("old.p12", append(whole, "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1")...)}, 6},
		"PKCS#12 in the clear, without MAC": {[]string{export("clear.p12", append(whole, "-certpbe", "NONE", "-nomac")...)}, 6},
		"PKCS#12 with its key":              {[]string{export("keyed.p12", "-inkey", "leaf.key", "-in", "chain.pem")}, 6},
		"GnuTLS, no password":               {[]string{file("gnutls.p12")}, 6},
		"PEM":                               {[]string{base64.StdEncoding.EncodeToString(text)}, 6},
		"PEM as it is":                      {[]string{string(text)}, 6},
		"base64 with line ends":             {[]string{der(0)[:64] + "\r\n" + der(0)[64:]}, 1},
	} {
		got, err := ReadX5C(t.Context(), c.items)
		if err != nil {
			t.Errorf("%s: %v: %v", name, err, errors.Unwrap(err))
		} else if diff := cmp.Diff(m.chain[:c.want], got); diff != "" && name != "GnuTLS, no password" || len(got) != c.want {
			t.Errorf("%s: %d certificates, want %d", name, len(got), c.want)
		}
	}

	m.run(t, "openssl", "crl2pkcs7", "-nocrl", "-certfile", "chain.pem", "-outform", "DER", "-out", "chain.p7b")
	m.run(t, "openssl", "crl2pkcs7", "-nocrl", "-certfile", "chain.pem", "-out", "chain.p7")
	m.run(t, "openssl", "pkcs12", "-export", "-nokeys", "-in", "leaf.pem", "-passout", "pass:secret", "-out", "locked.p12")
	for name, items := range map[string][]string{
		"p7b": {file("chain.p7b")}, "p7b in PEM": {file("chain.p7")}, "a password": {file("locked.p12")},
		"no base64": {"!"}, "nothing": {}, "an empty item": {der(0), ""}, "no certificate": {"AAAA"},
		"too many": strings.Split(strings.Repeat(der(0)+" ", MaxChain)+der(0), " "), "a broken block": {string(text[:len(text)-40])},
	} {
		_, err := ReadX5C(t.Context(), items)
		if err == nil {
			t.Errorf("%s is taken", name)
			continue
		}
		wantRefusal(t, err, vault.BadX5C())
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ReadX5C(gone, []string{file("whole.p12")}); !errors.Is(err, context.Canceled) {
		t.Errorf("for nobody: %v", err)
	}
}

// TestReadX5CIsBounded: a file that asks for too much is refused by that reason.
func TestReadX5CIsBounded(t *testing.T) {
	t.Parallel()
	m := longChain(t)
	file := func(rounds string) string {
		m.run(t, "openssl", "pkcs12", "-export", "-nokeys", "-iter", rounds, "-in", "leaf.pem", "-passout", "pass:", "-out", "slow.p12")
		b, err := os.ReadFile(m.file("slow.p12"))
		must.Do(t, err)
		return base64.StdEncoding.EncodeToString(b)
	}
	_, err := ReadX5C(t.Context(), []string{file("600001")})
	wantRefusal(t, err, vault.TooManyRounds(pfx.MaxRounds))
}
