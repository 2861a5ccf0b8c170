package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"math/big"

	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azkeys"
)

// jsonWebKey writes a private key as the SDK takes it.
func jsonWebKey(key crypto.Signer) *azkeys.JSONWebKey {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return &azkeys.JSONWebKey{Kty: p(azkeys.KeyTypeRSA), N: k.N.Bytes(), E: big.NewInt(int64(k.E)).Bytes(), D: k.D.Bytes(),
			P: k.Primes[0].Bytes(), Q: k.Primes[1].Bytes(), DP: k.Precomputed.Dp.Bytes(), DQ: k.Precomputed.Dq.Bytes(), QI: k.Precomputed.Qinv.Bytes()}
	case *ecdsa.PrivateKey:
		n := (k.Curve.Params().BitSize + 7) / 8
		return &azkeys.JSONWebKey{Kty: p(azkeys.KeyTypeEC), Crv: p(azkeys.CurveName(k.Curve.Params().Name)),
			D: k.D.FillBytes(make([]byte, n)), X: k.X.FillBytes(make([]byte, n)), Y: k.Y.FillBytes(make([]byte, n))}
	}
	return nil
}

func (s *suite) importKey(ctx context.Context, name string, key crypto.Signer) error {
	got, err := s.keys.ImportKey(ctx, name, azkeys.ImportKeyParameters{Key: jsonWebKey(key)}, nil)
	if err != nil {
		return err
	}
	public, err := publicKey(got.Key)
	if err != nil {
		return err
	}
	same := public.(interface{ Equal(crypto.PublicKey) bool }).Equal(key.Public())
	return first(s.is("the imported public key is ours", same, true), s.is("bytes of d", len(got.Key.D), 0))
}

// importedRSA goes both ways between the vault and Go's own library, for every
// algorithm: sign and verify, encrypt and decrypt, wrap and unwrap.
func importedRSA(ctx context.Context, s *suite) error {
	for _, size := range []int{2048, 3072, 4096} {
		key, err := rsa.GenerateKey(rand.Reader, size)
		if err != nil {
			return err
		}
		name := s.name(fmt.Sprintf("imported-%d", size))
		if err := first(s.importKey(ctx, name, key), s.vaultSigns(ctx, name, key.Public()), s.weSign(ctx, name, key)); err != nil {
			return fmt.Errorf("RSA %d: %w", size, err)
		}
		for _, e := range encryptions {
			if err := first(s.opens(ctx, name, &key.PublicKey, e, s.decrypt), s.seals(ctx, name, key, e, s.encrypt),
				s.opens(ctx, name, &key.PublicKey, e, s.unwrap), s.seals(ctx, name, key, e, s.wrap)); err != nil {
				return fmt.Errorf("RSA %d %s: %w", size, e.alg, err)
			}
		}
	}
	return nil
}

// importedEC is importedRSA for curves, which sign and verify only.
func importedEC(ctx context.Context, s *suite) error {
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			return err
		}
		name := s.name("imported-" + curve.Params().Name)
		if err := first(s.importKey(ctx, name, key), s.vaultSigns(ctx, name, key.Public()), s.weSign(ctx, name, key)); err != nil {
			return fmt.Errorf("%s: %w", curve.Params().Name, err)
		}
		_, encrypt := s.keys.Encrypt(ctx, name, "", with(azkeys.EncryptionAlgorithmRSAOAEP, secretText), nil)
		if err := s.refused(encrypt, 403, "Forbidden"); err != nil {
			return err
		}
	}
	return nil
}

// createdKeys lets the vault make the key: what it signs and seals, its public
// part alone verifies and opens.
func createdKeys(ctx context.Context, s *suite) error {
	for _, in := range []azkeys.CreateKeyParameters{{Kty: p(azkeys.KeyTypeRSA)}, {Kty: p(azkeys.KeyTypeRSAHSM), KeySize: p(int32(3072))}, {Kty: p(azkeys.KeyTypeEC)},
		{Kty: p(azkeys.KeyTypeEC), Curve: p(azkeys.CurveNameP384)}, {Kty: p(azkeys.KeyTypeECHSM), Curve: p(azkeys.CurveNameP521)}} {
		name := s.name(fmt.Sprintf("created-%s%s", *in.Kty, the(in.Curve)))
		made, err := s.keys.CreateKey(ctx, name, in, nil)
		if err != nil {
			return err
		}
		public, err := publicKey(made.Key)
		if err != nil {
			return err
		}
		if err := s.vaultSigns(ctx, name, public); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		k, ok := public.(*rsa.PublicKey)
		for _, e := range encryptions {
			if !ok {
				break
			}
			if err := first(s.opens(ctx, name, k, e, s.decrypt), s.opens(ctx, name, k, e, s.unwrap), s.thereAndBack(ctx, name, e, s.encrypt, s.decrypt),
				s.thereAndBack(ctx, name, e, s.wrap, s.unwrap)); err != nil {
				return fmt.Errorf("%s %s: %w", name, e.alg, err)
			}
		}
	}
	return s.koblitz(ctx)
}

func (s *suite) thereAndBack(ctx context.Context, name string, e encryption, seal, open door) error {
	sealed, err := seal(ctx, name, e.alg, secretText)
	if err != nil {
		return err
	}
	got, err := open(ctx, name, e.alg, sealed)
	if err != nil {
		return err
	}
	return s.is(string(e.alg)+" there and back", string(got), string(secretText))
}

// koblitz is for the one curve that Go's library has not: only the vault can verify.
func (s *suite) koblitz(ctx context.Context) error {
	name := s.name("created-P-256K")
	if _, err := s.keys.CreateKey(ctx, name, azkeys.CreateKeyParameters{Kty: p(azkeys.KeyTypeEC), Curve: p(azkeys.CurveNameP256K)}, nil); err != nil {
		return err
	}
	c := scheme{azkeys.SignatureAlgorithmES256K, crypto.SHA256, false}
	digest := c.digest([]byte("certwright"))
	signed, err := s.keys.Sign(ctx, name, "", azkeys.SignParameters{Algorithm: &c.alg, Value: digest}, nil)
	if err != nil {
		return err
	}
	_, wrong := s.keys.Sign(ctx, name, "", azkeys.SignParameters{Algorithm: p(azkeys.SignatureAlgorithmES256), Value: digest}, nil)
	return first(s.is("bytes of a signature", len(signed.Result), 64), s.vaultVerifies(ctx, name, c, digest, signed.Result, true),
		s.vaultVerifies(ctx, name, c, c.digest([]byte("another")), signed.Result, false), s.refused(wrong, 400, "BadParameter"))
}
