package certs

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"certwright/internal/vault"
)

func inUTF16(s string, order binary.AppendByteOrder) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		out = order.AppendUint16(out, u)
	}
	return out
}

// What editors make of PEM is read, as text and as base64: a byte-order mark,
// also between files that were joined, UTF-16 with and without one, and lines
// that end with a carriage return alone.
func TestReadPEMOfEditors(t *testing.T) {
	t.Parallel()
	k, chain := issued(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	key, certificates := keyOf(t, k), certificatesOf(t, chain)
	plain := "Bag Attributes: ä\n" + key + certificates
	for name, text := range map[string][]byte{
		"byte-order mark":           []byte("\ufeff" + key + certificates),
		"marks in between":          []byte("\ufeff" + key + "\ufeff" + certificatesOf(t, chain[:1]) + "\ufeff" + certificatesOf(t, chain[1:])),
		"little-endian with a mark": inUTF16("\ufeff"+plain, binary.LittleEndian),
		"big-endian with a mark":    inUTF16("\ufeff"+plain, binary.BigEndian),
		"little-endian":             inUTF16(plain, binary.LittleEndian),
		"big-endian":                inUTF16(plain, binary.BigEndian),
		"UTF-16 with CRLF":          inUTF16("\ufeff"+strings.ReplaceAll(plain, "\n", "\r\n"), binary.LittleEndian),
		"carriage returns":          []byte(strings.ReplaceAll(plain, "\n", "\r")),
		"mixed line ends":           []byte(strings.ReplaceAll(key, "\n", "\r") + strings.ReplaceAll(certificates, "\n", "\r\n")),
	} {
		for _, value := range []string{string(text), base64.StdEncoding.EncodeToString(text), "\ufeff" + base64.StdEncoding.EncodeToString(text) + "\r\n"} {
			b, err := ReadImport(t.Context(), value, "", vault.PEM)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if !cmp.Equal(b.Chain, chain) || !bytes.Equal(b.Key.PKIX(), k.PKIX()) {
				t.Errorf("%s: another key or other certificates", name)
			}
		}
	}
}

// Text that something damaged is refused by a sentence that names the damage,
// and a block that cannot be read is not passed over.
func TestReadPEMRefusesDamagedText(t *testing.T) {
	t.Parallel()
	k, chain := issued(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	text := keyOf(t, k) + certificatesOf(t, chain)
	utf := inUTF16("\ufeff"+text, binary.LittleEndian)
	wide := binary.LittleEndian.AppendUint32(nil, 0xfeff) // UTF-32
	for _, r := range text {
		wide = binary.LittleEndian.AppendUint32(wide, uint32(r))
	}
	for name, c := range map[string]struct {
		text []byte
		want *vault.Error
	}{
		"half a UTF-16 character": {utf[:len(utf)-1], vault.NotText()},
		"UTF-16 read as UTF-8":    {[]byte(strings.ToValidUTF8(string(utf), "\ufffd")), vault.NotText()},
		"UTF-32":                  {wide, vault.NotText()},
		"UTF-16 joined to UTF-8":  {append([]byte(keyOf(t, k)), inUTF16(certificatesOf(t, chain), binary.LittleEndian)...), vault.NotText()},
		"no PEM at all":           {[]byte{0, 0, 1, 2}, vault.BadPEM()},
		"a broken block":          {[]byte(text + "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n"), vault.BadPEM()},
		"a block cut short":       {[]byte(text[:len(text)-20]), vault.BadPEM()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ReadPEM(t.Context(), c.text, "")
			wantRefusal(t, err, c.want)
		})
	}
}
