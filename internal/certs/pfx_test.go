package certs

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"software.sslmate.com/src/go-pkcs12"

	"certwright/internal/certs/pfx"
	"certwright/internal/keys"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// What OpenSSL exports is read, in all the ways it encrypts.
func TestReadPFXOfOpenSSL(t *testing.T) {
	t.Parallel()
	program := lookPath(t, "openssl")
	for _, kind := range keyKinds {
		if kind.name == "RSA-3072" || kind.name == "RSA-4096" {
			continue
		}
		k, chain := issued(t, kind.props)
		text, err := WritePEM(&k, chain)
		must.Do(t, err)
		file := filepath.Join(t.TempDir(), "all.pem")
		write(t, file, []byte(text))
		for _, c := range []struct{ name, args, password string }{
			{"default", "", "secret"},
			{"default without password", "", ""},
			{"not ASCII", "", "pässwörd € 𝄞"},
			{"legacy", "-legacy", "secret"},
			{"legacy without password", "-legacy", ""},
			{"3DES", "-descert -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -legacy", "secret"},
			{"RC2 of 128 bits", "-legacy -certpbe PBE-SHA1-RC2-128", "secret"},
			{"RC4 of 128 bits", "-legacy -certpbe PBE-SHA1-RC4-128 -keypbe PBE-SHA1-RC4-128", "secret"},
			{"RC4 of 40 bits", "-legacy -certpbe PBE-SHA1-RC4-40 -keypbe PBE-SHA1-RC4-40", "secret"},
			{"3DES of two keys", "-legacy -certpbe PBE-SHA1-2DES -keypbe PBE-SHA1-2DES", "secret"},
			{"AES-128 and SHA-512", "-certpbe AES-128-CBC -keypbe AES-192-CBC -macalg sha512", "secret"},
			{"SHA-384", "-macalg sha384", "secret"},
			{"PBES2 with 3DES", "-certpbe DES-EDE3-CBC -keypbe DES-EDE3-CBC", "secret"},
			{"no MAC", "-nomac", "secret"},
			{"in the clear", "-certpbe NONE -keypbe NONE", "secret"},
			{"100000 rounds", "-iter 100000", "secret"},
			{"names", "-name leaf -caname issuer -CSP provider", "secret"},
		} {
			t.Run(kind.name+" "+c.name, func(t *testing.T) {
				t.Parallel()
				args := append([]string{"pkcs12", "-export", "-in", file, "-passout", "pass:" + c.password}, strings.Fields(c.args)...)
				pfx, err := exec.Command(program, args...).Output()
				if err != nil {
					t.Fatal(err, args)
				}
				b, err := ReadPFX(t.Context(), pfx, c.password)
				if err != nil {
					t.Fatal(err, errors.Unwrap(err))
				}
				if diff := cmp.Diff(chain, b.Chain); diff != "" || b.Leaf != 0 || !bytes.Equal(b.Key.PKIX(), k.PKIX()) {
					t.Errorf("leaf %d; certificates (-written +read):\n%s", b.Leaf, diff)
				}
				if _, err = ReadPFX(t.Context(), pfx, c.password+"x"); c.name != "in the clear" || err == nil {
					wantRefusal(t, err, vault.BadPFX())
				}
			})
		}
	}
}

// go-pkcs12 and this package read each other's files.
func TestPFXAgainstAnother(t *testing.T) {
	t.Parallel()
	k, chain := issued(t, vault.KeyProps{Type: vault.EC, Curve: vault.P384})
	leaf, err := x509.ParseCertificate(chain[0])
	must.Do(t, err)
	ca, err := x509.ParseCertificate(chain[1])
	must.Do(t, err)
	for name, enc := range map[string]*pkcs12.Encoder{"passwordless": pkcs12.Passwordless, "RC2": pkcs12.LegacyRC2, "3DES": pkcs12.LegacyDES,
		"2023": pkcs12.Modern2023, "2026 with PBMAC1": pkcs12.Modern2026} {
		for _, password := range []string{"", "secret"} {
			if name == "passwordless" && password != "" {
				continue
			}
			pfx, err := enc.Encode(k.Signer(), leaf, []*x509.Certificate{ca}, password)
			must.Do(t, err)
			b, err := ReadPFX(t.Context(), pfx, password)
			if err != nil {
				t.Errorf("%s, password %q: %v (%v)", name, password, err, errors.Unwrap(err))
				continue
			}
			if !cmp.Equal(b.Chain, chain) || !bytes.Equal(b.Key.PKIX(), k.PKIX()) {
				t.Errorf("%s, password %q: key or certificates changed", name, password)
			}
		}
	}
	pfx, err := writePFX(&k, chain)
	must.Do(t, err)
	_, got, more, err := pkcs12.DecodeChain(pfx, "")
	must.Do(t, err)
	if !bytes.Equal(got.Raw, chain[0]) || len(more) != 1 || !bytes.Equal(more[0].Raw, chain[1]) {
		t.Error("go-pkcs12 reads other certificates")
	}
}

