package keyvault

import (
	"context"
	"encoding/base64"
	"fmt"
	"iter"
	"net/http"
)

const ofKeys = "keys"

// A Key is a version of one: its public part.
type Key struct {
	Deletion
	Key        JWK               `json:"key"`
	Attributes Attributes        `json:"attributes"`
	Tags       map[string]string `json:"tags,omitempty"`
	Managed    bool              `json:"managed,omitempty"` // it is a certificate's
}

// A KeyItem is an entry of a list of keys.
type KeyItem struct {
	ID         ID                `json:"kid"`
	Attributes Attributes        `json:"attributes"`
	Tags       map[string]string `json:"tags,omitempty"`
	Managed    bool              `json:"managed,omitempty"`
}

// List goes through the keys.
func (s Keys) List(ctx context.Context) iter.Seq2[KeyItem, error] {
	return list[KeyItem](ctx, s.c, path(ofKeys), nil)
}

// Get returns a version, the latest for "".
func (s Keys) Get(ctx context.Context, name, version string) (Key, error) {
	return object[Key](ctx, s.c, http.MethodGet, nil, name, ofKeys, version)
}

// A Signature is what a key made of a digest.
type Signature struct {
	ID    ID
	Value []byte
}

// Sign signs a digest by an algorithm of RFC 7518, as ES256.
func (s Keys) Sign(ctx context.Context, name, version, algorithm string, digest []byte) (Signature, error) {
	type signature struct {
		ID    ID     `json:"kid,omitempty"`
		Alg   string `json:"alg,omitempty"`
		Value string `json:"value"`
	}
	after := []string{version, "sign"}
	if version == "" {
		after = after[1:]
	}
	out, err := object[signature](ctx, s.c, http.MethodPost, signature{Alg: algorithm, Value: base64.RawURLEncoding.EncodeToString(digest)}, name, ofKeys, after...)
	if err != nil {
		return Signature{}, err
	}
	value, err := base64.RawURLEncoding.DecodeString(out.Value)
	if err != nil {
		return Signature{}, fmt.Errorf("read the signature: %w", err)
	}
	return Signature{out.ID, value}, nil
}
