// Package wycheproof holds the attacks on algorithms that Project Wycheproof
// collects against package keys. It stands in a folder of its own because the
// vectors make a test program of 100 MB; nothing but its tests is in it.
package wycheproof

import (
	"crypto"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/c2sp/wycheproof"

	"certwright/internal/keys"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// file has the members of the vector files that are used here.
type file struct {
	Groups []group `json:"testGroups"`
}

type group struct {
	SHA        string `json:"sha"`
	MGFSHA     string `json:"mgfSha"`
	Salt       int    `json:"sLen"`
	KeySize    int    `json:"keySize"`
	PublicDER  bin    `json:"publicKeyDer"`
	PrivatePK8 bin    `json:"privateKeyPkcs8"`
	Tests      []test `json:"tests"`
}

type test struct {
	ID      int      `json:"tcId"`
	Comment string   `json:"comment"`
	Flags   []string `json:"flags"`
	Result  string   `json:"result"` // valid, invalid or acceptable
	Msg     bin      `json:"msg"`
	Sig     bin      `json:"sig"`
	CT      bin      `json:"ct"`
	Label   bin      `json:"label"`
	Key     bin      `json:"key"`
	IV      bin      `json:"iv"`
	AAD     bin      `json:"aad"`
	Tag     bin      `json:"tag"`
}

func (c test) String() string { return fmt.Sprintf("case %d (%s) %v", c.ID, c.Comment, c.Flags) }

// bin is bytes in hexadecimal.
type bin []byte

func (b *bin) UnmarshalText(text []byte) (err error) {
	*b, err = hex.DecodeString(string(text))
	return err
}

func read(t *testing.T, name string) []group {
	t.Helper()
	text, err := fs.ReadFile(wycheproof.TestVectors, name+"_test.json")
	must.Do(t, err)
	var f file
	must.Do(t, json.Unmarshal(text, &f))
	if len(f.Groups) == 0 || len(f.Groups[0].Tests) == 0 {
		t.Fatalf("%s has no tests", name)
	}
	return f.Groups
}

func hash(t *testing.T, name string) crypto.Hash {
	t.Helper()
	h, ok := map[string]crypto.Hash{"SHA-256": crypto.SHA256, "SHA-384": crypto.SHA384, "SHA-512": crypto.SHA512}[name]
	if !ok {
		t.Fatalf("hash %q is none of the API's", name)
	}
	return h
}

func digest(h crypto.Hash, msg []byte) []byte {
	w := h.New()
	w.Write(msg)
	return w.Sum(nil)
}

func public(t *testing.T, g group) keys.Public {
	t.Helper()
	p, err := keys.ParsePublic(g.PublicDER)
	must.Do(t, err)
	return p
}

func private(t *testing.T, g group) keys.Key {
	t.Helper()
	k, err := keys.Parse(g.PrivatePK8)
	must.Do(t, err)
	return k
}

// refused fails unless err is a 400 BadParameter.
func refused(t *testing.T, c test, err error) {
	t.Helper()
	var e *vault.Error
	if !errors.As(err, &e) || e.Reason != vault.Invalid || e.Code != "BadParameter" {
		t.Errorf("%s: got %v, want a refusal", c, err)
	}
}

// unopened fails unless err is the one refusal of a ciphertext.
func unopened(t *testing.T, c test, err error) {
	t.Helper()
	if err == nil || err.Error() != vault.CannotDecrypt().Error() {
		t.Errorf("%s: got %v, want %v", c, err, vault.CannotDecrypt())
	}
}
