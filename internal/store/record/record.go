// Package record is how what the store carries beside its columns is written: a
// JSON text with a version number, and the byte strings that need no base64 in
// it. It also writes times as columns have them. It knows no SQL. Begin with
// forms.go.
package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
)

// recordVersion is the "v" of every JSON body written by this program. A change
// that older programs would misread raises it.
const recordVersion = 1

// ErrTorn says that a record was cut, or lies about its lengths.
var ErrTorn = errors.New("a stored record is shorter than it says")

// encode returns a record as JSON text. Records hold plain values only, which
// always encode.
func encode(record any) string {
	text, err := json.Marshal(record)
	if err != nil {
		return ""
	}
	if bytes.Contains(text, laterMember) {
		text = weave(text, reflect.TypeOf(record))
	}
	return string(text)
}

var laterMember = []byte(laterName + `":`) // its first byte is seldom one of others

// decode reads a record and checks its version; v points at its V. What this
// program does not know is kept (later.go).
func decode(text string, record any, v *int) error {
	if !plain(text, record) {
		whole := reflect.ValueOf(record).Elem()
		whole.SetZero()
		if err := json.Unmarshal(glean([]byte(text), whole.Type()), record); err != nil {
			return fmt.Errorf("read a stored record: %w", err)
		}
	}
	if *v < 1 || *v > recordVersion {
		return fmt.Errorf("read a stored record: its version is %d, this program knows 1 to %d", *v, recordVersion)
	}
	return nil
}

// A reading is a decoder that is used again: what it needs is made once.
type reading struct {
	from strings.Reader
	json *json.Decoder
}

var readings = sync.Pool{New: func() any {
	r := new(reading)
	r.json = json.NewDecoder(&r.from)
	r.json.DisallowUnknownFields()
	return r
}}

// plain reads a record of which this program knows all; false: it does not, or
// the text is none.
func plain(text string, record any) bool {
	r := readings.Get().(*reading)
	r.from.Reset(text)
	from := r.json.InputOffset()
	if err := r.json.Decode(record); err != nil || r.json.InputOffset()-from != int64(len(text)) {
		return false // and with it the decoder, in which something may be left
	}
	readings.Put(r)
	return true
}

// packed holds the byte strings of a record one after the other, so that they
// need no base64; the record keeps their lengths, in the order of put.
type packed struct{ bytes []byte }

// put adds b and returns its length; nil for a nil b.
func (p *packed) put(b []byte) *int {
	if b == nil {
		return nil
	}
	p.bytes = append(p.bytes, b...)
	n := len(b)
	return &n
}

// take returns the next byte string; nil for a nil length.
func (p *packed) take(n *int) ([]byte, error) {
	if n == nil {
		return nil, nil
	}
	if *n < 0 || *n > len(p.bytes) {
		return nil, ErrTorn
	}
	b := p.bytes[:*n:*n]
	if b == nil {
		b = []byte{}
	}
	p.bytes = p.bytes[*n:]
	return b, nil
}

// blob returns the bytes put, never nil.
func (p *packed) blob() []byte {
	if p.bytes == nil {
		return []byte{}
	}
	return p.bytes
}
