package material

import (
	encoding "encoding/asn1"
	"errors"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// signedData is the content type of a PKCS #7 file of certificates (RFC 2315, 14).
var signedData = encoding.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}

var errPKCS7 = errors.New("the PKCS #7 file cannot be read")

// readPKCS7 returns the certificates of a PKCS #7 file (RFC 2315, 9.1; RFC 5652,
// 5.1). Who signed it, if anybody did, is not looked at.
func readPKCS7(der []byte) (found [][]byte, err error) {
	in := cryptobyte.String(der)
	var outer, content, signed, certificates cryptobyte.String
	var kind encoding.ObjectIdentifier
	var some bool
	if !in.ReadASN1(&outer, asn1.SEQUENCE) || !outer.ReadASN1ObjectIdentifier(&kind) || !kind.Equal(signedData) ||
		!outer.ReadASN1(&content, asn1.Tag(0).ContextSpecific().Constructed()) || !content.ReadASN1(&signed, asn1.SEQUENCE) ||
		!signed.SkipASN1(asn1.INTEGER) || !signed.SkipASN1(asn1.SET) || !signed.SkipASN1(asn1.SEQUENCE) ||
		!signed.ReadOptionalASN1(&certificates, &some, asn1.Tag(0).ContextSpecific().Constructed()) {
		return nil, errPKCS7
	}
	for !certificates.Empty() {
		var one cryptobyte.String
		var tag asn1.Tag
		if !certificates.ReadAnyASN1Element(&one, &tag) {
			return nil, errPKCS7
		}
		if tag == asn1.SEQUENCE { // others are attribute certificates
			found = append(found, one)
		}
	}
	if len(found) == 0 {
		return nil, ErrNoCertificate
	}
	return found, nil
}
