package pfx

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"unicode/utf16"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// A password in the forms that PKCS#5 and PKCS#12 want. It remembers the keys
// made of it, since a file may use one salt many times.
type Password struct {
	text   string
	wide   []byte // UTF-16BE with a terminating zero (RFC 7292 appendix B.1)
	effort *effort
	made   map[derivation][]byte
}

// A derivation is all that a key made of a password depends on.
type derivation struct {
	purpose            byte // pbkdf2Material or one of RFC 7292
	hash, rounds, size int  // hash by its size in bytes
	salt               string
}

// What a derivation is for: RFC 8018, and RFC 7292 appendix B.3.
const (
	pbkdf2Material = 0
	keyMaterial    = 1
	ivMaterial     = 2
	macMaterial    = 3
)

// NewPassword returns the password for the files of one request. What reading
// them costs is counted together, and ends with ctx.
func NewPassword(ctx context.Context, s string) *Password {
	p := &Password{text: s, effort: &effort{ctx: ctx, wait: costlyWait}, made: map[derivation][]byte{}}
	for _, u := range append(utf16.Encode([]rune(s)), 0) {
		p.wide = append(p.wide, byte(u>>8), byte(u))
	}
	return p
}

// absent returns the password that is not even empty: it goes into a PKCS#12
// derivation as zero bytes, where NewPassword(ctx, "") goes in as two. What the
// file has cost so far stays counted.
func (p *Password) absent() *Password {
	return &Password{effort: p.effort, made: map[derivation][]byte{}}
}

// noPassword is what a PFX is written with.
func noPassword() *Password { return NewPassword(context.Background(), "").absent() }

// pkcs12 derives size bytes as RFC 7292 does, within the effort of the file.
func (p *Password) pkcs12(newHash func() hash.Hash, purpose byte, salt []byte, rounds, size int) ([]byte, error) {
	h := newHash()
	d := derivation{purpose, h.Size(), rounds, size, string(salt)}
	if key, ok := p.made[d]; ok {
		return key, nil
	}
	done, err := p.effort.begin(h, rounds, rounds, size, len(p.wide)+len(salt))
	if err != nil {
		return nil, err
	}
	defer done()
	key := p.derive(newHash, purpose, salt, rounds, size)
	p.made[d] = key
	return key, nil
}

// pbkdf2 derives a key of size bytes; size 0 takes the length that the
// parameters name. Two hashes are a round.
func (p *Password) pbkdf2(params cryptobyte.String, size int) ([]byte, error) {
	newHash, salt, rounds, length, err := readPBKDF2(params)
	if err != nil {
		return nil, err
	}
	if size == 0 {
		size = length
	}
	if length != 0 && length != size || size < 16 || size > 64 {
		return nil, errBroken
	}
	h := newHash()
	d := derivation{pbkdf2Material, h.Size(), rounds, size, string(salt)}
	if key, ok := p.made[d]; ok {
		return key, nil
	}
	done, err := p.effort.begin(h, 2*rounds, rounds, size, len(p.text)+len(salt))
	if err != nil {
		return nil, err
	}
	defer done()
	key, err := pbkdf2.Key(newHash, p.text, salt, rounds, size)
	p.made[d] = key
	return key, err
}

func readPBKDF2(params cryptobyte.String) (newHash func() hash.Hash, salt []byte, rounds, length int, err error) {
	newHash = sha1.New // the default of RFC 8018
	if !params.ReadASN1Bytes(&salt, asn1.OCTET_STRING) {
		return nil, nil, 0, 0, errBroken
	}
	if rounds, err = readRounds(&params); err != nil {
		return nil, nil, 0, 0, err
	}
	if params.PeekASN1Tag(asn1.INTEGER) && !params.ReadASN1Integer(&length) {
		return nil, nil, 0, 0, errBroken
	}
	if !params.Empty() {
		var alg cryptobyte.String
		var id oid
		if !params.ReadASN1(&alg, asn1.SEQUENCE) || !alg.ReadASN1ObjectIdentifier(&id) {
			return nil, nil, 0, 0, errBroken
		}
		if newHash = hashOf(id); newHash == nil {
			return nil, nil, 0, 0, ErrEncryption
		}
	}
	return newHash, salt, rounds, length, nil
}

// readRounds reads a number of rounds; one that no int holds is too many.
func readRounds(in *cryptobyte.String) (rounds int, err error) {
	whole := *in
	if in.ReadASN1Integer(&rounds) {
		return rounds, nil
	}
	if whole.ReadASN1(in, asn1.INTEGER) {
		return 0, ErrRounds
	}
	return 0, errBroken
}

// hashOf returns the hash of a digest or HMAC identifier; nil if unknown.
func hashOf(id oid) func() hash.Hash {
	switch {
	case id.Equal(oidSHA1), id.Equal(oidHMACSHA1):
		return sha1.New
	case id.Equal(oidSHA256), id.Equal(oidHMACSHA256):
		return sha256.New
	case id.Equal(oidSHA384), id.Equal(oidHMACSHA384):
		return sha512.New384
	case id.Equal(oidSHA512), id.Equal(oidHMACSHA512):
		return sha512.New
	}
	return nil
}

// derive is the key derivation of RFC 7292 appendix B.2.
func (p *Password) derive(newHash func() hash.Hash, purpose byte, salt []byte, rounds, size int) []byte {
	h := newHash()
	v := h.BlockSize()
	diversifier := make([]byte, v)
	for i := range diversifier {
		diversifier[i] = purpose
	}
	state := append(stretch(salt, v), stretch(p.wide, v)...)
	var out []byte
	for {
		h.Reset()
		h.Write(diversifier)
		h.Write(state)
		a := h.Sum(nil)
		for range rounds - 1 {
			h.Reset()
			h.Write(a)
			a = h.Sum(a[:0])
		}
		if out = append(out, a...); len(out) >= size {
			return out[:size]
		}
		addBlocks(state, stretch(a, v)[:v])
	}
}

// stretch repeats b up to a multiple of v bytes; nothing stays nothing.
func stretch(b []byte, v int) []byte {
	out := make([]byte, (len(b)+v-1)/v*v)
	for i := range out {
		out[i] = b[i%len(b)]
	}
	return out
}

// addBlocks adds block and 1 to each block of state, as big-endian numbers.
func addBlocks(state, block []byte) {
	v := len(block)
	for ; len(state) > 0; state = state[v:] {
		carry := 1
		for i := v - 1; i >= 0; i-- {
			carry += int(state[i]) + int(block[i])
			state[i] = byte(carry)
			carry >>= 8
		}
	}
}

// mac returns the HMAC of data by a PKCS#12 key of the password.
func (p *Password) mac(newHash func() hash.Hash, salt []byte, rounds int, data []byte) ([]byte, error) {
	key, err := p.pkcs12(newHash, macMaterial, salt, rounds, newHash().Size())
	if err != nil {
		return nil, err
	}
	return hmacOf(newHash, key, data), nil
}

func hmacOf(newHash func() hash.Hash, key, data []byte) []byte {
	m := hmac.New(newHash, key)
	m.Write(data)
	return m.Sum(nil)
}
