package keys

import (
	"bytes"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"certwright/internal/must"
	"certwright/internal/vault"
)

// openssl runs the program in a folder and returns its standard output. Where
// it is absent the test fails in CI and is skipped loudly elsewhere.
func openssl(t *testing.T, dir string, in []byte, args ...string) []byte {
	t.Helper()
	program, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("openssl is not installed; CI needs it for this test")
		}
		t.Skip("NOT TESTED: openssl is not installed")
	}
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Stdin = dir, bytes.NewReader(in)
	var talk bytes.Buffer
	cmd.Stderr = &talk
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("openssl %s: %v\n%s%s", strings.Join(args, " "), err, out, talk.String())
	}
	return out
}

// keyFolder writes a key as public.pem and private.pem.
func keyFolder(t *testing.T, kind vault.KeyProps) string {
	t.Helper()
	dir, k := t.TempDir(), key(t, kind)
	private, err := k.PKCS8()
	must.Do(t, err)
	for name, block := range map[string]*pem.Block{"public.pem": {Type: "PUBLIC KEY", Bytes: k.PKIX()}, "private.pem": {Type: "PRIVATE KEY", Bytes: private}} {
		must.Do(t, os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600))
	}
	return dir
}

// Signatures made here verify in openssl, and those of openssl here.
func TestSignaturesInOpenSSL(t *testing.T) {
	t.Parallel()
	for _, kind := range asymmetric {
		dir, k := keyFolder(t, kind), key(t, kind)
		for _, alg := range algorithmsOf(k.Public, vault.OpSign) {
			a, err := find(alg, vault.OpSign)
			must.Do(t, err)
			digest, options := []byte("RSNULL takes any bytes"), pkeyOptions(a)
			if a.hash != 0 {
				digest = hashed(a.hash, "hello")
			}
			sig, err := k.Sign(alg, digest)
			must.Do(t, err)
			must.Do(t, os.WriteFile(filepath.Join(dir, "sig"), foreign(t, a, sig), 0o600))
			out := openssl(t, dir, digest, append([]string{"pkeyutl", "-verify", "-pubin", "-inkey", "public.pem", "-sigfile", "sig"}, options...)...)
			if !bytes.Contains(out, []byte("Verified Successfully")) {
				t.Errorf("%s in openssl: %s", alg, out)
			}
			theirs := openssl(t, dir, digest, append([]string{"pkeyutl", "-sign", "-inkey", "private.pem"}, options...)...)
			if a.family == ecdsaSignature {
				theirs, err = rawSignature(theirs, fieldBytes(a.curve))
				must.Do(t, err)
			}
			if ok, err := k.Verify(alg, digest, theirs); !ok || err != nil {
				t.Errorf("%s by openssl: %v, %v", alg, ok, err)
			}
		}
	}
}

// foreign returns the signature in the form that openssl has: DER for ECDSA.
func foreign(t *testing.T, a algorithm, sig []byte) []byte {
	t.Helper()
	if a.family != ecdsaSignature {
		return sig
	}
	half := len(sig) / 2
	der, err := asn1.Marshal(struct{ R, S *big.Int }{number(sig[:half]), number(sig[half:])})
	must.Do(t, err)
	return der
}

func pkeyOptions(a algorithm) []string {
	var o []string
	if a.hash != 0 {
		o = append(o, "-pkeyopt", fmt.Sprintf("digest:sha%d", a.hash.Size()*8))
	}
	if a.family == pssSignature {
		o = append(o, "-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:digest")
	}
	return o
}

func TestEncryptionInOpenSSL(t *testing.T) {
	t.Parallel()
	kind := kinds[0]
	dir, k, text := keyFolder(t, kind), key(t, kind), []byte("a key to wrap")
	for alg, options := range map[string][]string{
		"RSA1_5":       {"-pkeyopt", "rsa_padding_mode:pkcs1"},
		"RSA-OAEP":     {"-pkeyopt", "rsa_padding_mode:oaep"},
		"RSA-OAEP-256": {"-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha256", "-pkeyopt", "rsa_mgf1_md:sha256"},
	} {
		sealed, err := k.Public.Encrypt(Input{Alg: alg, Value: text})
		must.Do(t, err)
		if got := openssl(t, dir, sealed.Value, append([]string{"pkeyutl", "-decrypt", "-inkey", "private.pem"}, options...)...); !bytes.Equal(got, text) {
			t.Errorf("%s in openssl: %q", alg, got)
		}
		theirs := openssl(t, dir, text, append([]string{"pkeyutl", "-encrypt", "-pubin", "-inkey", "public.pem"}, options...)...)
		if out, err := k.Unwrap(Input{Alg: alg, Value: theirs}); err != nil || !bytes.Equal(out.Value, text) {
			t.Errorf("%s by openssl: %q, %v", alg, out.Value, err)
		}
	}
}

func TestAESInOpenSSL(t *testing.T) {
	t.Parallel()
	iv, secret := unhex(t, "000102030405060708090a0b0c0d0e0f"), bytes.Repeat([]byte{0x5a}, 32)
	for _, kind := range kinds[5:] {
		k, bits := key(t, kind), kind.Size
		hexKey := fmt.Sprintf("%x", secret[:bits/8])
		for _, text := range [][]byte{make([]byte, 32), []byte("seventeen letters"), {}} {
			out, err := k.Encrypt(Input{Alg: fmt.Sprintf("A%dCBCPAD", bits), Value: text, IV: iv})
			must.Do(t, err)
			theirs := openssl(t, t.TempDir(), text, "enc", fmt.Sprintf("-aes-%d-cbc", bits), "-K", hexKey, "-iv", fmt.Sprintf("%x", iv))
			if !bytes.Equal(theirs, out.Value) {
				t.Errorf("CBCPAD %d: %x, openssl %x", bits, out.Value, theirs)
			}
		}
		out, err := k.Encrypt(Input{Alg: fmt.Sprintf("A%dCBC", bits), Value: secret, IV: iv})
		must.Do(t, err)
		theirs := openssl(t, t.TempDir(), secret, "enc", "-nopad", fmt.Sprintf("-aes-%d-cbc", bits), "-K", hexKey, "-iv", fmt.Sprintf("%x", iv))
		if !bytes.Equal(theirs, out.Value) {
			t.Errorf("CBC %d: %x, openssl %x", bits, out.Value, theirs)
		}
	}
}