func TestReadPFXRefuses(t *testing.T) {
	t.Parallel()
	k, chain := issued(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	other := newKey(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	made := func(k *keys.Key, chain [][]byte) []byte {
		pfx, err := writePFX(k, chain)
		must.Do(t, err)
		return pfx
	}
	good := made(&k, chain)
	broken := slices.Clone(good)
	broken[len(broken)/2] ^= 1
	for _, c := range []struct {
		name     string
		pfx      []byte
		password string
		want     *vault.Error
	}{
		{"nothing", nil, "", vault.BadPFX()},
		{"a certificate", chain[0], "", vault.BadPFX()},
		{"cut short", good[:len(good)-1], "", vault.BadPFX()},
		{"with something behind", append(slices.Clone(good), 0), "", vault.BadPFX()},
		{"changed", broken, "", vault.BadPFX()},
		{"too long", make([]byte, maxImport+1), "", vault.BadPFX()},
		{"a password too many", good, "secret", vault.BadPFX()},
		{"no certificate", made(&k, nil), "", vault.BadPFX()},
		{"no key", made(nil, chain), "", vault.NoPrivateKey()},
		{"another's key", made(&other, chain), "", vault.WrongPublicKey()},
		{"another's key and the authority alone", made(&other, chain[1:]), "", vault.WrongPublicKey()},
		{"a certificate that is none", made(&k, [][]byte{[]byte("x")}), "", vault.BadX509()},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := ReadPFX(t.Context(), c.pfx, c.password)
			wantRefusal(t, err, c.want)
		})
	}
}

// The order of the file is kept, wherever the leaf stands.
func TestPFXKeepsOrder(t *testing.T) {
	t.Parallel()
	k, chain := issued(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	slices.Reverse(chain)
	pfx, err := writePFX(&k, chain)
	must.Do(t, err)
	b, err := ReadPFX(t.Context(), pfx, "")
	must.Do(t, err)
	if !cmp.Equal(b.Chain, chain) || b.Leaf != 1 {
		t.Errorf("leaf %d, want 1, in the order written", b.Leaf)
	}
	if out := openssl(t, pfx, "pkcs12", "-passin", "pass:", "-nokeys", "-clcerts"); !strings.Contains(out, "CN = www.contoso.com") || strings.Count(out, "BEGIN") != 1 {
		t.Errorf("openssl takes another for the key's certificate:\n%s", out)
	}
}

// A key store of Java may hold many keys; which is meant cannot be told.
func TestReadPFXOfTwoKeys(t *testing.T) {
	t.Parallel()
	program, file := lookPath(t, "keytool"), filepath.Join(t.TempDir(), "two.p12")
	for _, name := range []string{"one", "two"} {
		out, err := exec.Command(program, "-genkeypair", "-keyalg", "EC", "-groupname", "secp256r1", "-alias", name, "-dname", "CN="+name,
			"-storetype", "PKCS12", "-keystore", file, "-storepass", "secret").CombinedOutput()
		if err != nil {
			t.Fatalf("keytool: %v\n%s", err, out)
		}
	}
	two, err := os.ReadFile(file)
	must.Do(t, err)
	_, err = ReadPFX(t.Context(), two, "secret")
	wantRefusal(t, err, vault.NoPrivateKey())
	if !errors.Is(err, pfx.ErrSecondKey) {
		t.Errorf("the cause is %v", errors.Unwrap(err))
	}
}

// Files of too many rounds are refused by that reason.
func TestManyRoundsAreRefused(t *testing.T) {
	t.Parallel()
	program := lookPath(t, "openssl")
	k, chain := issued(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	certificates := certificatesOf(t, chain)
	file := filepath.Join(t.TempDir(), "all.pem")
	write(t, file, []byte(keyOf(t, k)+certificates))
	over := strconv.Itoa(pfx.MaxRounds + 1)
	slow, err := exec.Command(program, "pkcs12", "-export", "-in", file, "-passout", "pass:x", "-iter", over).Output()
	must.Do(t, err)
	_, err = ReadPFX(t.Context(), slow, "x")
	wantRefusal(t, err, vault.TooManyRounds(pfx.MaxRounds))
	slow, err = exec.Command(program, "pkcs8", "-topk8", "-in", file, "-passout", "pass:x", "-iter", over).Output()
	must.Do(t, err)
	_, err = ReadPEM(t.Context(), append(slow, certificates...), "x")
	wantRefusal(t, err, vault.TooManyRounds(pfx.MaxRounds))
}

// Nothing is derived for a client that has gone.
func TestReadingEndsWithTheRequest(t *testing.T) {
	t.Parallel()
	program := lookPath(t, "openssl")
	k, chain := issued(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	file, err := writePFX(&k, chain)
	must.Do(t, err)
	ctx, gone := context.WithCancel(t.Context())
	gone()
	if _, err := ReadPFX(ctx, file, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("PFX: %v", err)
	}
	plain := filepath.Join(t.TempDir(), "key.pem")
	write(t, plain, []byte(keyOf(t, k)))
	sealed, err := exec.Command(program, "pkcs8", "-topk8", "-in", plain, "-passout", "pass:x").Output()
	must.Do(t, err)
	if _, err := ReadPEM(ctx, append(sealed, certificatesOf(t, chain)...), "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("PEM: %v", err)
	}
}
