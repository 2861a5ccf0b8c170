package certs

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
)

const byteOrderMark = '\ufeff'

// plainText returns PEM as UTF-8 with line feeds. Editors of Windows and
// PowerShell write UTF-16 or put a byte-order mark in front, also between files
// that were joined; old ones of macOS end lines with a carriage return alone.
// False: it holds zero bytes and is not whole UTF-16, so it is not text.
func plainText(text []byte) ([]byte, bool) {
	if order := utf16Order(text); order != nil {
		text = fromUTF16(text, order)
	}
	text = bytes.ReplaceAll(text, []byte(string(byteOrderMark)), nil)
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	text = bytes.ReplaceAll(text, []byte("\r"), []byte("\n"))
	return text, !bytes.ContainsRune(text, 0)
}

// damaged reports whether there was PEM in it before something made it no text.
func damaged(text []byte) bool {
	return bytes.Contains(bytes.ReplaceAll(text, []byte{0}, nil), []byte("-----BEGIN "))
}

// utf16Order tells UTF-16 by its mark, or by the zero byte that is half of its
// first character; nil for other text.
func utf16Order(text []byte) binary.ByteOrder {
	switch {
	case len(text) < 2 || len(text)%2 != 0:
		return nil
	case text[0] == 0xff && text[1] == 0xfe, text[0] != 0 && text[1] == 0:
		return binary.LittleEndian
	case text[0] == 0xfe && text[1] == 0xff, text[0] == 0 && text[1] != 0:
		return binary.BigEndian
	}
	return nil
}

func fromUTF16(text []byte, order binary.ByteOrder) []byte {
	units := make([]uint16, len(text)/2)
	for i := range units {
		units[i] = order.Uint16(text[2*i:])
	}
	return []byte(string(utf16.Decode(units)))
}
