package certs

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"certwright/internal/must"
	"certwright/internal/vault"
)

// TestKeysOfOtherKinds: files that are in order, but have a key that the API does
// not have, are refused by that and not as unreadable.
func TestKeysOfOtherKinds(t *testing.T) {
	t.Parallel()
	program, dir := lookPath(t, "openssl"), t.TempDir()
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command(program, args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("openssl %v: %v\n%s", args, err, out)
		}
	}
	read := func(name string) []byte {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(dir, name))
		must.Do(t, err)
		return b
	}
	for kind, args := range map[string][]string{
		"Ed25519":           {"-algorithm", "ed25519"},
		"RSA for PSS alone": {"-algorithm", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"},
		"brainpool":         {"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"},
		"written out":       {"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"},
	} {
		run(append([]string{"genpkey", "-out", "key.pem"}, args...)...)
		run("req", "-x509", "-key", "key.pem", "-out", "cert.pem", "-subj", "/CN=odd")
		run("pkcs12", "-export", "-inkey", "key.pem", "-in", "cert.pem", "-passout", "pass:p", "-out", "odd.p12")
		t.Log(kind)
		_, err := ReadPFX(t.Context(), read("odd.p12"), "p")
		wantRefusal(t, err, vault.OddKey())
		_, err = ReadPEM(t.Context(), bytes.Join([][]byte{read("key.pem"), read("cert.pem")}, nil), "")
		wantRefusal(t, err, vault.OddKey())
	}
}
