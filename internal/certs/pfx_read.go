package certs

import (
	"context"
	"crypto/hmac"
	"errors"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"certwright/internal/keys"
	"certwright/internal/vault"
)

const maxImport = 1 << 20 // bytes of a PFX or PEM; the largest request body

var (
	errPFX       = errors.New("not a PKCS#12 file")
	errSecondKey = errors.New("there is a second private key")
)

// ReadPFX reads a PKCS#12 file with one private key and its certificates, in
// the order of the file. An empty password may be one of zero characters or
// none at all. Errors are vault.BadPFX (unreadable, or a wrong password),
// vault.TooManyRounds, vault.OddEncryption, vault.NoPrivateKey,
// vault.WrongPublicKey (no certificate is the key's), and ctx's, when nobody
// waits for the answer any more.
func ReadPFX(ctx context.Context, der []byte, pwd string) (Bundle, error) {
	if len(der) > maxImport {
		return Bundle{}, vault.BadPFX().Because(errPFX)
	}
	p := newPassword(ctx, pwd)
	bags, err := readBags(der, p)
	if err != nil && pwd == "" && !final(err) {
		bags, err = readBags(der, p.absent())
	}
	switch {
	case errors.Is(err, errSecondKey):
		return Bundle{}, vault.NoPrivateKey().Because(err)
	case err != nil:
		return Bundle{}, sealedRefusal(err, vault.BadPFX())
	case len(bags.certs) == 0:
		return Bundle{}, vault.BadPFX().Because(errNoCertificate)
	case len(bags.keys) != 1:
		return Bundle{}, vault.NoPrivateKey()
	}
	return newBundle(bags.keys[0], bags.certs)
}

// final reports whether another form of the password would change nothing.
func final(err error) bool {
	return errors.Is(err, errSecondKey) || errors.Is(err, errIterations) || abandoned(err)
}

