package certs

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
	"certwright/internal/policy"
	"certwright/internal/vault"

	"github.com/google/go-cmp/cmp"
)

// The recordings of the real service lie beside the project.
const recordings = "../../../shared/replay/recordings"

// A wirePolicy is what these tests need of a policy as recorded.
type wirePolicy struct {
	KeyProps struct {
		Type vault.KeyType `json:"kty"`
		Size int           `json:"key_size"`
	} `json:"key_props"`
	SecretProps struct {
		ContentType string `json:"contentType"`
	} `json:"secret_props"`
	X509Props *struct {
		Subject string `json:"subject"`
		SANs    *struct {
			DNS    []string `json:"dns_names"`
			Emails []string `json:"emails"`
			UPNs   []string `json:"upns"`
		} `json:"sans"`
		EKUs   []string         `json:"ekus"`
		Usage  []vault.KeyUsage `json:"key_usage"`
		Months int              `json:"validity_months"`
		Basic  struct {
			CA bool `json:"ca"`
		} `json:"basic_constraints"`
	} `json:"x509_props"`
}

func (w wirePolicy) props() vault.X509Props {
	x := vault.X509Props{Subject: w.X509Props.Subject, EKUs: w.X509Props.EKUs, Usage: w.X509Props.Usage,
		ValidityMonths: w.X509Props.Months, CA: w.X509Props.Basic.CA}
	if s := w.X509Props.SANs; s != nil {
		x.SANs = &vault.SANs{DNS: s.DNS, Emails: s.Emails, UPNs: s.UPNs}
	}
	return x
}

// created is the policy of a create with the service's defaults filled in.
func (w wirePolicy) created() vault.X509Props {
	x := w.props()
	if x.EKUs == nil {
		x.EKUs = []string{"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"}
	}
	if x.Usage == nil {
		x.Usage = policy.DefaultUsage(vault.RSA)
	}
	if x.ValidityMonths == 0 {
		x.ValidityMonths = 12
	}
	return x
}

type exchange struct {
	RequestURI   string          `json:"RequestUri"`
	Request      json.RawMessage `json:"RequestBody"`
	StatusCode   int
	ResponseBody json.RawMessage
}

// wireBody is a request or a response with the members looked at here.
type wireBody struct {
	ID          string      `json:"id"`
	CSR         []byte      `json:"csr"`
	Cer         []byte      `json:"cer"`
	X5T         string      `json:"x5t"`
	Value       string      `json:"value"`
	Password    string      `json:"pwd"`
	ContentType string      `json:"contentType"`
	Policy      *wirePolicy `json:"policy"`
	Attributes  struct {
		NotBefore int64 `json:"nbf"`
		Expires   int64 `json:"exp"`
	} `json:"attributes"`
}

// eachExchange calls do for the successful exchanges of all recordings, and
// fails if do looked at none of them.
func eachExchange(t *testing.T, do func(t *testing.T, uri string, in, out wireBody) (looked bool)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(recordings, "*", "*.json"))
	must.Do(t, err)
	if len(files) == 0 {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no recordings in %s; CI needs them", recordings)
		}
		t.Skipf("NOT TESTED: there are no recordings in %s", recordings)
	}
	looked := 0
	for _, f := range files {
		raw, err := os.ReadFile(f)
		must.Do(t, err)
		var session struct{ Entries []exchange }
		must.Do(t, json.Unmarshal(raw, &session))
		for _, e := range session.Entries {
			uri := filepath.Base(f) + " " + e.RequestURI
			if e.StatusCode/100 == 2 && do(t, uri, body(e.Request), body(e.ResponseBody)) {
				looked++
			}
		}
	}
	if looked == 0 {
		t.Error("no recording shows what this test is about")
	}
	t.Logf("compared with %d recorded exchanges", looked)
}

// body reads what it can; bodies of other shapes come out empty.
func body(raw json.RawMessage) (b wireBody) {
	if json.Unmarshal(raw, &b) != nil {
		return wireBody{}
	}
	return b
}

// A recorded request is what Request makes of the policy that was sent.
func TestRecordedRequests(t *testing.T) {
	t.Parallel()
	key := newKey(t, vault.KeyProps{Type: vault.RSA, Size: 2048})
	eachExchange(t, func(t *testing.T, uri string, in, out wireBody) bool {
		if len(out.CSR) == 0 {
			return false
		}
		theirs, err := ParseRequest(out.CSR)
		if err != nil {
			t.Fatalf("%s: %v", uri, err)
		}
		if in.Policy == nil || in.Policy.X509Props == nil || !strings.Contains(uri, "/create") {
			return false
		}
		der, err := Request(key, in.Policy.created())
		must.Do(t, err)
		ours, err := ParseRequest(der)
		must.Do(t, err)
		got, want := unkeyed(t, der, ours.Public), unkeyed(t, out.CSR, theirs.Public)
		if !bytes.Equal(got, want) {
			t.Errorf("%s:\ngot  %x\nwant %x", uri, got, want)
		}
		return true
	})
}

// unkeyed returns what a request signs with the public key cut out.
func unkeyed(t *testing.T, csr, public []byte) []byte {
	t.Helper()
	r, err := x509.ParseCertificateRequest(csr)
	must.Do(t, err)
	_, body, _ := bytes.Cut(r.RawTBSCertificateRequest, []byte{2, 1, 0}) // behind the length, which may differ by one
	return bytes.Replace(body, public, nil, 1)
}

