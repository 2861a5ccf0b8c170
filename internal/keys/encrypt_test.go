package keys

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"certwright/internal/must"
	"certwright/internal/vault"
)

// sample returns an input that the algorithm takes.
func sample(a algorithm) Input {
	in := Input{Alg: a.name, Value: random(32)}
	if a.family == aesCBC || a.family == aesCBCPad {
		in.IV = random(16)
	}
	if a.family == aesGCM {
		in.AAD = random(7)
	}
	return in
}

// Every algorithm with every key: it opens what it sealed, or is refused.
func TestEncryptWithEveryKey(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		k := key(t, kind).Named(kid)
		for _, a := range algorithms[11:] {
			in := sample(a)
			seal, open := k.Encrypt, k.Decrypt
			if a.family == aesWrap {
				seal, open = k.Wrap, k.Unwrap
			}
			out, err := seal(in)
			switch {
			case a.kind != kind.Type:
				says(t, err, vault.WrongKeyType(kid, kind.Type, "encryption", a.name, a.kind))
			case a.bits != 0 && a.bits != kind.Size:
				says(t, err, vault.WrongKeySize(kid, kind.Size, a.name, a.bits))
			default:
				must.Do(t, err)
				back, err := open(Input{Alg: a.name, Value: out.Value, IV: out.IV, AAD: out.AAD, Tag: out.Tag})
				if err != nil || !bytes.Equal(back.Value, in.Value) {
					t.Errorf("%s gave %x, %v", a.name, back.Value, err)
				}
			}
		}
	}
}

// What goes with which operation (about-keys-details): RSA with all four, key
// wrap only wraps, GCM and CBC only encrypt, and signatures do neither.
func TestAlgorithmsOfOperations(t *testing.T) {
	t.Parallel()
	crypt, wrap := []string{vault.OpEncrypt, vault.OpDecrypt}, []string{vault.OpWrapKey, vault.OpUnwrapKey}
	for _, a := range algorithms {
		for i, ops := range [][]string{crypt, wrap, {vault.OpSign, vault.OpVerify}} {
			want := a.family == pkcs1Encryption || a.family == oaepEncryption
			switch i {
			case 0:
				want = want || a.family >= aesGCM
			case 1:
				want = want || a.family == aesWrap
			case 2:
				want = a.family <= ecdsaSignature
			}
			for _, op := range ops {
				_, err := find(a.name, op)
				if want != (err == nil) {
					t.Errorf("%s for %s: %v", a.name, op, err)
				}
				if !want {
					says(t, err, vault.UnknownAlgorithm(op, a.name))
				}
			}
		}
	}
	if got := algorithmsOf(key(t, kinds[0]).Public, vault.OpWrapKey); len(got) != 3 || got[2] != "RSA-OAEP-256" {
		t.Errorf("RSA wraps with %v", got)
	}
	if got := algorithmsOf(key(t, kinds[4]).Public, vault.OpSign); len(got) != 1 || got[0] != "ES256K" {
		t.Errorf("P-256K signs with %v", got)
	}
	if got := algorithmsOf(key(t, kinds[4]).Public, vault.OpEncrypt); got != nil {
		t.Errorf("EC encrypts with %v", got)
	}
}

// The longest plaintexts of RSA-2048, as a client's report has them for the
// service (Azure/azure-sdk-for-python#34094): 245, 214 and 190 bytes.
func TestLongestPlaintext(t *testing.T) {
	t.Parallel()
	p := key(t, kinds[0]).Public
	for alg, most := range map[string]int{"RSA1_5": 245, "RSA-OAEP": 214, "RSA-OAEP-256": 190} {
		for _, n := range []int{0, 1, most} {
			out, err := p.Encrypt(Input{Alg: alg, Value: make([]byte, n)})
			must.Do(t, err)
			if len(out.Value) != 256 || out.IV != nil || out.Tag != nil {
				t.Errorf("%s of %d bytes: %d bytes, iv %x", alg, n, len(out.Value), out.IV)
			}
		}
		_, err := p.Wrap(Input{Alg: alg, Value: make([]byte, most+1)})
		says(t, err, vault.TooLong("value", most+1, alg, most))
	}
}

