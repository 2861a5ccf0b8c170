package wycheproof

import (
	"bytes"
	"fmt"
	"testing"

	"certwright/internal/keys"
	"certwright/internal/must"
)

// open checks that a case decrypts to its message, or is refused by unopened.
func open(t *testing.T, k keys.Key, alg string, c test, odd bool) {
	t.Helper()
	got, err := k.Decrypt(keys.Input{Alg: alg, Value: c.CT, IV: c.IV, AAD: c.AAD, Tag: c.Tag})
	switch {
	case c.Result == "acceptable" && err != nil, c.Result == "invalid", odd:
		unopened(t, c, err)
	case err != nil || !bytes.Equal(got.Value, c.Msg):
		t.Errorf("%s %s: got %x, %v", alg, c, got.Value, err)
	}
}

func TestRSA15(t *testing.T) {
	t.Parallel()
	for _, bits := range []int{2048, 3072, 4096} {
		t.Run(fmt.Sprint(bits), func(t *testing.T) {
			t.Parallel()
			for _, g := range read(t, fmt.Sprintf("rsa_pkcs1_%d", bits)) {
				k := private(t, g)
				for _, c := range g.Tests {
					open(t, k, "RSA1_5", c, false)
				}
			}
		})
	}
}

func TestOAEP(t *testing.T) {
	t.Parallel()
	names := map[string]string{"SHA-1": "RSA-OAEP", "SHA-256": "RSA-OAEP-256"}
	for _, name := range []string{
		"2048_sha1_mgf1sha1", "2048_sha256_mgf1sha256", "3072_sha256_mgf1sha256", "4096_sha256_mgf1sha256",
		// Another mask than RFC 7518 section 4.3 asks for, and all combinations:
		"2048_sha256_mgf1sha1", "misc",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, g := range read(t, "rsa_oaep_"+name) {
				alg, ok := names[g.SHA]
				if !ok || g.KeySize < 2048 {
					continue
				}
				k := private(t, g)
				for _, c := range g.Tests {
					open(t, k, alg, c, g.MGFSHA != g.SHA || len(c.Label) > 0)
				}
			}
		})
	}
}

func secret(t *testing.T, key []byte) keys.Key {
	t.Helper()
	k, err := keys.ParseOct(key)
	must.Do(t, err)
	return k
}

func TestKeyWrap(t *testing.T) {
	t.Parallel()
	for _, g := range read(t, "aes_wrap") {
		alg := fmt.Sprintf("A%dKW", g.KeySize)
		for _, c := range g.Tests {
			k := secret(t, c.Key)
			got, err := k.Unwrap(keys.Input{Alg: alg, Value: c.CT})
			wrapped, wrapErr := k.Wrap(keys.Input{Alg: alg, Value: c.Msg})
			switch {
			case c.Result == "valid":
				if err != nil || !bytes.Equal(got.Value, c.Msg) {
					t.Errorf("%s: unwrapped %x, %v", c, got.Value, err)
				}
				if wrapErr != nil || !bytes.Equal(wrapped.Value, c.CT) {
					t.Errorf("%s: wrapped %x, %v", c, wrapped.Value, wrapErr)
				}
			case len(c.Msg) < 16 || len(c.Msg)%8 != 0: // RFC 3394 section 2: two blocks of 64 bits or more
				unopened(t, c, err)
				refused(t, c, wrapErr)
			default:
				unopened(t, c, err)
			}
		}
	}
}

func TestGCM(t *testing.T) {
	t.Parallel()
	for _, g := range read(t, "aes_gcm") {
		alg := fmt.Sprintf("A%dGCM", g.KeySize)
		for _, c := range g.Tests {
			k := secret(t, c.Key)
			if len(c.IV) != 12 { // RFC 7518 section 5.3 has one size only
				_, err := k.Decrypt(keys.Input{Alg: alg, Value: c.CT, IV: c.IV, AAD: c.AAD, Tag: c.Tag})
				refused(t, c, err)
				continue
			}
			open(t, k, alg, c, false)
			if c.Result != "valid" {
				continue
			}
			out, err := k.Encrypt(keys.Input{Alg: alg, Value: c.Msg, IV: c.IV, AAD: c.AAD})
			if err != nil || !bytes.Equal(out.Value, c.CT) || !bytes.Equal(out.Tag, c.Tag) {
				t.Errorf("%s: encrypted %x %x, %v", c, out.Value, out.Tag, err)
			}
		}
	}
}

func TestCBCPad(t *testing.T) {
	t.Parallel()
	for _, g := range read(t, "aes_cbc_pkcs5") {
		alg := fmt.Sprintf("A%dCBCPAD", g.KeySize)
		for _, c := range g.Tests {
			k := secret(t, c.Key)
			open(t, k, alg, c, false)
			if c.Result != "valid" {
				continue
			}
			out, err := k.Encrypt(keys.Input{Alg: alg, Value: c.Msg, IV: c.IV})
			if err != nil || !bytes.Equal(out.Value, c.CT) {
				t.Errorf("%s: encrypted %x, %v", c, out.Value, err)
			}
		}
	}
}
