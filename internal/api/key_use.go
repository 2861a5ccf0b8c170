package api

import (
	"certwright/internal/service"
	"certwright/internal/vault"
	"certwright/internal/wire"
)

// cryptoIn is the body of every operation with a key.
type cryptoIn struct {
	Alg    *string `json:"alg"`
	Value  *string `json:"value"`
	Digest *string `json:"digest"` // verify
	IV     *string `json:"iv"`     // oct keys only, as are aad and tag
	AAD    *string `json:"aad"`
	Tag    *string `json:"tag"`
}

// cryptoJSON is what came of it. value is there even if it is empty, as what
// is decrypted may be.
type cryptoJSON struct {
	ID    string         `json:"kid"`
	Value wire.Base64URL `json:"value"`
	IV    wire.Base64URL `json:"iv,omitempty"`
	Tag   wire.Base64URL `json:"tag,omitempty"`
	AAD   wire.Base64URL `json:"aad,omitempty"`
}

// verifyJSON has no kid, as recorded (go-keys/TestSignVerify).
type verifyJSON struct {
	Valid bool `json:"value"`
}

func readCrypto(body []byte, op string) (out service.CryptoInput, err error) {
	var in cryptoIn
	if err := wire.Decode(body, &in); err != nil {
		return out, err
	}
	switch {
	case in.Alg == nil:
		return out, vault.MissingProperty("alg")
	case op == vault.OpVerify && in.Digest == nil:
		return out, vault.MissingProperty("digest")
	case in.Value == nil:
		return out, vault.MissingProperty("value")
	}
	out.Alg = *in.Alg
	return out, readParts([]part{{"value", in.Value, &out.Value}, {"digest", in.Digest, &out.Digest},
		{"iv", in.IV, &out.IV}, {"aad", in.AAD, &out.AAD}, {"tag", in.Tag, &out.Tag}})
}

// A part is a member that holds bytes, and where they go.
type part struct {
	member string
	sent   *string
	to     *[]byte
}

// readParts reads every part, up to the first that is wrong.
func readParts(parts []part) (err error) {
	for _, p := range parts {
		if *p.to, err = wire.Octets(p.member, p.sent); err != nil {
			return err
		}
	}
	return nil
}

// use serves one of key_ops.
func use(op string) serve {
	return func(s *service.Service, c *call) (answer, error) {
		in, err := readCrypto(c.body, op)
		c.notes(cryptoIn{})
		if err != nil {
			return answer{}, err
		}
		out, err := s.Keys.Use(c.ctx, c.who, c.ref(vault.Keys), c.path.version, op, in)
		if err != nil {
			return answer{}, err
		}
		if op == vault.OpVerify {
			return answer{body: verifyJSON{out.Valid}}, nil
		}
		return answer{body: cryptoJSON{c.base.at(out.Key, out.ID), out.Value, out.IV, out.Tag, out.AAD}}, nil
	}
}

// releaseKey reads where the key is to go; the service then refuses.
func releaseKey(s *service.Service, c *call) (answer, error) {
	var in struct {
		Target *string `json:"target"`
		Nonce  string  `json:"nonce"`
		Enc    string  `json:"enc"`
	}
	if err := c.decode(&in, releaseJSON{}); err != nil {
		return answer{}, err
	}
	if in.Target == nil {
		return answer{}, vault.MissingProperty("target")
	}
	return answer{}, s.Keys.Release(c.ctx, c.who, c.ref(vault.Keys), c.path.version)
}

// randomBytes reads the body even in a vault that has no such operation.
func randomBytes(s *service.Service, c *call) (answer, error) {
	var in struct {
		Count *int `json:"count"`
	}
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	if in.Count == nil {
		return answer{}, vault.MissingProperty("count")
	}
	b, err := s.Keys.RandomBytes(c.ctx, c.who, c.vault, *in.Count)
	if err != nil {
		return answer{}, err
	}
	return answer{body: struct {
		Value wire.Base64URL `json:"value"`
	}{b}}, nil
}

// keyUseRows are spelled as the specification spells them: the operations in
// key_ops's case, their paths in lower case.
func keyUseRows() []row {
	rows := []row{{"POST", "/rng", "GetRandomBytes", randomBytes, maxBody, "keys/rng"}}
	for _, at := range []string{"/keys/{name}", "/keys/{name}/{version}"} {
		rows = append(rows,
			row{"POST", at + "/encrypt", "encrypt", use(vault.OpEncrypt), maxBody, "keys/encrypt/public"},
			row{"POST", at + "/decrypt", "decrypt", use(vault.OpDecrypt), maxBody, "keys/decrypt"},
			row{"POST", at + "/sign", "sign", use(vault.OpSign), maxBody, "keys/sign"},
			row{"POST", at + "/verify", "verify", use(vault.OpVerify), maxBody, "keys/verify/public"},
			row{"POST", at + "/wrapkey", "wrapKey", use(vault.OpWrapKey), maxBody, "keys/wrapKey/public"},
			row{"POST", at + "/unwrapkey", "unwrapKey", use(vault.OpUnwrapKey), maxBody, "keys/unwrapKey"},
			row{"POST", at + "/release", "release", releaseKey, maxBody, "keys/release"},
		)
	}
	return rows
}
