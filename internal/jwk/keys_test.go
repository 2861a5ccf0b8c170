package jwk

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"testing"

	"certwright/internal/certs"
	"certwright/internal/vault"
)

// kinds are the keys that most tests run over. RSA-3072 and RSA-4096 differ in
// nothing but size, which the wycheproof folder covers.
var kinds = []vault.KeyProps{
	{Type: vault.RSA, Size: 2048},
	{Type: vault.EC, Curve: vault.P256}, {Type: vault.EC, Curve: vault.P384},
	{Type: vault.EC, Curve: vault.P521}, {Type: vault.EC, Curve: vault.P256K},
	{Type: vault.Oct, Size: 128}, {Type: vault.Oct, Size: 192}, {Type: vault.Oct, Size: 256},
}

func kindName(p vault.KeyProps) string { return fmt.Sprint(p.Type, p.Curve, p.Size) }

var made sync.Map // one key of each kind for all tests: RSA takes long

// certKey returns the one RSA or EC key of a kind.
func certKey(t testing.TB, p vault.KeyProps) certs.Key {
	t.Helper()
	get, _ := made.LoadOrStore(p, sync.OnceValues(func() (certs.Key, error) { return certs.NewKey(p) }))
	k, err := get.(func() (certs.Key, error))()
	must(t, err)
	return k
}

// key returns the private key of a kind.
func key(t testing.TB, p vault.KeyProps) Private {
	t.Helper()
	if p.Type == vault.Oct {
		k, err := NewSecret(bytes.Repeat([]byte{0x5a}, p.Size/8))
		must(t, err)
		return k
	}
	k, err := NewPrivate(certKey(t, p).Signer())
	must(t, err)
	return k
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// says fails unless err is the refusal want, to the letter.
func says(t testing.TB, err error, want *vault.Error) {
	t.Helper()
	var got *vault.Error
	if !errors.As(err, &got) {
		t.Errorf("got %v, want the refusal %v", err, want)
		return
	}
	if got.Reason != want.Reason || got.Code != want.Code || got.Inner != want.Inner || got.Message != want.Message {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return b
}

func b64(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	must(t, err)
	return b
}

func hashed(h crypto.Hash, msg string) []byte {
	w := h.New()
	w.Write([]byte(msg))
	return w.Sum(nil)
}

func TestKeysAreReadAndHidden(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		k := key(t, kind)
		for _, s := range []string{fmt.Sprint(k), fmt.Sprintf("%#v", k), fmt.Sprintf("%+v", k), k.LogValue().String()} {
			if s != "[key]" {
				t.Errorf("%s prints as %s", kindName(kind), s)
			}
		}
		if kind.Type == vault.Oct {
			continue
		}
		p, err := ParsePublic(certKey(t, kind).Public())
		must(t, err)
		if p.Type() != kind.Type || p.Curve() != kind.Curve || p.Size() != k.Size() {
			t.Errorf("%s was read as %s %s %d", kindName(kind), p.Type(), p.Curve(), p.Size())
		}
		// What certs shows of the key is what jwk shows.
		want, err := certs.ParsePublic(certKey(t, kind).Public())
		must(t, err)
		m := p.Members()
		if m.Type != want.Type || m.Curve != want.Curve || !bytes.Equal(m.N, want.N) || !bytes.Equal(m.E, want.E) || !bytes.Equal(m.X, want.X) || !bytes.Equal(m.Y, want.Y) {
			t.Errorf("%s: members differ from those of certs", kindName(kind))
		}
	}
}

func TestWhatIsNoKey(t *testing.T) {
	t.Parallel()
	good := certKey(t, kinds[4]).Public() // P-256K
	for name, der := range map[string][]byte{"nothing": nil, "text": []byte("key"), "cut": good[:len(good)-1], "longer": append(bytes.Clone(good), 0), "off the curve": append(bytes.Clone(good[:len(good)-1]), good[len(good)-1]^1)} {
		if _, err := ParsePublic(der); err == nil {
			t.Errorf("%s was read as a public key", name)
		}
	}
	if _, err := NewPrivate(nil); err == nil {
		t.Error("no signer was taken for a key")
	}
	for _, n := range []int{0, 1, 15, 17, 31, 33, 64} {
		_, err := NewSecret(make([]byte, n))
		says(t, err, vault.BadKeySize(n*8, 128, 192, 256))
	}
	for _, n := range []int{0, 64, 127, 255, 512, -128} {
		_, err := RandomSecret(n)
		says(t, err, vault.BadKeySize(n, 128, 192, 256))
	}
	one, err := RandomSecret(192)
	must(t, err)
	two, err := RandomSecret(192)
	must(t, err)
	if len(one) != 24 || bytes.Equal(one, two) {
		t.Errorf("two new secrets are %x and %x", one, two)
	}
	var none Private
	if _, err := none.Sign("RS256", make([]byte, 32)); !errors.Is(err, errNoKey) {
		t.Errorf("the zero key signs: %v", err)
	}
	if _, err := none.Decrypt(Input{Alg: "A256GCM"}); !errors.Is(err, errNoKey) {
		t.Errorf("the zero key decrypts: %v", err)
	}
	if _, err := key(t, kinds[7]).Public.Encrypt(Input{Alg: "A256GCM"}); !errors.Is(err, errNoKey) {
		t.Errorf("the public part of an oct key encrypts: %v", err)
	}
	if _, err := (Private{Public: key(t, kinds[0]).Public}).Decrypt(Input{Alg: "RSA1_5"}); !errors.Is(err, errNoKey) {
		t.Errorf("a public key decrypts: %v", err)
	}
}