// What the standard library seals is opened here, and the reverse.
func TestRSAOfTheStandardLibrary(t *testing.T) {
	t.Parallel()
	k := key(t, kinds[0])
	pub, priv := k.key.(*rsa.PublicKey), k.signer.(*rsa.PrivateKey)
	text := []byte("a key to wrap")
	seal := map[string]func() ([]byte, error){
		"RSA1_5":       func() ([]byte, error) { return rsa.EncryptPKCS1v15(rand.Reader, pub, text) },
		"RSA-OAEP":     func() ([]byte, error) { return rsa.EncryptOAEP(sha1.New(), rand.Reader, pub, text, nil) },
		"RSA-OAEP-256": func() ([]byte, error) { return rsa.EncryptOAEP(sha256.New(), rand.Reader, pub, text, nil) },
	}
	open := map[string]func([]byte) ([]byte, error){
		"RSA1_5":       func(c []byte) ([]byte, error) { return rsa.DecryptPKCS1v15(nil, priv, c) },
		"RSA-OAEP":     func(c []byte) ([]byte, error) { return rsa.DecryptOAEP(sha1.New(), nil, priv, c, nil) },
		"RSA-OAEP-256": func(c []byte) ([]byte, error) { return rsa.DecryptOAEP(sha256.New(), nil, priv, c, nil) },
	}
	for alg := range seal {
		c, err := seal[alg]()
		must.Do(t, err)
		if out, err := k.Unwrap(Input{Alg: alg, Value: c}); err != nil || !bytes.Equal(out.Value, text) {
			t.Errorf("%s unwrapped %q, %v", alg, out.Value, err)
		}
		sealed, err := k.Public.Encrypt(Input{Alg: alg, Value: text})
		must.Do(t, err)
		if got, err := open[alg](sealed.Value); err != nil || !bytes.Equal(got, text) {
			t.Errorf("%s encrypted to %q, %v", alg, got, err)
		}
	}
}

// Whatever is done to a ciphertext, the answer is the same refusal.
func TestOneRefusalForEveryCiphertext(t *testing.T) {
	t.Parallel()
	for _, a := range algorithms[11:] {
		kind := vault.KeyProps{Type: vault.RSA, Size: 2048}
		if a.kind == vault.Oct {
			kind = vault.KeyProps{Type: vault.Oct, Size: a.bits}
		}
		k := key(t, kind)
		seal, open := k.Encrypt, k.Decrypt
		if a.family == aesWrap {
			seal, open = k.Wrap, k.Unwrap
		}
		good, err := seal(sample(a))
		must.Do(t, err)
		for name, change := range map[string]func(c *Output){
			"first bit":  func(c *Output) { c.Value[0] ^= 0x80 },
			"last bit":   func(c *Output) { c.Value[len(c.Value)-1] ^= 1 },
			"cut":        func(c *Output) { c.Value = c.Value[:len(c.Value)-1] },
			"longer":     func(c *Output) { c.Value = append(c.Value, 0) },
			"padded":     func(c *Output) { c.Value = append([]byte{0}, c.Value...) },
			"empty":      func(c *Output) { c.Value = nil },
			"zeros":      func(c *Output) { c.Value = make([]byte, len(c.Value)) },
			"ones":       func(c *Output) { c.Value = bytes.Repeat([]byte{0xff}, len(c.Value)) },
			"one byte":   func(c *Output) { c.Value = []byte{1} },
			"very long":  func(c *Output) { c.Value = make([]byte, 5000) },
			"other tag":  func(c *Output) { c.Tag = make([]byte, len(c.Tag)) },
			"other aad":  func(c *Output) { c.AAD = []byte("other") },
			"other bits": func(c *Output) { c.Value = random(len(c.Value)) },
		} {
			c := Output{Value: bytes.Clone(good.Value), IV: good.IV, AAD: good.AAD, Tag: good.Tag}
			change(&c)
			_, err := open(Input{Alg: a.name, Value: c.Value, IV: c.IV, AAD: c.AAD, Tag: c.Tag})
			cbc := a.family == aesCBC || a.family == aesCBCPad // has no MAC: whole blocks may open to anything
			if cbc && err == nil && len(c.Value) > 0 && len(c.Value)%16 == 0 {
				continue
			}
			if (name == "other tag" || name == "other aad") && a.family != aesGCM {
				continue
			}
			says(t, err, vault.CannotDecrypt())
			if t.Failed() {
				t.Fatalf("%s, %s", a.name, name)
			}
		}
	}
}

