package trust

import (
	"encoding/pem"
	"os"
	"os/exec"
	"strings"
	"testing"

	"certwright/internal/authority"
	"certwright/internal/must"
)

// program finds one of the programs that must be able to read our files. In CI
// it has to be there; elsewhere the test says loudly that it proved nothing.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed, and CI must not go without", name)
		}
		t.Skipf("NOT PROVED: %s is not installed", name)
	}
	return path
}

func TestJavaOpensTheTruststore(t *testing.T) {
	t.Parallel()
	keytool := program(t, "keytool")
	a, other := open(t), open(t)
	must.Do(t, a.export(other.PEM()))
	out, err := exec.Command(keytool, "-list", "-rfc", "-storetype", "PKCS12",
		"-keystore", a.Path(TruststoreFile), "-storepass", TruststorePassword).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if n := strings.Count(string(out), "trustedCertEntry"); n != 2 {
		t.Errorf("keytool sees %d trusted certificates, want 2:\n%s", n, out)
	}
	if !strings.Contains(strings.ReplaceAll(string(out), "\r", ""), string(a.PEM())) {
		t.Error("keytool does not list ours")
	}
}

func TestJavaOpensTheTruststoreOfThisSystem(t *testing.T) {
	t.Parallel()
	keytool := program(t, "keytool")
	a := open(t)
	out, err := exec.Command(keytool, "-list", "-storetype", "PKCS12",
		"-keystore", a.Path(TruststoreFile), "-storepass", TruststorePassword).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	bundle, _ := os.ReadFile(a.Path(BundleFile))
	certs := 0
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		certs++
	}
	if n := strings.Count(string(out), "trustedCertEntry"); n != certs {
		t.Errorf("keytool sees %d trusted certificates, the bundle has %d", n, certs)
	}
}

func TestOpenSSLTrustsTheLeaf(t *testing.T) {
	t.Parallel()
	openssl := program(t, "openssl")
	a := open(t)
	cert, err := a.GetCertificate(hello("web.vault.localhost"))
	must.Do(t, err)
	leaf := t.TempDir() + "/leaf.pem"
	must.Do(t, os.WriteFile(leaf, authority.PEM(cert.Certificate[0]), 0o600))
	for _, ca := range []string{CAFile, BundleFile} {
		out, err := exec.Command(openssl, "verify", "-x509_strict", "-purpose", "sslserver",
			"-verify_hostname", "web.vault.localhost", "-CAfile", a.Path(ca), leaf).CombinedOutput()
		if err != nil {
			t.Errorf("with %s: %v\n%s", ca, err, out)
		}
	}
	out, err := exec.Command(openssl, "pkcs12", "-in", a.Path(TruststoreFile), "-nokeys", "-passin", "pass:"+TruststorePassword).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "Certwright TLS CA") {
		t.Errorf("openssl does not read the truststore: %v\n%.500s", err, out)
	}
}
