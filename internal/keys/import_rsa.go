package keys

import (
	"bytes"
	"crypto/rsa"
	"math/big"

	"certwright/internal/vault"
)

// The numbers here are big.Int, whose time depends on their values. That is
// accepted for an import, which happens once and whose caller has the key.

// importRSA wants n, e and d. The primes are found from these where they are
// missing; CRT values are computed, and those that were given must be the same.
// A crv that does not belong there is ignored, and answered (recorded).
func importRSA(m Members) (Stored, error) {
	if len(m.N) == 0 || len(m.E) == 0 || len(m.D) == 0 || (len(m.P) == 0) != (len(m.Q) == 0) {
		return Stored{}, vault.BadJWK()
	}
	n, e, d := number(m.N), number(m.E), number(m.D)
	if bits := n.BitLen(); bits != 2048 && bits != 3072 && bits != 4096 {
		return Stored{}, vault.BadKeySize(bits, 2048, 3072, 4096)
	}
	// The standard library keeps e in 31 bits; d below n keeps the work bounded.
	if e.BitLen() > 31 || e.Bit(0) == 0 || e.BitLen() < 2 || d.Cmp(n) >= 0 || d.Sign() == 0 {
		return Stored{}, vault.BadKeyMaterial(vault.RSA)
	}
	p, q := number(m.P), number(m.Q)
	if len(m.P) == 0 {
		var ok bool
		if p, q, ok = factor(n, e, d); !ok {
			return Stored{}, vault.BadKeyMaterial(vault.RSA)
		}
	}
	k := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: n, E: int(e.Int64())}, D: d, Primes: []*big.Int{p, q}}
	if m.cut(d) {
		d = exponent(k)
	}
	if k.D = d; d == nil || !sound(k) || !agree(k, m) {
		return Stored{}, vault.BadKeyMaterial(vault.RSA)
	}
	key, err := pair(k)
	if err != nil {
		return Stored{}, vault.BadKeyMaterial(vault.RSA)
	}
	out, err := key.Stored()
	if err != nil {
		return Stored{}, vault.BadKeyMaterial(vault.RSA)
	}
	out.Spelling = m.spelling(Members{N: n.Bytes(), E: e.Bytes()})
	return out, nil
}

// cut reports whether d was cut short while everything else is there, which
// makes the key without it: the service took a d of 581 bits (recorded).
func (m Members) cut(d *big.Int) bool {
	whole := len(m.P) > 0 && len(m.Q) > 0 && len(m.DP) > 0 && len(m.DQ) > 0 && len(m.QI) > 0
	return whole && d.BitLen() < number(m.N).BitLen()/2
}

// exponent returns the d that the primes of a key make; nil if they make none.
func exponent(k *rsa.PrivateKey) *big.Int {
	p, q := k.Primes[0], k.Primes[1]
	if half := k.N.BitLen() / 2; p.BitLen() != half || q.BitLen() != half {
		return nil
	}
	one := big.NewInt(1)
	totient := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	return new(big.Int).ModInverse(big.NewInt(int64(k.E)), totient)
}

func number(b []byte) *big.Int { return new(big.Int).SetBytes(b) }

// sound reports whether the key is one: n = pq, d undoes e, and both primes are
// prime, which the standard library does not look at. It fills the CRT values.
func sound(k *rsa.PrivateKey) bool {
	p, q := k.Primes[0], k.Primes[1]
	if half := k.N.BitLen() / 2; p.BitLen() != half || q.BitLen() != half {
		return false
	}
	if new(big.Int).Mul(p, q).Cmp(k.N) != 0 || p.Cmp(q) == 0 {
		return false
	}
	k.Precompute()
	return k.Validate() == nil && p.ProbablyPrime(2) && q.ProbablyPrime(2)
}

// agree reports whether the CRT values that were given are those of the key.
func agree(k *rsa.PrivateKey, m Members) bool {
	same := func(given []byte, want *big.Int) bool {
		return len(given) == 0 || bytes.Equal(number(given).Bytes(), want.Bytes())
	}
	c := k.Precomputed
	return same(m.DP, c.Dp) && same(m.DQ, c.Dq) && same(m.QI, c.Qinv)
}

// bases are what factor tries. Primes do as well as random numbers; there are
// twenty, which bounds the time that a number without such a root costs.
var bases = []int64{2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71}

// factor finds the primes of n from e and d (NIST SP 800-56B appendix C): ed-1
// is a multiple of the group's exponent, and a square root of 1 that is neither
// 1 nor -1 splits n. Each try finds one with a chance of one half or more.
func factor(n, e, d *big.Int) (p, q *big.Int, ok bool) {
	one := big.NewInt(1)
	minus := new(big.Int).Sub(n, one)
	r := new(big.Int).Mul(e, d)
	r.Sub(r, one)
	if r.Sign() <= 0 || r.Bit(0) == 1 || n.Bit(0) == 0 {
		return nil, nil, false
	}
	twos := r.TrailingZeroBits()
	r.Rsh(r, twos)
	for _, g := range bases {
		x := new(big.Int).Exp(big.NewInt(g), r, n)
		if x.Cmp(one) == 0 || x.Cmp(minus) == 0 {
			continue
		}
		for range twos {
			root := new(big.Int).Set(x)
			x.Mul(x, x).Mod(x, n)
			if x.Cmp(one) == 0 {
				p = new(big.Int).GCD(nil, nil, root.Sub(root, one), n)
				q = new(big.Int).Quo(n, p)
				if p.Cmp(q) < 0 {
					p, q = q, p
				}
				return p, q, p.Cmp(one) != 0 && q.Cmp(one) != 0
			}
			if x.Cmp(minus) == 0 {
				break
			}
		}
		if x.Cmp(minus) != 0 {
			return nil, nil, false // g^(ed-1) is not 1: d does not undo e
		}
	}
	return nil, nil, false
}
