package certs

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"certwright/internal/authority"
	"certwright/internal/keys"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// eachKind runs do with a key of every kind.
func eachKind(t *testing.T, do func(t *testing.T, p vault.KeyProps, k keys.Key)) {
	for _, kind := range keyKinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			do(t, kind.props, sharedKey(t, kind.props))
		})
	}
}

// A signature by the key's signer verifies with the certificate's public key.
func TestSignerMatchesCertificate(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, p vault.KeyProps, k keys.Key) {
		c, err := Parse(selfSigned(t, k, webProps()))
		must.Do(t, err)
		digest := sha256.Sum256([]byte("text"))
		sig, err := k.Signer().Sign(nil, digest[:], crypto.SHA256)
		must.Do(t, err)
		id := oidECDSAWithSHA256
		if p.Type.IsRSA() {
			id = oidRSAWithSHA256
		}
		if err := verify(c.Public, []byte("text"), sig, id); err != nil {
			t.Error(err)
		}
		if err := verify(c.Public, []byte("other"), sig, id); err == nil {
			t.Error("the signature verifies over another text")
		}
	})
}

func TestKeyIsHidden(t *testing.T) {
	t.Parallel()
	k := newKey(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256K})
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("key", "key", k, "bundle", Bundle{Key: k})
	for _, s := range []string{fmt.Sprintf("%v %+v %#v %s", k, k, k, k), fmt.Sprintf("%v %+v", Bundle{Key: k}, &Bundle{Key: k}), log.String()} {
		if !strings.Contains(s, "[key]") || strings.Contains(s, "secp256k1") {
			t.Errorf("a key is shown as %s", s)
		}
	}
}

func TestValidity(t *testing.T) {
	t.Parallel()
	x := webProps()
	c, err := Parse(selfSigned(t, newKey(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256}), x))
	must.Do(t, err)
	if v := authority.ForMonths(x.ValidityMonths, testNow); !v.From.Equal(c.NotBefore) || !v.To.Equal(c.NotAfter) {
		t.Errorf("validity %v, certificate %v to %v", v, c.NotBefore, c.NotAfter)
	}
}

// A request carries what was asked for and is good for OpenSSL and, but for
// P-256K, for the standard library.
func TestRequest(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, p vault.KeyProps, k keys.Key) {
		x := webProps()
		csr, err := Request(k, x)
		must.Do(t, err)
		if out := openssl(t, csr, "req", "-inform", "DER", "-verify", "-noout", "-text"); !strings.Contains(out, "othername: UPN::ünal@contoso.com") {
			t.Errorf("openssl shows no UPN:\n%s", out)
		}
		r, err := ParseRequest(csr)
		must.Do(t, err)
		if diff := cmp.Diff(x.SANs, r.SANs); diff != "" || !slices.Equal(r.EKUs, x.EKUs) || !slices.Equal(r.Usage, x.Usage) || r.CA {
			t.Errorf("the request asks for %v %v %v, -want +got:\n%s", r.EKUs, r.Usage, r.CA, diff)
		}
		if p.Curve == vault.P256K {
			return
		}
		std, err := x509.ParseCertificateRequest(csr)
		if err != nil || std.CheckSignature() != nil {
			t.Fatal(err, std.CheckSignature())
		}
		hash := map[vault.Curve]string{vault.P384: "384", vault.P521: "512"}[p.Curve]
		if hash == "" {
			hash = "256"
		}
		if !strings.HasSuffix(std.SignatureAlgorithm.String(), hash) && !strings.HasPrefix(std.SignatureAlgorithm.String(), "SHA"+hash) {
			t.Errorf("signed with %s, want SHA-%s", std.SignatureAlgorithm, hash)
		}
	})
}

func TestRequestRefusesChangedBytes(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, _ vault.KeyProps, k keys.Key) {
		csr, err := Request(k, webProps())
		must.Do(t, err)
		changed := bytes.Replace(csr, []byte("Redmond"), nil, 1)
		changed = bytes.Replace(changed, []byte("www.contoso.com"), []byte("www.contose.com"), 1)
		if bytes.Equal(changed, csr) {
			t.Fatal("nothing was changed")
		}
		if _, err := ParseRequest(changed); err == nil {
			t.Error("a request with a changed name is taken")
		}
		if _, err := ParseRequest(csr[:len(csr)-1]); err == nil {
			t.Error("a request cut short is taken")
		}
		if _, err := ParseRequest(append(slices.Clone(csr), 0)); err == nil {
			t.Error("a request with something behind it is taken")
		}
	})
}

