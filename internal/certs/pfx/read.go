package pfx

import (
	"context"
	"crypto/hmac"
	"errors"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

var (
	// ErrSecondKey: the file holds more than one private key.
	ErrSecondKey = errors.New("there is a second private key")

	errFile = errors.New("not a PKCS#12 file")
)

// A File is what a PKCS #12 file holds, in the order of the file.
type File struct {
	Key          []byte   // PKCS #8 DER; nil if there is none
	Certificates [][]byte // DER
}

// Read reads a PKCS #12 file with one private key at most. An empty password is
// tried as one of zero characters and as none at all. Errors are ErrSecondKey,
// ErrRounds, ErrEncryption, the context's when the caller has gone, and others
// for what cannot be read or opened.
func (p *Password) Read(ber []byte) (File, error) {
	f, err := p.read(ber)
	if err != nil && p.text == "" && !final(err) {
		return p.absent().read(ber)
	}
	return f, err
}

// final reports whether another form of the password would change nothing.
func final(err error) bool {
	return errors.Is(err, ErrSecondKey) || errors.Is(err, ErrRounds) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// A safe collects what the bags of a file hold.
type safe struct {
	password *Password
	File
}

func (p *Password) read(ber []byte) (File, error) {
	der, ok := definite(ber)
	in := cryptobyte.String(der)
	var pfx, content, auth, mac, list cryptobyte.String
	var version int
	var id oid
	if !ok || !in.ReadASN1(&pfx, asn1.SEQUENCE) || !pfx.ReadASN1Integer(&version) || version != 3 ||
		!readContentInfo(&pfx, &id, &content) || !id.Equal(oidData) || !content.ReadASN1(&auth, asn1.OCTET_STRING) {
		return File{}, errFile
	}
	if pfx.ReadASN1(&mac, asn1.SEQUENCE) {
		if err := p.checkMAC(mac, auth); err != nil {
			return File{}, err
		}
	}
	s := &safe{password: p}
	if auth, ok = definite(auth); !ok || !auth.ReadASN1(&list, asn1.SEQUENCE) {
		return File{}, errFile
	}
	for !list.Empty() {
		if !readContentInfo(&list, &id, &content) {
			return File{}, errFile
		}
		if err := s.open(id, content); err != nil {
			return File{}, err
		}
	}
	return s.File, nil
}

func readContentInfo(in *cryptobyte.String, id *oid, content *cryptobyte.String) bool {
	var info cryptobyte.String
	return in.ReadASN1(&info, asn1.SEQUENCE) && info.ReadASN1ObjectIdentifier(id) &&
		info.ReadASN1(content, asn1.Tag(0).ContextSpecific().Constructed())
}

// checkMAC compares the MAC of RFC 7292 section 4, or PBMAC1 of RFC 9579.
func (p *Password) checkMAC(mac cryptobyte.String, data []byte) error {
	var info, alg, salt, digest cryptobyte.String
	var id oid
	if !mac.ReadASN1(&info, asn1.SEQUENCE) || !mac.ReadASN1(&salt, asn1.OCTET_STRING) ||
		!info.ReadASN1(&alg, asn1.SEQUENCE) || !alg.ReadASN1ObjectIdentifier(&id) || !info.ReadASN1(&digest, asn1.OCTET_STRING) {
		return errFile
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
		err = ErrEncryption
	} else {
		want, err = p.mac(h, salt, rounds, data)
	}
	if err == nil && !hmac.Equal(want, digest) {
		err = errPassword
	}
	return err
}

func (p *Password) pbmac1(alg cryptobyte.String, data []byte) ([]byte, error) {
	var params, kdf, kdfParams, scheme cryptobyte.String
	var id, schemeID oid
	if !alg.ReadASN1(&params, asn1.SEQUENCE) || !params.ReadASN1(&kdf, asn1.SEQUENCE) ||
		!kdf.ReadASN1ObjectIdentifier(&id) || !kdf.ReadASN1(&kdfParams, asn1.SEQUENCE) ||
		!params.ReadASN1(&scheme, asn1.SEQUENCE) || !scheme.ReadASN1ObjectIdentifier(&schemeID) {
		return nil, errBroken
	}
	h := hashOf(schemeID)
	if h == nil || !id.Equal(oidPBKDF2) {
		return nil, ErrEncryption
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
			return errFile
		}
		return s.read(data, 0)
	case id.Equal(oidEncryptedData):
		var version int
		if !content.ReadASN1(&info, asn1.SEQUENCE) || !info.ReadASN1Integer(&version) || !info.ReadASN1(&inner, asn1.SEQUENCE) ||
			!inner.ReadASN1ObjectIdentifier(&id) || !inner.ReadASN1(&alg, asn1.SEQUENCE) ||
			!readEncrypted(&inner, &data) {
			return errFile
		}
		plain, err := s.password.decrypt(alg, data)
		if err != nil {
			return err
		}
		return s.read(plain, 0)
	}
	return ErrEncryption
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
		return errFile
	}
	for !list.Empty() {
		var bag, value cryptobyte.String
		var id oid
		if !list.ReadASN1(&bag, asn1.SEQUENCE) || !bag.ReadASN1ObjectIdentifier(&id) ||
			!bag.ReadASN1(&value, asn1.Tag(0).ContextSpecific().Constructed()) {
			return errFile
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
	case (id.Equal(oidKeyBag) || id.Equal(oidShroudedKeyBag)) && s.Key != nil:
		return ErrSecondKey // before anything is spent on it
	case id.Equal(oidKeyBag):
		return s.addKey(value)
	case id.Equal(oidShroudedKeyBag):
		plain, err := s.password.DecryptKey(value)
		if err != nil {
			return err
		}
		return s.addKey(plain)
	case id.Equal(oidCertBag):
		var bag, wrapped, der cryptobyte.String
		var kind oid
		if !value.ReadASN1(&bag, asn1.SEQUENCE) || !bag.ReadASN1ObjectIdentifier(&kind) {
			return errFile
		}
		if !kind.Equal(oidX509Certificate) {
			return nil
		}
		if !bag.ReadASN1(&wrapped, asn1.Tag(0).ContextSpecific().Constructed()) || !wrapped.ReadASN1(&der, asn1.OCTET_STRING) {
			return errFile
		}
		s.Certificates = append(s.Certificates, der)
	case id.Equal(oidSafeContentsBag):
		return s.read(value, depth+1)
	}
	return nil
}

// addKey takes a key that is PKCS #8 by its outer form: one that was decrypted
// with the wrong form of an empty password is not.
func (s *safe) addKey(pkcs8 cryptobyte.String) error {
	in := pkcs8
	var info, alg, key cryptobyte.String
	var version int
	if !in.ReadASN1(&info, asn1.SEQUENCE) || !info.ReadASN1Integer(&version) || !info.ReadASN1(&alg, asn1.SEQUENCE) || !info.ReadASN1(&key, asn1.OCTET_STRING) {
		return errPassword
	}
	s.Key = pkcs8
	return nil
}

// DecryptKey opens an EncryptedPrivateKeyInfo (RFC 5958) and returns the key as
// PKCS #8 DER. Errors are those of Read.
func (p *Password) DecryptKey(der []byte) ([]byte, error) {
	in := cryptobyte.String(der)
	var info, alg, data cryptobyte.String
	if !in.ReadASN1(&info, asn1.SEQUENCE) || !info.ReadASN1(&alg, asn1.SEQUENCE) || !info.ReadASN1(&data, asn1.OCTET_STRING) {
		return nil, errBroken
	}
	return p.decrypt(alg, data)
}
