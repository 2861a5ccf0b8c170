package sqlstore

import (
	"crypto/hmac"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"hash"
	"sync/atomic"

	"certwright/internal/vault"
)

// What a row says is bound to its place by a MAC beside it: HMAC-SHA-256 over
// what it is and every value that is acted on, cut to 16 bytes, after the number
// of its key. Left out is what leases change (held, token, leased_until): they
// end with the process, and say only who works on a row and until when. The
// body of a version is bound with its list row.
//
// Rows are proved where they are used: those that do not are told (alter.go)
// and not read. Lists that show columns alone do not look.

// The names of what is bound.
const (
	isObject   = "object"
	isVersion  = "version"
	isIssuer   = "issuer"
	isContacts = "contacts"
	isAccount  = "account"
	isSetting  = "setting"
)

const (
	macNumber = 4  // bytes of the key's number
	macLength = 16 // and of the MAC
)

// A bond is what a database is bound to.
type bond struct {
	keys   vault.RowKeys
	strict bool             // a row without a MAC is as wrong as one with another's
	told   func(row string) // of a row that is not proved
}

func bondOf(b *bond) *atomic.Pointer[bond] {
	p := new(atomic.Pointer[bond])
	p.Store(b)
	return p
}

// A prover works out MACs for one session.
type prover struct {
	bond   *bond
	hashes map[uint32]hash.Hash
	text   []byte
	sum    []byte
}

// bound returns the session's prover; nil while the database is bound to nothing.
func (s *session) bound() *prover {
	if s.bond == nil {
		return nil
	}
	b := s.bond.Load()
	if b == nil {
		return nil
	}
	if s.prover == nil || s.prover.bond != b {
		s.prover = &prover{bond: b, hashes: map[uint32]hash.Hash{}}
	}
	return s.prover
}

// mac returns the MAC of a row that is about to be written, by its values in
// order; nil, which is NULL, while the database is bound to nothing.
func (s *session) mac(what string, values ...any) []byte { return s.macOf(what, values, nil) }

// macOf is mac of values of which some were read.
func (s *session) macOf(what string, place []any, row []driver.Value) []byte {
	to := s.bound()
	if to == nil {
		return nil
	}
	number := to.bond.keys.Primary
	to.add(what, place, row)
	return append(binary.BigEndian.AppendUint32(nil, number), to.end(number)...)
}

// proved reports whether a row has the MAC of its values, those of its place
// before those that were read.
func (s *session) proved(what string, mac []byte, place []any, row []driver.Value) bool {
	to := s.bound()
	if to == nil || len(mac) == 0 && !to.bond.strict {
		return true
	}
	if len(mac) != macNumber+macLength {
		return false
	}
	number := binary.BigEndian.Uint32(mac)
	if to.bond.keys.Keys[number] == nil {
		return false
	}
	to.add(what, place, row)
	return hmac.Equal(to.end(number), mac[macNumber:])
}

// add begins anew with the values of a row.
func (s *prover) add(what string, place []any, row []driver.Value) {
	s.text = s.text[:0]
	s.value(what)
	for _, v := range place {
		s.value(v)
	}
	for _, v := range row {
		s.value(v)
	}
}

// value adds a value so that no other list of values reads the same. Nothing
// here tells no bytes from NULL.
func (s *prover) value(v any) {
	switch v := v.(type) {
	case nil:
		s.text = append(s.text, 'n')
	case string:
		s.text = append(binary.BigEndian.AppendUint64(append(s.text, 'b'), uint64(len(v))), v...)
	case []byte:
		if len(v) == 0 {
			s.text = append(s.text, 'n')
			return
		}
		s.text = append(binary.BigEndian.AppendUint64(append(s.text, 'b'), uint64(len(v))), v...)
	case int64:
		s.text = binary.BigEndian.AppendUint64(append(s.text, 'i'), uint64(v))
	default: // what a statement takes as well
		w, err := driver.DefaultParameterConverter.ConvertValue(v)
		if b, is := w.(bool); is {
			w = number(b)
		}
		switch w.(type) {
		case nil, string, []byte, int64:
			s.value(w)
		default: // a mistake in this package: such a row is never proved
			s.value(fmt.Sprintf("%T %v", v, err))
		}
	}
}

// end returns the MAC of what was added.
func (s *prover) end(number uint32) []byte {
	h := s.hashes[number]
	if h == nil {
		h = hmac.New(sha256.New, s.bond.keys.Keys[number])
		s.hashes[number] = h
	}
	h.Reset()
	h.Write(s.text)
	s.sum = h.Sum(s.sum[:0])
	return s.sum[:macLength]
}