// A self-signed certificate verifies, and reads as the policy it was made by.
func TestSelfSign(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, p vault.KeyProps, k keys.Key) {
		x := webProps()
		der := selfSigned(t, k, x)
		c, err := Parse(der)
		must.Do(t, err)
		want := x
		want.ValidityMonths = 13 // 12 months and 10 minutes, rounded up
		want.Subject = c.Subject // the order within one part is the encoding's
		if diff := cmp.Diff(want, c.Props()); diff != "" {
			t.Errorf("read as (-asked +read):\n%s", diff)
		}
		if !c.NotBefore.Equal(testNow.Add(-10*time.Minute)) || !c.NotAfter.Equal(testNow.AddDate(1, 0, 0)) {
			t.Errorf("valid from %v to %v", c.NotBefore, c.NotAfter)
		}
		if len(c.Serial) != 16 || c.Serial[0]&0x80 != 0 || c.Serial[0] == 0 {
			t.Errorf("serial number %x is not 16 positive bytes", c.Serial)
		}
		if err := verify(c.Public, c.tbs, c.signature, c.algorithm); err != nil {
			t.Error(err)
		}
		if !bytes.Equal(c.subjectID, c.issuerID) || len(c.subjectID) != 20 {
			t.Errorf("key identifiers %x and %x", c.subjectID, c.issuerID)
		}
		kind, curve, size := c.KeyProps()
		if kind.IsRSA() != p.Type.IsRSA() || curve != p.Curve || size != p.Size {
			t.Errorf("key is %s %s %d, want %+v", kind, curve, size, p)
		}
		if p.Curve == vault.P256K {
			return
		}
		std, err := x509.ParseCertificate(der)
		must.Do(t, err)
		if err := std.CheckSignature(std.SignatureAlgorithm, std.RawTBSCertificate, std.Signature); err != nil {
			t.Error(err)
		}
	})
}

func TestExtensionsOfOddPolicies(t *testing.T) {
	t.Parallel()
	k := newKey(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	for _, c := range []struct {
		name string
		x    vault.X509Props
		want string // identifiers, ! for critical, of the certificate but AKI and SKI
	}{
		{"nothing", vault.X509Props{Subject: "CN=a"}, "2.5.29.19"},
		{"empty SANs", vault.X509Props{Subject: "CN=a", SANs: &vault.SANs{}}, "2.5.29.19"},
		{"no subject", vault.X509Props{SANs: &vault.SANs{DNS: []string{"a.b"}}}, "2.5.29.19 2.5.29.17!"},
		{"blank subject", vault.X509Props{Subject: " ", SANs: &vault.SANs{DNS: []string{"a.b"}}}, "2.5.29.19 2.5.29.17!"},
		{"all", vault.X509Props{Subject: "CN=a", SANs: &vault.SANs{UPNs: []string{"a@b"}}, EKUs: []string{"2.5.29.37.0"}, Usage: vault.Usages, CA: true},
			"2.5.29.15! 2.5.29.19 2.5.29.37 2.5.29.17"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.x.ValidityMonths = 1
			std, err := x509.ParseCertificate(selfSigned(t, k, c.x))
			must.Do(t, err)
			var got []string
			for _, e := range std.Extensions[:len(std.Extensions)-2] {
				mark := ""
				if e.Critical {
					mark = "!"
				}
				got = append(got, e.Id.String()+mark)
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("extensions %s, want %s", s, c.want)
			}
			if std.IsCA != c.x.CA || !std.BasicConstraintsValid {
				t.Errorf("authority: %v, want %v", std.IsCA, c.x.CA)
			}
		})
	}
}

