package certs

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"certwright/internal/keys"
	"certwright/internal/must"
	"certwright/internal/vault"
)

var testNow = time.Date(2026, 3, 31, 12, 30, 45, 0, time.UTC)

// keyKinds are all the kinds of keys there are, by name.
var keyKinds = []struct {
	name  string
	props vault.KeyProps
}{
	{"RSA-2048", vault.KeyProps{Type: vault.RSA, Size: 2048}},
	{"RSA-3072", vault.KeyProps{Type: vault.RSAHSM, Size: 3072}},
	{"RSA-4096", vault.KeyProps{Type: vault.RSA, Size: 4096}},
	{"P-256", vault.KeyProps{Type: vault.EC, Curve: vault.P256, Size: 256}},
	{"P-384", vault.KeyProps{Type: vault.ECHSM, Curve: vault.P384, Size: 384}},
	{"P-521", vault.KeyProps{Type: vault.EC, Curve: vault.P521, Size: 521}},
	{"P-256K", vault.KeyProps{Type: vault.EC, Curve: vault.P256K, Size: 256}},
}

func webProps() vault.X509Props {
	return vault.X509Props{
		Subject:        `C=US, S=WA, O="Contoso, Ltd", OU=Docs + OU=Web, CN=www.contoso.com`,
		SANs:           &vault.SANs{DNS: []string{"www.contoso.com", "*.contoso.com"}, Emails: []string{"a@contoso.com"}, UPNs: []string{"ünal@contoso.com"}, URIs: []string{"spiffe://contoso/web"}, IPs: []string{"10.0.0.1", "2001:db8::1"}},
		EKUs:           []string{"1.3.6.1.5.5.7.3.1", "1.3.6.1.4.1.99999.1.2"},
		Usage:          []vault.KeyUsage{vault.DigitalSignature, vault.KeyEncipherment},
		ValidityMonths: 12,
	}
}

func newKey(t testing.TB, p vault.KeyProps) keys.Key {
	t.Helper()
	k, err := keys.New(p)
	must.Do(t, err)
	return k
}

// sharedKey returns a key that tests share, where it need not be their own:
// large RSA keys take seconds to make.
func sharedKey(t testing.TB, p vault.KeyProps) keys.Key {
	t.Helper()
	sharedKeys.Lock()
	defer sharedKeys.Unlock()
	if _, ok := sharedKeys.made[p]; !ok {
		sharedKeys.made[p] = newKey(t, p)
	}
	return sharedKeys.made[p]
}

var sharedKeys = struct {
	sync.Mutex
	made map[vault.KeyProps]keys.Key
}{made: map[vault.KeyProps]keys.Key{}}

func selfSigned(t testing.TB, k keys.Key, x vault.X509Props) []byte {
	t.Helper()
	der, err := SelfSign(k, x, testNow)
	must.Do(t, err)
	return der
}

// openssl runs openssl on a file that holds data and returns what it printed.
func openssl(t *testing.T, data []byte, args ...string) string {
	t.Helper()
	program := lookPath(t, "openssl")
	file := filepath.Join(t.TempDir(), "in")
	must.Do(t, os.WriteFile(file, data, 0o600))
	out, err := exec.Command(program, append(args, "-in", file)...).CombinedOutput()
	if err != nil {
		t.Fatalf("openssl %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// lookPath finds a program that a test compares with.
func lookPath(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if errors.Is(err, exec.ErrNotFound) {
		absent(t, name)
	}
	must.Do(t, err)
	return path
}

// absent leaves the test out loudly for want of something to compare with; in
// CI that is a failure.
func absent(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed; CI needs it for this test", what)
	}
	t.Skipf("NOT TESTED: %s is not installed", what)
}

// wantRefusal checks that err is the refusal, whatever its cause.
func wantRefusal(t *testing.T, err error, want *vault.Error) {
	t.Helper()
	var got *vault.Error
	if !errors.As(err, &got) {
		t.Fatalf("error is %v, want the refusal %v", err, want)
	}
	if got.Message != want.Message || got.Code != want.Code || got.Reason != want.Reason {
		t.Errorf("refusal is %v, want %v", got, want)
	}
}
