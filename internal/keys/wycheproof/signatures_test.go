package wycheproof

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"certwright/internal/keys"
)

// verify checks one case. A valid one of other parameters than the API's (odd)
// must not verify either.
func verify(t *testing.T, p keys.Public, alg string, g group, c test, odd bool) {
	t.Helper()
	got, err := p.Verify(alg, digest(hash(t, g.SHA), c.Msg), c.Sig)
	if err != nil {
		t.Errorf("%s: %v", c, err)
	}
	if want := c.Result == "valid" && !odd; got != want && (c.Result != "acceptable" || got) {
		t.Errorf("%s %s: verified is %v, want %v", alg, c, got, want)
	}
}

func TestECDSA(t *testing.T) {
	t.Parallel()
	for alg, name := range map[string]string{
		"ES256": "ecdsa_secp256r1_sha256_p1363", "ES384": "ecdsa_secp384r1_sha384_p1363",
		"ES512": "ecdsa_secp521r1_sha512_p1363", "ES256K": "ecdsa_secp256k1_sha256_p1363",
	} {
		t.Run(alg, func(t *testing.T) {
			t.Parallel()
			for _, g := range read(t, name) {
				p := public(t, g)
				for _, c := range g.Tests {
					verify(t, p, alg, g, c, false)
				}
			}
		})
	}
}

func TestRSASignatures(t *testing.T) {
	t.Parallel()
	for _, bits := range []int{2048, 3072, 4096} {
		for _, sha := range []string{"256", "384", "512"} {
			t.Run(fmt.Sprint(bits, " ", sha), func(t *testing.T) {
				t.Parallel()
				for _, g := range read(t, fmt.Sprintf("rsa_signature_%d_sha%s", bits, sha)) {
					p := public(t, g)
					for _, c := range g.Tests {
						verify(t, p, "RS"+sha, g, c, false)
					}
				}
			})
		}
	}
}

// TestRSASigning compares signatures, which PKCS #1 v1.5 fixes to the byte.
func TestRSASigning(t *testing.T) {
	t.Parallel()
	for _, bits := range []int{2048, 3072, 4096} {
		t.Run(fmt.Sprint(bits), func(t *testing.T) {
			t.Parallel()
			made := 0
			for _, g := range read(t, fmt.Sprintf("rsa_pkcs1_%d_sig_gen", bits)) {
				sha := strings.TrimPrefix(g.SHA, "SHA-")
				if !slices.Contains([]string{"256", "384", "512"}, sha) {
					continue
				}
				k := private(t, g)
				for _, c := range g.Tests {
					got, err := k.Sign("RS"+sha, digest(hash(t, g.SHA), c.Msg))
					if err != nil || !bytes.Equal(got, c.Sig) {
						t.Errorf("%s: got %x, %v", c, got, err)
					}
					made++
				}
			}
			if made == 0 {
				t.Error("no vector was of the API's hashes")
			}
		})
	}
}

func TestPSS(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"2048_sha256_mgf1_32", "2048_sha384_mgf1_48", "3072_sha256_mgf1_32", "4096_sha256_mgf1_32", "4096_sha384_mgf1_48", "4096_sha512_mgf1_64",
		// Signatures of other salts and masks than RFC 7518 section 3.5 asks for:
		"2048_sha256_mgf1_0", "2048_sha256_mgf1sha1_20", "4096_sha512_mgf1_32", "misc",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := 0
			for _, g := range read(t, "rsa_pss_"+name) {
				sha := strings.TrimPrefix(g.SHA, "SHA-")
				if !slices.Contains([]string{"256", "384", "512"}, sha) {
					continue
				}
				p, odd := public(t, g), g.MGFSHA != g.SHA || g.Salt != hash(t, g.SHA).Size()
				for _, c := range g.Tests {
					if odd && c.Result == "invalid" {
						continue // it may be invalid for having the API's salt
					}
					verify(t, p, "PS"+sha, g, c, odd)
					seen++
				}
			}
			if seen == 0 {
				t.Error("no vector was of the API's hashes")
			}
		})
	}
}
