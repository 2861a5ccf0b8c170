package keys

import (
	"bytes"
	"errors"
	"testing"

	"certwright/internal/must"
	"certwright/internal/vault"
)

// FuzzImport reads members of any bytes: what is imported is a key that Parse
// reads and that has the members it came with; all else is a refusal.
func FuzzImport(f *testing.F) {
	add := func(m Members) {
		f.Add(string(m.Type), string(m.Curve), m.N, m.E, m.D, m.P, m.Q, m.DP, m.DQ, m.QI, m.X, m.Y, m.K)
	}
	for _, kind := range asymmetric {
		m := members(f, kind)
		add(m)
		m.P, m.Q, m.DP, m.DQ, m.QI = nil, nil, nil, nil, nil
		add(m)
	}
	add(Members{Type: vault.OctHSM, K: make([]byte, 16)})
	add(Members{Type: "OKP"})
	f.Fuzz(func(t *testing.T, kty, crv string, n, e, d, p, q, dp, dq, qi, x, y, k []byte) {
		if len(n) > 600 || len(d) > 600 {
			return // big.Int's own time is not what is looked for
		}
		m := Members{Type: vault.KeyType(kty), Curve: vault.Curve(crv), N: n, E: e, D: d, P: p, Q: q, DP: dp, DQ: dq, QI: qi, X: x, Y: y, K: k}
		got, err := Import(m)
		if err != nil {
			onlyRefusal(t, err)
			return
		}
		if got.Type == vault.Oct {
			if _, err := ParseOct(got.Private); err != nil || !bytes.Equal(got.Private, k) {
				t.Errorf("an oct key that is none: %v", err)
			}
			return
		}
		parsed, err := Parse(got.Private)
		if err != nil || !bytes.Equal(parsed.PKIX(), got.Public) {
			t.Fatalf("%s %s: Parse reads another key: %v", kty, crv, err)
		}
		public, err := ParsePublic(got.Public)
		must.Do(t, err)
		out := public.Members()
		for _, pair := range [][2][]byte{{out.N, n}, {out.E, e}, {out.X, x}, {out.Y, y}} {
			if pair[0] != nil && !bytes.Equal(bytes.TrimLeft(pair[0], "\x00"), bytes.TrimLeft(pair[1], "\x00")) {
				t.Errorf("%s %s: member %x came out as %x", kty, crv, pair[1], pair[0])
			}
		}
	})
}

func onlyRefusal(t *testing.T, err error) {
	t.Helper()
	var refusal *vault.Error
	if !errors.As(err, &refusal) || refusal.Reason != vault.Invalid {
		t.Errorf("got %v, want a refusal", err)
	}
}

// FuzzUnwrap unwraps any bytes with AES and RSA: what AES unwraps wraps to the
// same bytes; all else is the one refusal.
func FuzzUnwrap(f *testing.F) {
	octKey, rsaKey := key(f, kinds[7]), key(f, kinds[0])
	wrapped, err := octKey.Wrap(Input{Alg: "A256KW", Value: make([]byte, 32)})
	must.Do(f, err)
	sealed, err := rsaKey.Wrap(Input{Alg: "RSA1_5", Value: make([]byte, 32)})
	must.Do(f, err)
	for _, alg := range []string{"A256KW", "RSA1_5", "RSA-OAEP", "RSA-OAEP-256"} {
		f.Add(alg, wrapped.Value)
		f.Add(alg, sealed.Value)
	}
	f.Fuzz(func(t *testing.T, alg string, value []byte) {
		for _, k := range []Key{octKey, rsaKey} {
			out, err := k.Unwrap(Input{Alg: alg, Value: value})
			if err != nil {
				onlyRefusal(t, err)
				continue
			}
			if k.kind == vault.Oct {
				again, err := k.Wrap(Input{Alg: alg, Value: out.Value})
				if err != nil || !bytes.Equal(again.Value, value) {
					t.Errorf("%x was unwrapped to %x, which wraps to %x, %v", value, out.Value, again.Value, err)
				}
			}
		}
	})
}

// FuzzDecrypt decrypts any bytes: GCM opens only what it sealed, CBC's plaintext
// encrypts to the same bytes, all else is a refusal.
func FuzzDecrypt(f *testing.F) {
	octKey, rsaKey := key(f, kinds[7]), key(f, kinds[0])
	for _, a := range algorithms[11:] {
		k := octKey
		if a.kind == vault.RSA {
			k = rsaKey
		}
		out, err := k.Encrypt(sample(a))
		if err != nil {
			continue // key wrap, and other sizes
		}
		f.Add(a.name, out.Value, out.IV, out.AAD, out.Tag)
	}
	f.Fuzz(func(t *testing.T, alg string, value, iv, aad, tag []byte) {
		for _, k := range []Key{octKey, rsaKey} {
			out, err := k.Decrypt(Input{Alg: alg, Value: value, IV: iv, AAD: aad, Tag: tag})
			if err != nil {
				onlyRefusal(t, err)
				continue
			}
			if k.kind == vault.Oct {
				again, err := k.Encrypt(Input{Alg: alg, Value: out.Value, IV: iv, AAD: aad})
				if err != nil || !bytes.Equal(again.Value, value) || len(tag) > 0 && again.Tag != nil && !bytes.Equal(again.Tag, tag) {
					t.Errorf("%s: %x was decrypted to %x, which encrypts to %x, %v", alg, value, out.Value, again.Value, err)
				}
			}
		}
	})
}

// FuzzVerify reads any public key and signature.
func FuzzVerify(f *testing.F) {
	for _, kind := range asymmetric {
		k := key(f, kind)
		alg := algorithmsOf(k.Public, vault.OpSign)[0]
		a, err := find(alg, vault.OpSign)
		must.Do(f, err)
		digest := hashed(a.hash, "hello")
		sig, err := k.Sign(alg, digest)
		must.Do(f, err)
		f.Add(key(f, kind).PKIX(), alg, digest, sig)
	}
	f.Fuzz(func(t *testing.T, pkix []byte, alg string, digest, sig []byte) {
		p, err := ParsePublic(pkix)
		if err != nil || p.Size() > 8192 {
			return
		}
		p.Members()
		if _, err := p.Verify(alg, digest, sig); err != nil {
			onlyRefusal(t, err)
		}
	})
}
