package certs

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"certwright/internal/authority"
	"certwright/internal/certs/dn"
	"certwright/internal/keys"
	"certwright/internal/must"
	"certwright/internal/vault"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
)

// signed makes a certificate of subject for a new key by an issuer.
func signed(t testing.TB, subject string, ca bool, issuer *chainLink) *chainLink {
	t.Helper()
	k := newKey(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	name, err := dn.Common(subject)
	must.Do(t, err)
	if issuer == nil {
		issuer = &chainLink{key: k, name: name}
	}
	tmpl := template{issuer: issuer.name, subject: name, public: k.PKIX(), valid: authority.Validity{From: testNow, To: authority.AfterMonths(testNow, 1)},
		extensions: []*extension{{oidBasicConstraints, true, basicConstraints(ca)}, authorityKey(keyID(issuer.key.PKIX())), subjectKey(keyID(k.PKIX()))}}
	der, err := tmpl.sign(issuer.key)
	must.Do(t, err)
	return &chainLink{der, k, name}
}

type chainLink struct {
	der  []byte
	key  keys.Key
	name []byte
}

func TestOrder(t *testing.T) {
	t.Parallel()
	root := signed(t, "Root", true, nil)
	sub := signed(t, "Sub", true, root)
	leaf := signed(t, "leaf", false, sub)
	stranger := signed(t, "Stranger", true, nil)
	namesake := signed(t, "Sub", true, root) // of the issuer's name, but another key
	// Two that vouch for one another.
	x := signed(t, "X", true, nil)
	y := signed(t, "Y", true, x)
	xByY := signed(t, "X", true, y)
	names := map[string][]byte{"root": root.der, "sub": sub.der, "leaf": leaf.der, "stranger": stranger.der, "namesake": namesake.der,
		"y": y.der, "xByY": xByY.der, "junk": []byte("junk")}
	for _, c := range []struct {
		given string
		leaf  int
		want  string
	}{
		{"leaf sub root", 0, "leaf sub root"},
		{"root sub leaf", 2, "leaf sub root"},
		{"stranger root junk leaf sub", 3, "leaf sub root stranger junk"},
		{"leaf namesake sub root", 0, "leaf sub root namesake"},
		{"leaf root", 0, "leaf root"},
		{"root", 0, "root"},
		{"sub leaf", 0, "sub leaf"},
		{"y xByY", 0, "y xByY"},
		{"junk leaf", 0, "junk leaf"},
		{"leaf leaf sub", 0, "leaf sub leaf"},
	} {
		var given [][]byte
		for _, n := range fields(c.given) {
			given = append(given, names[n])
		}
		var got []string
		for _, der := range Order(given, c.leaf) {
			for n, d := range names {
				if bytes.Equal(d, der) {
					got = append(got, n)
				}
			}
		}
		if !slices.Equal(got, fields(c.want)) {
			t.Errorf("%s with leaf %d: got %v, want %s", c.given, c.leaf, got, c.want)
		}
	}
	if got := Order(nil, 0); len(got) != 0 {
		t.Errorf("nothing comes out as %v", got)
	}
}

func fields(s string) (list []string) {
	for f := range bytes.FieldsSeq([]byte(s)) {
		list = append(list, string(f))
	}
	return list
}

func TestFindLeaf(t *testing.T) {
	t.Parallel()
	root := signed(t, "Root", true, nil)
	sub := signed(t, "Sub", true, root)
	leaf := signed(t, "leaf", false, sub)
	other := newKey(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256K}).PKIX()
	authority, entity := sub.der, selfSigned(t, sub.key, vault.X509Props{Subject: "CN=entity", ValidityMonths: 1}) // of one key
	for _, c := range []struct {
		name   string
		certs  [][]byte
		public []byte
		want   int
		err    error
	}{
		{"leaf first", [][]byte{leaf.der, sub.der, root.der}, leaf.key.PKIX(), 0, nil},
		{"leaf last", [][]byte{root.der, sub.der, leaf.der}, leaf.key.PKIX(), 2, nil},
		{"an authority's own key", [][]byte{sub.der, root.der}, root.key.PKIX(), 1, nil},
		{"an authority with the leaf's key first", [][]byte{authority, entity}, sub.key.PKIX(), 1, nil},
		{"an authority with the leaf's key last", [][]byte{entity, authority}, sub.key.PKIX(), 0, nil},
		{"another's key", [][]byte{sub.der, leaf.der}, other, 0, ErrOtherKey},
		{"authorities alone", [][]byte{sub.der, root.der}, other, 0, errNoLeaf},
		{"nothing", nil, other, 0, errNoLeaf},
		{"junk", [][]byte{[]byte("junk")}, other, 0, errNoLeaf},
		{"junk beside the leaf", [][]byte{leaf.der, []byte("junk")}, leaf.key.PKIX(), 0, errNoLeaf},
	} {
		got, err := FindLeaf(c.certs, c.public)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: got %d, %v; want %d, %v", c.name, got, err, c.want, c.err)
		}
	}
}

// A compressed point is the same key as one written out.
func TestFindLeafWithCompressedKey(t *testing.T) {
	t.Parallel()
	k := newKey(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256K})
	name, err := dn.Common("compressed")
	must.Do(t, err)
	point := k.Signer().Public().(*secp256k1.PublicKey)
	compressed := bytes.Replace(k.PKIX(), point.SerializeUncompressed(), point.SerializeCompressed(), 1)
	compressed[1] -= 32                    // the outer length
	compressed[len(compressed)-33-2] -= 32 // that of the bit string
	der, err := template{issuer: name, subject: name, public: compressed, valid: authority.Validity{From: testNow, To: authority.AfterMonths(testNow, 1)}}.sign(k)
	must.Do(t, err)
	if _, err := FindLeaf([][]byte{der}, k.PKIX()); err != nil {
		t.Error(err)
	}
}
