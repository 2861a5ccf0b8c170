package certs

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"certwright/internal/must"
	"certwright/internal/vault"
)

// Certificates of others, made by openssl.
func TestParseCertificatesOfOpenSSL(t *testing.T) {
	t.Parallel()
	program := lookPath(t, "openssl")
	none := vault.X509Props{EKUs: []string{}, Usage: []vault.KeyUsage{}}
	for _, c := range []struct {
		name, args string
		want       vault.X509Props
		kind       vault.KeyType
		curve      vault.Curve
		size       int
	}{
		{"plain", "-newkey rsa:2048 -subj /C=AU/ST=Some-State/O=Internet -days 365",
			props(none, "O=Internet, S=Some-State, C=AU", true), vault.RSA, "", 2048},
		{"secp256k1", "-newkey ec -pkeyopt ec_paramgen_curve:secp256k1 -subj /CN=k -days 30 -addext subjectAltName=DNS:k.example,otherName:1.3.6.1.4.1.311.20.2.3;UTF8:u@k.example,RID:1.2.3.4",
			withSANs(props(none, "CN=k", true), vault.SANs{DNS: []string{"k.example"}, Emails: []string{}, UPNs: []string{"u@k.example"}}), vault.EC, vault.P256K, 256},
		{"usages", "-newkey ec -pkeyopt ec_paramgen_curve:P-521 -subj /CN=u -days 31 -addext keyUsage=critical,decipherOnly,keyAgreement,cRLSign,digitalSignature -addext extendedKeyUsage=codeSigning,1.2.3.4 -addext basicConstraints=CA:FALSE",
			vault.X509Props{Subject: "CN=u", EKUs: []string{"1.3.6.1.5.5.7.3.3", "1.2.3.4"},
				Usage: []vault.KeyUsage{vault.CRLSign, vault.DecipherOnly, vault.DigitalSignature, vault.KeyAgreement}}, vault.EC, vault.P521, 521},
		{"addresses", "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj / -days 28 -addext subjectAltName=critical,IP:10.1.2.3,IP:2001:db8::1,URI:https://a.example/,email:m@a.example",
			withSANs(props(none, "", true), vault.SANs{DNS: []string{}, Emails: []string{"m@a.example"}, UPNs: []string{}, URIs: []string{"https://a.example/"}, IPs: []string{"10.1.2.3", "2001:db8::1"}}), vault.EC, vault.P256, 256},
		{"a curve that is not the API's", "-newkey ec -pkeyopt ec_paramgen_curve:brainpoolP256r1 -subj /CN=b -days 28",
			props(none, "CN=b", true), "", "", 0},
		{"Ed25519", "-newkey ed25519 -subj /CN=e -days 28", props(none, "CN=e", true), "", "", 0},
		{"PSS", "-newkey rsa:3072 -sigopt rsa_padding_mode:pss -subj /CN=p -days 28", props(none, "CN=p", true), vault.RSA, "", 3072},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"req", "-x509", "-nodes", "-keyout", filepath.Join(t.TempDir(), "key")}, strings.Fields(c.args)...)
			out, err := exec.Command(program, args...).Output()
			must.Do(t, err)
			block, _ := pem.Decode(out)
			cert, err := Parse(block.Bytes)
			must.Do(t, err)
			got := cert.Props()
			got.ValidityMonths = 0 // as long as the calendar of the day has it; see TestMonths
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("read as (-want +got):\n%s", diff)
			}
			if kind, curve, size := cert.KeyProps(); kind != c.kind || curve != c.curve || size != c.size {
				t.Errorf("key is %q %q %d, want %q %q %d", kind, curve, size, c.kind, c.curve, c.size)
			}
			if i, err := FindLeaf([][]byte{block.Bytes}, cert.Public); i != 0 || err != nil {
				t.Errorf("the certificate is not its key's: %v", err)
			}
		})
	}
}

func props(p vault.X509Props, subject string, ca bool) vault.X509Props {
	p.Subject, p.CA = subject, ca
	return p
}

func withSANs(p vault.X509Props, s vault.SANs) vault.X509Props {
	p.SANs = &s
	return p
}

// resigned returns a P-256 certificate whose TBS was changed.
func resigned(t testing.TB, change func(tbs []byte) []byte) []byte {
	t.Helper()
	k := newKey(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	c, err := Parse(selfSigned(t, k, webProps()))
	must.Do(t, err)
	tbs := cryptobyte.String(c.tbs)
	var body cryptobyte.String
	if !tbs.ReadASN1(&body, der.SEQUENCE) {
		t.Fatal("no TBS")
	}
	var b cryptobyte.Builder
	changed := change(slices.Clone(body))
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(changed) })
	out, err := sign(k, b.BytesOrPanic())
	must.Do(t, err)
	return out
}

// Odd certificates are taken or refused as the standard library does; the
// first was found by fuzzing.
func TestParseOddCertificates(t *testing.T) {
	t.Parallel()
	replace := func(old, new string) func([]byte) []byte {
		return func(tbs []byte) []byte {
			if !bytes.Contains(tbs, []byte(old)) {
				t.Errorf("there is no %x", old)
			}
			return bytes.Replace(tbs, []byte(old), []byte(new), 1)
		}
	}
	for _, c := range []struct {
		name   string
		change func([]byte) []byte
		ok     bool
	}{
		{"something behind the extensions", func(tbs []byte) []byte { return append(tbs, 0x30, 0) }, true},
		{"as it was", func(tbs []byte) []byte { return tbs }, true},
		{"an extension twice", replace("\x06\x03\x55\x1d\x23", "\x06\x03\x55\x1d\x0e"), false},
		{"a broken key usage", replace("\x04\x04\x03\x02\x05\xa0", "\x04\x04\x03\x02\x09\xa0"), false},
		{"a month 13", replace("2603311", "2613311"), false},
	} {
		raw := resigned(t, c.change)
		_, err := Parse(raw)
		_, std := x509.ParseCertificate(raw)
		if (err == nil) != c.ok || (std == nil) != c.ok {
			t.Errorf("%s: %v; the standard library says %v", c.name, err, std)
		}
	}
	for _, raw := range [][]byte{nil, {}, {0x30}, {0x30, 0x80, 0, 0}, []byte("-----BEGIN"), bytes.Repeat([]byte{0x30, 0x82, 0xff, 0xff}, 50)} {
		if _, err := Parse(raw); err == nil {
			t.Errorf("%x was taken", raw)
		}
	}
}
