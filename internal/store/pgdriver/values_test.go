package pgdriver

import (
	"bytes"
	"database/sql/driver"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A parameter goes on the wire as its place takes it; what does not fit is refused
// before anything is sent.
func TestParameters(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		value  driver.Value
		format int16
		want   []byte
		fits   bool
	}{
		{nil, asText, nil, true}, {nil, asBinary, nil, true}, {[]byte(nil), asText, nil, true},
		{"a", asText, []byte("a"), true}, {"", asText, []byte{}, true}, {"a", asBinary, nil, false},
		{int64(-7), asText, []byte("-7"), true}, {int64(1), asBinary, nil, false},
		{true, asText, []byte("true"), true},
		{[]byte{0, 1}, asBinary, []byte{0, 1}, true}, {[]byte{}, asBinary, []byte{}, true}, {[]byte{1}, asText, nil, false},
		{1.5, asText, nil, false},
	} {
		got, err := written(c.value, c.format)
		if (err == nil) != c.fits || !bytes.Equal(got, c.want) || (got == nil) != (c.want == nil) {
			t.Errorf("%#v as %d: %q, %v", c.value, c.format, got, err)
		}
	}
}

// A column is read by its type; bytes are the reader's own.
func TestColumns(t *testing.T) {
	t.Parallel()
	raw := []byte{1, 2}
	v, err := read(raw, bytesType)
	raw[0] = 9
	if diff := cmp.Diff(driver.Value([]byte{1, 2}), v); diff != "" || err != nil {
		t.Errorf("bytes (-want +got):\n%s%v", diff, err)
	}
	for _, c := range []struct {
		raw  []byte
		oid  uint32
		want driver.Value
		ok   bool
	}{
		{nil, int8Type, nil, true}, {nil, bytesType, nil, true}, {[]byte{}, bytesType, []byte{}, true},
		{[]byte("-9223372036854775808"), int8Type, int64(-1 << 63), true}, {[]byte("9223372036854775808"), int8Type, int64(1<<63 - 1), false}, {[]byte("x"), int4Type, int64(0), false},
		{[]byte("t"), boolType, true, true}, {[]byte("f"), boolType, false, true}, {[]byte("text"), 25, "text", true},
	} {
		got, err := read(c.raw, c.oid)
		if diff := cmp.Diff(c.want, got); diff != "" || (err == nil) != c.ok {
			t.Errorf("%q of type %d (-want +got):\n%s%v", c.raw, c.oid, diff, err)
		}
	}
}