func TestLengthsOfAES(t *testing.T) {
	t.Parallel()
	k := key(t, kinds[7])
	for _, c := range []struct {
		do   func(Input) (Output, error)
		in   Input
		want *vault.Error
	}{
		{k.Encrypt, Input{Alg: "A256GCM", IV: make([]byte, 11)}, vault.WrongLength("iv", 11, "A256GCM", 12)},
		{k.Encrypt, Input{Alg: "A256GCM", IV: make([]byte, 16)}, vault.WrongLength("iv", 16, "A256GCM", 12)},
		{k.Decrypt, Input{Alg: "A256GCM", Tag: make([]byte, 16)}, vault.WrongLength("iv", 0, "A256GCM", 12)},
		{k.Decrypt, Input{Alg: "A256GCM", IV: make([]byte, 12)}, vault.WrongLength("tag", 0, "A256GCM", 16)},
		{k.Decrypt, Input{Alg: "A256GCM", IV: make([]byte, 12), Tag: make([]byte, 12)}, vault.WrongLength("tag", 12, "A256GCM", 16)},
		{k.Encrypt, Input{Alg: "A256CBC", Value: make([]byte, 16)}, vault.WrongLength("iv", 0, "A256CBC", 16)},
		{k.Encrypt, Input{Alg: "A256CBCPAD", IV: make([]byte, 12)}, vault.WrongLength("iv", 12, "A256CBCPAD", 16)},
		{k.Decrypt, Input{Alg: "A256CBCPAD", Value: make([]byte, 16)}, vault.WrongLength("iv", 0, "A256CBCPAD", 16)},
		{k.Encrypt, Input{Alg: "A256CBC", IV: make([]byte, 16)}, vault.NotBlocks("value", 0, "A256CBC", 16, 16)},
		{k.Encrypt, Input{Alg: "A256CBC", IV: make([]byte, 16), Value: make([]byte, 17)}, vault.NotBlocks("value", 17, "A256CBC", 16, 16)},
		{k.Wrap, Input{Alg: "A256KW"}, vault.NotBlocks("value", 0, "A256KW", 8, 16)},
		{k.Wrap, Input{Alg: "A256KW", Value: make([]byte, 8)}, vault.NotBlocks("value", 8, "A256KW", 8, 16)},
		{k.Wrap, Input{Alg: "A256KW", Value: make([]byte, 20)}, vault.NotBlocks("value", 20, "A256KW", 8, 16)},
		{k.Wrap, Input{Alg: "A256GCM", Value: make([]byte, 16)}, vault.UnknownAlgorithm("wrapKey", "A256GCM")},
		{k.Encrypt, Input{Alg: "A256KW", Value: make([]byte, 16)}, vault.UnknownAlgorithm("encrypt", "A256KW")},
		{k.Encrypt, Input{Alg: "A128GCM"}, vault.WrongKeySize("", 256, "A128GCM", 128)},
	} {
		_, err := c.do(c.in)
		says(t, err, c.want)
	}
	one, err := k.Encrypt(Input{Alg: "A256GCM", Value: []byte("x")})
	must.Do(t, err)
	two, err := k.Encrypt(Input{Alg: "A256GCM", Value: []byte("x")})
	must.Do(t, err)
	if len(one.IV) != 12 || len(one.Tag) != 16 || bytes.Equal(one.IV, two.IV) {
		t.Errorf("the IVs are %x and %x", one.IV, two.IV)
	}
}