// A recorded certificate reads as its bundle says, and a self-signed one has
// the names, extensions and dates that SelfSign writes.
func TestRecordedCertificates(t *testing.T) {
	t.Parallel()
	key := newKey(t, vault.KeyProps{Type: vault.RSA, Size: 2048})
	eachExchange(t, func(t *testing.T, uri string, in, out wireBody) bool {
		if len(out.Cer) == 0 {
			return false
		}
		c, err := Parse(out.Cer)
		if err != nil {
			t.Fatalf("%s: %v", uri, err)
		}
		if got := base64.RawURLEncoding.EncodeToString(Thumbprint(out.Cer)); got != out.X5T {
			t.Errorf("%s: thumbprint %s, want %s", uri, got, out.X5T)
		}
		if c.NotBefore.Unix() != out.Attributes.NotBefore || c.NotAfter.Unix() != out.Attributes.Expires {
			t.Errorf("%s: dates %v to %v do not match %+v", uri, c.NotBefore, c.NotAfter, out.Attributes)
		}
		if out.Policy == nil || !bytes.Equal(c.IssuerDER, c.SubjectDER) || strings.Contains(uri, "/import") || c.IsCA {
			return false
		}
		der, err := SelfSign(key, out.Policy.props(), c.NotBefore.Add(10*time.Minute))
		must.Do(t, err)
		compareIssue(t, uri, der, out.Cer, out.Policy.X509Props.Months)
		return true
	})
}

func compareIssue(t *testing.T, uri string, der, recorded []byte, months int) {
	t.Helper()
	got, err := x509.ParseCertificate(der)
	must.Do(t, err)
	want, err := x509.ParseCertificate(recorded)
	must.Do(t, err)
	if !bytes.Equal(got.RawSubject, want.RawSubject) || !bytes.Equal(got.RawIssuer, want.RawIssuer) {
		t.Errorf("%s: subject %x, want %x", uri, got.RawSubject, want.RawSubject)
	}
	// An imported certificate's months were rounded up, so its end is not ours.
	if got.NotBefore != want.NotBefore || months == 12 && got.NotAfter != want.NotAfter {
		t.Errorf("%s: valid %v to %v, want %v to %v", uri, got.NotBefore, got.NotAfter, want.NotBefore, want.NotAfter)
	}
	if got.SignatureAlgorithm != want.SignatureAlgorithm || len(got.SerialNumber.Bytes()) != len(want.SerialNumber.Bytes()) {
		t.Errorf("%s: signed with %v, serial %x; want %v, %x", uri, got.SignatureAlgorithm, got.SerialNumber, want.SignatureAlgorithm, want.SerialNumber)
	}
	if len(got.Extensions) != len(want.Extensions) {
		t.Fatalf("%s: extensions %v, want %v", uri, got.Extensions, want.Extensions)
	}
	for i, e := range got.Extensions {
		w := want.Extensions[i]
		keyed := e.Id.Equal(oidAKI) || e.Id.Equal(oidSKI)
		if !e.Id.Equal(w.Id) || e.Critical != w.Critical || len(e.Value) != len(w.Value) || !keyed && !bytes.Equal(e.Value, w.Value) {
			t.Errorf("%s: extension %d is %v, want %v", uri, i, e, w)
		}
	}
}

// A recorded import fills the policy that the service answered with.
func TestRecordedImports(t *testing.T) {
	t.Parallel()
	eachExchange(t, func(t *testing.T, uri string, in, out wireBody) bool {
		if !strings.Contains(uri, "/import") || out.Policy == nil || in.Value == "" {
			return false
		}
		contentType := vault.PKCS12
		if in.Policy != nil && in.Policy.SecretProps.ContentType != "" {
			contentType = in.Policy.SecretProps.ContentType
		}
		b, err := ReadImport(t.Context(), in.Value, in.Password, contentType)
		if err != nil {
			t.Fatalf("%s: %v", uri, err)
		}
		if !bytes.Equal(b.Chain[b.Leaf], out.Cer) {
			t.Errorf("%s: the leaf is not the certificate answered", uri)
		}
		c, err := Parse(b.Chain[b.Leaf])
		must.Do(t, err)
		if diff := cmp.Diff(out.Policy.props(), c.Props()); diff != "" {
			t.Errorf("%s: policy (-recorded +ours):\n%s", uri, diff)
		}
		kind, curve, size := c.KeyProps()
		if kind != out.Policy.KeyProps.Type || size != out.Policy.KeyProps.Size || curve != "" {
			t.Errorf("%s: key %s %s %d, want %+v", uri, kind, curve, size, out.Policy.KeyProps)
		}
		return true
	})
}

// A recorded secret of a certificate is read like an import, and what we write
// for it holds the same.
func TestRecordedSecrets(t *testing.T) {
	t.Parallel()
	eachExchange(t, func(t *testing.T, uri string, _, out wireBody) bool {
		if !slices.Contains([]string{vault.PKCS12, vault.PEM}, out.ContentType) {
			return false
		}
		theirs, err := ReadImport(t.Context(), out.Value, "", out.ContentType)
		if err != nil {
			t.Fatalf("%s: %v", uri, err)
		}
		pfx, err := writePFX(&theirs.Key, theirs.Chain)
		must.Do(t, err)
		ours, err := ReadPFX(t.Context(), pfx, "")
		must.Do(t, err)
		if !cmp.Equal(ours.Chain, theirs.Chain) || !bytes.Equal(ours.Key.PKIX(), theirs.Key.PKIX()) {
			t.Errorf("%s: key or certificates changed", uri)
		}
		return true
	})
}