func TestKeyUsageBits(t *testing.T) {
	t.Parallel()
	std := []x509.KeyUsage{x509.KeyUsageDigitalSignature, x509.KeyUsageContentCommitment, x509.KeyUsageKeyEncipherment, x509.KeyUsageDataEncipherment,
		x509.KeyUsageKeyAgreement, x509.KeyUsageCertSign, x509.KeyUsageCRLSign, x509.KeyUsageEncipherOnly, x509.KeyUsageDecipherOnly}
	k := newKey(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	for i, u := range vault.Usages {
		der := selfSigned(t, k, vault.X509Props{Subject: "CN=a", Usage: []vault.KeyUsage{u}, ValidityMonths: 1, CA: u == vault.KeyCertSign})
		c, err := x509.ParseCertificate(der)
		must.Do(t, err)
		if c.KeyUsage != std[i] {
			t.Errorf("%s is written as %b, want %b", u, c.KeyUsage, std[i])
		}
		ours, err := Parse(der)
		if err != nil || !slices.Equal(ours.Props().Usage, []vault.KeyUsage{u}) {
			t.Errorf("%s is read as %v (%v)", u, ours.Props().Usage, err)
		}
	}
	all, err := Parse(selfSigned(t, k, vault.X509Props{Subject: "CN=a", Usage: vault.Usages, ValidityMonths: 1, CA: true}))
	must.Do(t, err)
	want := "[cRLSign dataEncipherment decipherOnly digitalSignature encipherOnly keyAgreement keyCertSign keyEncipherment nonRepudiation]"
	if got := fmt.Sprint(all.Props().Usage); got != want {
		t.Errorf("usage is shown as %s, want %s", got, want)
	}
}

func TestMonths(t *testing.T) {
	t.Parallel()
	day := func(s string) time.Time {
		d, err := time.Parse("2006-01-02 15:04", s)
		must.Do(t, err)
		return d
	}
	for _, c := range []struct {
		from, to string
		n        int
	}{
		{"2022-06-02 23:10", "2023-06-02 23:20", 13}, // recorded: 12 months asked for, 13 read back
		{"2021-08-06 17:20", "2121-07-13 17:20", 1200},
		{"2024-01-31 00:00", "2024-02-29 00:00", 1},
		{"2023-01-31 00:00", "2023-02-28 00:01", 2},
		{"2024-02-29 00:00", "2025-02-28 00:00", 12},
		{"2024-01-01 00:00", "2024-01-01 00:01", 1},
		{"2024-01-01 00:00", "2024-01-01 00:00", 0},
		{"2024-01-01 00:00", "2020-01-01 00:00", 0},
	} {
		if n := monthsBetween(day(c.from), day(c.to)); n != c.n {
			t.Errorf("%s to %s are %d months, want %d", c.from, c.to, n, c.n)
		}
	}
}

func TestDatesOfLongCertificates(t *testing.T) {
	t.Parallel()
	k := newKey(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	c, err := x509.ParseCertificate(selfSigned(t, k, vault.X509Props{Subject: "CN=a", ValidityMonths: 1200}))
	must.Do(t, err)
	if c.NotAfter != testNow.AddDate(100, 0, 0) {
		t.Errorf("valid until %v", c.NotAfter)
	}
	for _, months := range []int{-1, 12 * 8000} {
		if _, err := SelfSign(k, vault.X509Props{Subject: "CN=a", ValidityMonths: months}, testNow); err == nil {
			t.Errorf("%d months were taken", months)
		}
	}
}

func TestPolicyRefusals(t *testing.T) {
	t.Parallel()
	k := newKey(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	for _, c := range []struct {
		x    vault.X509Props
		want *vault.Error
	}{
		{vault.X509Props{Subject: "not a name"}, vault.BadSubject()},
		{vault.X509Props{Subject: "CN=a", EKUs: []string{"serverAuth"}}, vault.Bad("x509_props.ekus 'serverAuth' is not an object identifier.")},
		{vault.X509Props{Subject: "CN=a", Usage: []vault.KeyUsage{"sign"}}, vault.Bad("x509_props.key_usage 'sign' is not a key usage.")},
		{vault.X509Props{Subject: "CN=a", SANs: &vault.SANs{IPs: []string{"1.2.3"}}}, vault.Bad("x509_props.sans.ipAddresses '1.2.3' is not valid.")},
		{vault.X509Props{Subject: "CN=a", SANs: &vault.SANs{DNS: []string{"zoë.example"}}}, vault.Bad("x509_props.sans has the name 'zoë.example', which is not in ASCII.")},
	} {
		c.x.ValidityMonths = 12
		_, err := Request(k, c.x)
		wantRefusal(t, err, c.want)
		_, err = SelfSign(k, c.x, testNow)
		wantRefusal(t, err, c.want)
	}
}
