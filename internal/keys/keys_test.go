package keys

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"testing"

	"certwright/internal/must"
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

// key returns the one key of a kind.
func key(t testing.TB, p vault.KeyProps) Key {
	t.Helper()
	get, _ := made.LoadOrStore(p, sync.OnceValues(func() (Key, error) {
		if p.Type == vault.Oct {
			return ParseOct(bytes.Repeat([]byte{0x5a}, p.Size/8))
		}
		return New(p)
	}))
	k, err := get.(func() (Key, error))()
	must.Do(t, err)
	return k
}

// algorithmsOf returns the names of the algorithms that a key can do an operation
// with, in the order of the table.
func algorithmsOf(p Public, op string) []string {
	var names []string
	for _, a := range algorithms {
		if a.does(op) && p.fits(a) == nil {
			names = append(names, a.name)
		}
	}
	return names
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
	must.Do(t, err)
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
		p, err := ParsePublic(key(t, kind).PKIX())
		must.Do(t, err)
		if p.Type() != kind.Type || p.Curve() != kind.Curve || p.Size() != k.Size() {
			t.Errorf("%s was read as %s %s %d", kindName(kind), p.Type(), p.Curve(), p.Size())
		}
	}
}

func TestWhatIsNoKey(t *testing.T) {
	t.Parallel()
	good := key(t, kinds[4]).PKIX() // P-256K
	for name, der := range map[string][]byte{"nothing": nil, "text": []byte("key"), "cut": good[:len(good)-1], "longer": append(bytes.Clone(good), 0), "off the curve": append(bytes.Clone(good[:len(good)-1]), good[len(good)-1]^1)} {
		if _, err := ParsePublic(der); err == nil {
			t.Errorf("%s was read as a public key", name)
		}
	}
	for _, n := range []int{0, 1, 15, 17, 31, 33, 64} {
		_, err := ParseOct(make([]byte, n))
		says(t, err, vault.BadKeySize(n*8, 128, 192, 256))
	}
	for _, n := range []int{0, 64, 127, 255, 512, -128} {
		_, err := NewOct(n)
		says(t, err, vault.BadKeySize(n, 128, 192, 256))
	}
	one, err := NewOct(192)
	must.Do(t, err)
	two, err := NewOct(192)
	must.Do(t, err)
	if one.Type != vault.Oct || one.Size != 192 || len(one.Private) != 24 || bytes.Equal(one.Private, two.Private) {
		t.Errorf("two new secrets are %x and %x", one.Private, two.Private)
	}
	var none Key
	if _, err := none.Sign("RS256", make([]byte, 32)); !errors.Is(err, errNoKey) {
		t.Errorf("the zero key signs: %v", err)
	}
	if _, err := none.Decrypt(Input{Alg: "A256GCM"}); !errors.Is(err, errNoKey) {
		t.Errorf("the zero key decrypts: %v", err)
	}
	if _, err := key(t, kinds[7]).Public.Encrypt(Input{Alg: "A256GCM"}); !errors.Is(err, errNoKey) {
		t.Errorf("the public part of an oct key encrypts: %v", err)
	}
	if _, err := (Key{Public: key(t, kinds[0]).Public}).Decrypt(Input{Alg: "RSA1_5"}); !errors.Is(err, errNoKey) {
		t.Errorf("a public key decrypts: %v", err)
	}
}
