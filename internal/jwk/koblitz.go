package jwk

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
)

// The standard library does not know secp256k1, the API's P-256K, so its keys
// are read and written here.

var (
	oidEC        = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	oidSecp256k1 = asn1.ObjectIdentifier{1, 3, 132, 0, 10}

	errNotKoblitz = errors.New("not a P-256K key")
)

// publicInfo is a SubjectPublicKeyInfo (RFC 5280 section 4.1).
type publicInfo struct {
	Algorithm pkix.AlgorithmIdentifier
	Point     asn1.BitString
}

// privateInfo is a OneAsymmetricKey (RFC 5958) of version 0.
type privateInfo struct {
	Version   int
	Algorithm pkix.AlgorithmIdentifier
	Key       []byte
}

// ecPrivate is an ECPrivateKey (RFC 5915).
type ecPrivate struct {
	Version int
	Scalar  []byte
	Point   asn1.BitString `asn1:"explicit,tag:1"`
}

func parseKoblitz(pkixDER []byte) (*secp256k1.PublicKey, error) {
	var info publicInfo
	rest, err := asn1.Unmarshal(pkixDER, &info)
	if err != nil || len(rest) != 0 || !info.Algorithm.Algorithm.Equal(oidEC) {
		return nil, errNotKoblitz
	}
	var curve asn1.ObjectIdentifier
	if rest, err := asn1.Unmarshal(info.Algorithm.Parameters.FullBytes, &curve); err != nil || len(rest) != 0 || !curve.Equal(oidSecp256k1) {
		return nil, errNotKoblitz
	}
	return secp256k1.ParsePubKey(info.Point.RightAlign())
}

func koblitzAlgorithm() (pkix.AlgorithmIdentifier, error) {
	curve, err := asn1.Marshal(oidSecp256k1)
	return pkix.AlgorithmIdentifier{Algorithm: oidEC, Parameters: asn1.RawValue{FullBytes: curve}}, err
}

// koblitzDER writes both halves of a key: PKCS #8 and PKIX.
func koblitzDER(k *secp256k1.PrivateKey) (private, public []byte, err error) {
	alg, err := koblitzAlgorithm()
	if err != nil {
		return nil, nil, fmt.Errorf("write a P-256K key: %w", err)
	}
	raw := k.PubKey().SerializeUncompressed()
	point := asn1.BitString{Bytes: raw, BitLength: 8 * len(raw)}
	inner, err := asn1.Marshal(ecPrivate{Version: 1, Scalar: k.Serialize(), Point: point})
	if err != nil {
		return nil, nil, errors.New("write a P-256K key: it does not encode") // the cause may quote key bytes
	}
	if private, err = asn1.Marshal(privateInfo{Algorithm: alg, Key: inner}); err != nil {
		return nil, nil, errors.New("write a P-256K key: it does not encode")
	}
	if public, err = asn1.Marshal(publicInfo{Algorithm: alg, Point: point}); err != nil {
		return nil, nil, fmt.Errorf("write a P-256K key: %w", err)
	}
	return private, public, nil
}