// The vectors of RFC 3394 section 4 whose key sizes the API has.
func TestKeyWrapVectors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ alg, key, value, want string }{
		{"A128KW", "000102030405060708090A0B0C0D0E0F", "00112233445566778899AABBCCDDEEFF", "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5"},
		{"A192KW", "000102030405060708090A0B0C0D0E0F1011121314151617", "00112233445566778899AABBCCDDEEFF", "96778B25AE6CA435F92B5B97C050AED2468AB8A17AD84E5D"},
		{"A256KW", "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F", "00112233445566778899AABBCCDDEEFF", "64E8C3F9CE0F5BA263E9777905818A2A93C8191E7D6E8AE7"},
		{"A192KW", "000102030405060708090A0B0C0D0E0F1011121314151617", "00112233445566778899AABBCCDDEEFF0001020304050607", "031D33264E15D33268F24EC260743EDCE1C6C7DDEE725A936BA814915C6762D2"},
		{"A256KW", "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F", "00112233445566778899AABBCCDDEEFF0001020304050607", "A8F9BC1612C68B3FF6E6F4FBE30E71E4769C8B80A32CB8958CD5D17D6B254DA1"},
		{"A256KW", "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F", "00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F", "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21"},
	} {
		k, err := ParseOct(unhex(t, c.key))
		must.Do(t, err)
		out, err := k.Wrap(Input{Alg: c.alg, Value: unhex(t, c.value)})
		if err != nil || !bytes.Equal(out.Value, unhex(t, c.want)) {
			t.Errorf("%s: %X, %v", c.alg, out.Value, err)
		}
		back, err := k.Unwrap(Input{Alg: c.alg, Value: out.Value})
		if err != nil || !bytes.Equal(back.Value, unhex(t, c.value)) {
			t.Errorf("%s back: %X, %v", c.alg, back.Value, err)
		}
	}
}

// AES-CBC of NIST SP 800-38A section F.2, one block each.
func TestCBCVectors(t *testing.T) {
	t.Parallel()
	for alg, c := range map[string][2]string{
		"A128CBC": {"2b7e151628aed2a6abf7158809cf4f3c", "7649abac8119b246cee98e9b12e9197d"},
		"A192CBC": {"8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b", "4f021db243bc633d7178183a9fa071e8"},
		"A256CBC": {"603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", "f58c4c04d6e5f1ba779eabfb5f7bfbd6"},
	} {
		k, err := ParseOct(unhex(t, c[0]))
		must.Do(t, err)
		out, err := k.Encrypt(Input{Alg: alg, IV: unhex(t, "000102030405060708090a0b0c0d0e0f"), Value: unhex(t, "6bc1bee22e409f96e93d7e117393172a")})
		if err != nil || !bytes.Equal(out.Value, unhex(t, c[1])) {
			t.Errorf("%s: %x, %v", alg, out.Value, err)
		}
	}
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	must.Do(t, err)
	return b
}

// unpadded against a plain reading of RFC 5652 section 6.3, over every last byte
// and a fault at every place.
func TestUnpadded(t *testing.T) {
	t.Parallel()
	plain := func(b []byte) (int, bool) {
		n := int(b[len(b)-1])
		if n < 1 || n > aes.BlockSize {
			return 0, false
		}
		for _, c := range b[len(b)-n:] {
			if int(c) != n {
				return 0, false
			}
		}
		return len(b) - n, true
	}
	for last := range 256 {
		for fault := -1; fault < 32; fault++ {
			b := bytes.Repeat([]byte{byte(last)}, 32)
			if fault >= 0 {
				b[fault] ^= 0x11
			}
			n, ok := unpadded(b)
			if want, good := plain(b); ok != good || ok && n != want {
				t.Fatalf("%x: %d %v, want %d %v", b, n, ok, want, good)
			}
		}
	}
	for n := range 33 {
		if got, ok := unpadded(pad(make([]byte, n))); !ok || got != n {
			t.Errorf("%d bytes padded and back: %d %v", n, got, ok)
		}
	}
}

var _ crypto.Decrypter = (*rsa.PrivateKey)(nil) // which openRSA counts on