// abandoned reports whether reading ended because nobody waits for it.
func abandoned(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// sealedRefusal is the refusal of an encrypted file; other is for what is wrong
// with it besides its encryption.
func sealedRefusal(err error, other *vault.Error) error {
	switch {
	case abandoned(err):
		return err
	case errors.Is(err, errIterations):
		return vault.TooManyRounds(maxIterations).Because(err)
	case errors.Is(err, errEncryption):
		return vault.OddEncryption().Because(err)
	}
	return other.Because(err)
}

// safe collects what the bags of a file hold.
type safe struct {
	password *password
	keys     []keys.Key
	certs    [][]byte
}

func readBags(ber []byte, p *password) (*safe, error) {
	der, ok := definite(ber)
	in := cryptobyte.String(der)
	var pfx, content, auth, mac, list cryptobyte.String
	var version int
	var id oid
	if !ok || !in.ReadASN1(&pfx, asn1.SEQUENCE) || !pfx.ReadASN1Integer(&version) || version != 3 ||
		!readContentInfo(&pfx, &id, &content) || !id.Equal(oidData) || !content.ReadASN1(&auth, asn1.OCTET_STRING) {
		return nil, errPFX
	}
	if pfx.ReadASN1(&mac, asn1.SEQUENCE) {
		if err := p.checkMAC(mac, auth); err != nil {
			return nil, err
		}
	}
	s := &safe{password: p}
	if auth, ok = definite(auth); !ok || !auth.ReadASN1(&list, asn1.SEQUENCE) {
		return nil, errPFX
	}
	for !list.Empty() {
		if !readContentInfo(&list, &id, &content) {
			return nil, errPFX
		}
		if err := s.open(id, content); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func readContentInfo(in *cryptobyte.String, id *oid, content *cryptobyte.String) bool {
	var info cryptobyte.String
	return in.ReadASN1(&info, asn1.SEQUENCE) && info.ReadASN1ObjectIdentifier((*oid)(id)) &&
		info.ReadASN1(content, asn1.Tag(0).ContextSpecific().Constructed())
}

// checkMAC compares the MAC of RFC 7292 section 4, or PBMAC1 of RFC 9579.
func (p *password) checkMAC(mac cryptobyte.String, data []byte) error {
	var info, alg, salt, digest cryptobyte.String
	var id oid
	if !mac.ReadASN1(&info, asn1.SEQUENCE) || !mac.ReadASN1(&salt, asn1.OCTET_STRING) ||
		!info.ReadASN1(&alg, asn1.SEQUENCE) || !alg.ReadASN1ObjectIdentifier((*oid)(&id)) || !info.ReadASN1(&digest, asn1.OCTET_STRING) {
		return errPFX
	}
	rounds, err := 1, error(nil) // the default
	if !mac.Empty() {
		if rounds, err = readRounds(&mac); err != nil {
			return err
		}
	}
	var want []byte
	if id.Equal(oidPBMAC1) {
		want, err = p.pbmac1(alg, data)
	} else if h := hashOf(id); h == nil {
		err = errEncryption
	} else {
		want, err = p.mac(h, salt, rounds, data)
	}
	if err == nil && !hmac.Equal(want, digest) {
		err = errPassword
	}
	return err
}

func (p *password) pbmac1(alg cryptobyte.String, data []byte) ([]byte, error) {
	var params, kdf, kdfParams, scheme cryptobyte.String
	var id, schemeID oid
	if !alg.ReadASN1(&params, asn1.SEQUENCE) || !params.ReadASN1(&kdf, asn1.SEQUENCE) ||
		!kdf.ReadASN1ObjectIdentifier((*oid)(&id)) || !kdf.ReadASN1(&kdfParams, asn1.SEQUENCE) ||
		!params.ReadASN1(&scheme, asn1.SEQUENCE) || !scheme.ReadASN1ObjectIdentifier((*oid)(&schemeID)) {
		return nil, errBroken
	}
	h := hashOf(schemeID)
	if h == nil || !id.Equal(oidPBKDF2) {
		return nil, errEncryption
	}
	key, err := p.pbkdf2(kdfParams, 0)
	if err != nil {
		return nil, err
	}
	return hmacOf(h, key, data), nil
}

// open reads the safe contents in one ContentInfo.
func (s *safe) open(id oid, content cryptobyte.String) error {
	var data, info, inner, alg cryptobyte.String
	switch {
	case id.Equal(oidData):
		if !content.ReadASN1(&data, asn1.OCTET_STRING) {
			return errPFX
		}
		return s.read(data, 0)
	case id.Equal(oidEncryptedData):
		var version int
		if !content.ReadASN1(&info, asn1.SEQUENCE) || !info.ReadASN1Integer(&version) || !info.ReadASN1(&inner, asn1.SEQUENCE) ||
			!inner.ReadASN1ObjectIdentifier((*oid)(&id)) || !inner.ReadASN1(&alg, asn1.SEQUENCE) ||
			!readEncrypted(&inner, &data) {
			return errPFX
		}
		plain, err := s.password.decrypt(alg, data)
		if err != nil {
			return err
		}
		return s.read(plain, 0)
	}
	return errEncryption
}

// readEncrypted reads the [0] IMPLICIT OCTET STRING of an EncryptedContentInfo,
// which in BER may be in pieces.
func readEncrypted(in, data *cryptobyte.String) bool {
	if in.PeekASN1Tag(asn1.Tag(0).ContextSpecific()) {
		return in.ReadASN1(data, asn1.Tag(0).ContextSpecific())
	}
	var list cryptobyte.String
	if !in.ReadASN1(&list, asn1.Tag(0).ContextSpecific().Constructed()) {
		return false
	}
	joined, ok := pieces(list)
	*data = joined
	return ok
}

// read goes through SafeContents; nested ones may be some levels deep.
func (s *safe) read(contents cryptobyte.String, depth int) error {
	var list cryptobyte.String
	contents, ok := definite(contents)
	if !ok || !contents.ReadASN1(&list, asn1.SEQUENCE) || depth > 4 {
		return errPFX
	}
	for !list.Empty() {
		var bag, value cryptobyte.String
		var id oid
		if !list.ReadASN1(&bag, asn1.SEQUENCE) || !bag.ReadASN1ObjectIdentifier((*oid)(&id)) ||
			!bag.ReadASN1(&value, asn1.Tag(0).ContextSpecific().Constructed()) {
			return errPFX
		}
		if err := s.add(id, value, depth); err != nil {
			return err
		}
	}
	return nil
}

// add takes one key and certificates; other bags, such as CRLs, do not matter.
func (s *safe) add(id oid, value cryptobyte.String, depth int) error {
	switch {
	case (id.Equal(oidKeyBag) || id.Equal(oidShroudedKeyBag)) && len(s.keys) > 0:
		return errSecondKey // before anything is spent on it
	case id.Equal(oidKeyBag):
		return s.addKey(value)
	case id.Equal(oidShroudedKeyBag):
		plain, err := s.password.decryptKey(value)
		if err != nil {
			return err
		}
		return s.addKey(plain)
	case id.Equal(oidCertBag):
		var bag, wrapped, der cryptobyte.String
		var kind oid
		if !value.ReadASN1(&bag, asn1.SEQUENCE) || !bag.ReadASN1ObjectIdentifier((*oid)(&kind)) {
			return errPFX
		}
		if !kind.Equal(oidX509Certificate) {
			return nil
		}
		if !bag.ReadASN1(&wrapped, asn1.Tag(0).ContextSpecific().Constructed()) || !wrapped.ReadASN1(&der, asn1.OCTET_STRING) {
			return errPFX
		}
		s.certs = append(s.certs, der)
	case id.Equal(oidSafeContentsBag):
		return s.read(value, depth+1)
	}
	return nil
}

func (s *safe) addKey(pkcs8 []byte) error {
	k, err := keys.Parse(pkcs8)
	if err != nil {
		return err
	}
	s.keys = append(s.keys, k)
	return nil
}

// decryptKey opens an EncryptedPrivateKeyInfo (RFC 5958).
func (p *password) decryptKey(der []byte) ([]byte, error) {
	in := cryptobyte.String(der)
	var info, alg, data cryptobyte.String
	if !in.ReadASN1(&info, asn1.SEQUENCE) || !info.ReadASN1(&alg, asn1.SEQUENCE) || !info.ReadASN1(&data, asn1.OCTET_STRING) {
		return nil, errBroken
	}
	return p.decrypt(alg, data)
}
