package material

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"certwright/internal/certs"
)

// What was given instead of a certificate. Each but ErrCut is an ErrNoCertificate.
var (
	ErrRequest    = fmt.Errorf("%w: it is a certificate signing request, which an authority has to sign", ErrNoCertificate)
	ErrPrivateKey = fmt.Errorf("%w: it is a private key, which is for nobody but its owner", ErrNoCertificate)
	ErrLocked     = fmt.Errorf("%w that can be read: it is a PKCS #12 file with a password", ErrNoCertificate)
	ErrCut        = errors.New("a certificate in it cannot be read: it was cut off, or changed on its way")
)

// instead says what a file is in which no certificate was found.
func instead(text []byte) error {
	if kind, ok := pemType(text); ok {
		switch {
		case isRequest(kind):
			return ErrRequest
		case strings.HasSuffix(kind, "PRIVATE KEY"):
			return ErrPrivateKey
		case isPublic(kind):
			return ErrCut
		}
		return ErrNoCertificate
	}
	der := plain(text)
	if _, err := certs.ParseRequest(der); err == nil {
		return ErrRequest
	}
	if holdsKey(der) {
		return ErrPrivateKey
	}
	if isPFX(der) {
		return ErrLocked
	}
	return ErrNoCertificate
}

// isPFX reports whether DER begins as PKCS #12 files do (RFC 7292, 4).
func isPFX(der []byte) bool {
	var version int
	in := cryptobyte.String(der)
	return in.ReadASN1(&in, asn1.SEQUENCE) && in.ReadASN1Integer(&version) && version == 3
}

func isRequest(kind string) bool {
	return kind == "CERTIFICATE REQUEST" || kind == "NEW CERTIFICATE REQUEST"
}

// isPublic reports whether what PEM calls so has nothing secret in it.
func isPublic(kind string) bool {
	switch kind {
	case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE", "PKCS7", "CMS":
		return true
	}
	return isRequest(kind)
}

// holdsKey reports whether DER is a private key, in the clear or not.
func holdsKey(der []byte) bool {
	if _, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return true
	}
	if _, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return true
	}
	_, err := x509.ParseECPrivateKey(der)
	return err == nil
}

// plain is what base64 stands for; what is none stays as it is.
func plain(text []byte) []byte {
	compact := strings.Join(strings.Fields(string(text)), "")
	if der, err := base64.StdEncoding.DecodeString(compact); err == nil && len(der) > 0 {
		return der
	}
	return text
}

var begins, ends = regexp.MustCompile(`^-----BEGIN ([A-Z0-9 ]+)-----$`), regexp.MustCompile(`^-----END [A-Z0-9 ]+-----$`)

// pemType is what the first block of PEM calls itself, whole or not.
func pemType(text []byte) (kind string, ok bool) {
	for line := range bytes.Lines(text) {
		if m := begins.FindSubmatch(bytes.TrimSpace(line)); m != nil {
			return string(m[1]), true
		}
	}
	return "", false
}

var coded = regexp.MustCompile(`[0-9A-Za-z+/_=-]{40,}`)

// Showable reports whether a text may be shown again to who gave it: there is
// nothing in it that may be a key. What is coded is shown where it stands in a
// block of PEM of certificates or requests, or is one of these as a whole.
func Showable(text string) bool {
	if strings.Contains(strings.ToUpper(text), "PRIVATE KEY") {
		return false
	}
	if _, ok := pemType([]byte(text)); !ok {
		der := plain([]byte(text))
		_, notCertificate := certs.Parse(der)
		_, notRequest := certs.ParseRequest(der)
		_, notChain := readPKCS7(der)
		return notCertificate == nil || notRequest == nil || notChain == nil || !coded.MatchString(text)
	}
	inside := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch m := begins.FindStringSubmatch(line); {
		case m != nil && !isPublic(m[1]):
			return false
		case m != nil:
			inside = true
		case ends.MatchString(line):
			inside = false
		case !inside && coded.MatchString(line):
			return false
		}
	}
	return true
}

// OnlyAuthorities reports whether no certificate is of an end entity.
func OnlyAuthorities(found [][]byte) bool {
	for _, der := range found {
		if c, err := certs.Parse(der); err != nil || !c.IsCA {
			return false
		}
	}
	return true
}
