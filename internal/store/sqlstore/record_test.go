package sqlstore

import (
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"certwright/internal/vault"
)

func TestTimes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		in      time.Time
		nanos   time.Time
		seconds time.Time
	}{
		{"not set", time.Time{}, time.Time{}, time.Time{}},
		{"the first second of 1970", time.Unix(0, 0).UTC(), time.Unix(0, 0).UTC(), time.Unix(0, 0).UTC()},
		{"elsewhere on earth", time.Date(2026, 1, 1, 2, 0, 0, 7, time.FixedZone("", 7200)),
			time.Date(2026, 1, 1, 0, 0, 0, 7, time.UTC), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"the end of X.509", time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
			time.Unix(0, math.MaxInt64).UTC(), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)},
		{"long ago", time.Date(1500, 1, 1, 0, 0, 0, 0, time.UTC),
			time.Unix(0, math.MinInt64).UTC(), time.Date(1500, 1, 1, 0, 0, 0, 0, time.UTC)},
	}
	for _, tt := range tests {
		if got := atNanos(nanos(tt.in)); !got.Equal(tt.nanos) {
			t.Errorf("%s: nanos %v, want %v", tt.name, got, tt.nanos)
		}
		if got := atSeconds(seconds(tt.in)); !got.Equal(tt.seconds) {
			t.Errorf("%s: seconds %v, want %v", tt.name, got, tt.seconds)
		}
	}
}

// A record that a newer program wrote is refused, not read half.
func TestRecordOfANewerProgram(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{"v":2,"kty":"RSA"}`, `{"v":0}`, `{}`, `{"v":1`, ``} {
		if _, err := decodePolicy(text); err == nil {
			t.Errorf("%q was read", text)
		}
	}
	if _, err := decodePolicy(`{"v":1,"later":"unknown members are of no harm"}`); err != nil {
		t.Error(err)
	}
}

// The bytes of a record that was cut or lies about its lengths are an error.
func TestTornRecord(t *testing.T) {
	t.Parallel()
	whole := `{"v":1,"certificate":{"chain":[2,2],"leaf_at":1,"issuer_ref":1}}`
	tests := []struct{ text, raw string }{
		{whole, "abcd"},
		{`{"v":1,"certificate":{"chain":[-1]}}`, "abcd"},
		{`{"v":1,"certificate":{"leaf_at":0}}`, "abcd"},
		{`{"v":1,"certificate":{"leaf_at":-1,"chain":[1]}}`, "abcd"},
		{`{"v":1,"certificate":{"leaf":5}}`, "abcd"},
		{`{"v":1,"key":{"public":5}}`, "abcd"},
		{`{"v":1,"key":{"public":4,"private":1}}`, "abcd"},
		{`{"v":1,"secret":{"value":9223372036854775807}}`, "abcd"},
	}
	for _, tt := range tests {
		if _, err := read(tt.text, tt.raw); !errors.Is(err, errTorn) {
			t.Errorf("%s of %q: %v, want %v", tt.text, tt.raw, err, errTorn)
		}
	}
	v, err := read(whole, "calfx")
	if err != nil || string(v.Certificate.Leaf) != "lf" || string(v.Certificate.IssuerRef) != "x" {
		t.Errorf("%+v, %v", v.Certificate, err)
	}
}

func read(text, raw string) (v vault.Version, err error) {
	var rec versionRecord
	if err := decode(text, &rec, &rec.V); err != nil {
		return v, err
	}
	return v, rec.fill(&v, vault.Entry{}, packed{bytes: []byte(raw)})
}

// Whatever is read, it does not panic; and what could be read is read the same
// once written again.
func FuzzVersionRecord(f *testing.F) {
	f.Add(`{"v":1,"certificate":{"chain":[2,null,0],"leaf_at":0,"issuer_ref":1}}`, "abc")
	f.Add(`{"v":1,"key":{"kty":"EC","crv":"P-256","ops":[],"public":1,"private":2}}`, "abc")
	f.Add(`{"v":1,"secret":{"previous":"x","value":3}}`, "abc")
	f.Add(`{"v":1,"certificate":{"leaf":-3,"chain":[]}}`, "")
	f.Fuzz(func(t *testing.T, text, raw string) {
		v, err := read(text, raw)
		if err != nil {
			return
		}
		rec, bytes, _ := fromVersion(v)
		again, err := read(encode(rec), string(bytes.bytes))
		if err != nil {
			t.Fatalf("written again: %v", err)
		}
		if diff := cmp.Diff(v, again); diff != "" {
			t.Errorf("written again (-want +got):\n%s", diff)
		}
	})
}

// Every member of the domain's structs is stored: one that is added there and
// forgotten here would be lost.
func TestRecordsAreComplete(t *testing.T) {
	t.Parallel()
	var p vault.Policy
	fillAll(t, &p)
	got, err := decodePolicy(encode(fromPolicy(p)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, got); diff != "" {
		t.Errorf("policy (-want +got):\n%s", diff)
	}
	var c vault.IssuerConfig
	fillAll(t, &c)
	gotIssuer, err := decodeIssuer(c.Vault, encode(fromIssuer(c)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c, gotIssuer); diff != "" {
		t.Errorf("issuer (-want +got):\n%s", diff)
	}
	var k vault.KeyRotationPolicy
	fillAll(t, &k)
	gotRotation, err := decodeRotation(encode(fromRotation(k)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(k, gotRotation); diff != "" {
		t.Errorf("rotation policy (-want +got):\n%s", diff)
	}
	var o vault.Operation
	fillAll(t, &o)
	rec, raw := fromOperation(o)
	var read operationRecord
	if err := json.Unmarshal([]byte(encode(rec)), &read); err != nil {
		t.Fatal(err)
	}
	gotOperation, err := read.operation(o.Ref, o.Rev, raw)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(o, gotOperation); diff != "" {
		t.Errorf("operation (-want +got):\n%s", diff)
	}
	for kind := range 3 {
		var v vault.Version
		fillAll(t, &v)
		v.Certificate.Chain = append(v.Certificate.Chain, v.Certificate.Leaf)
		switch kind {
		case 0:
			v.Key, v.Secret = nil, nil
		case 1:
			v.Certificate, v.Secret = nil, nil
		case 2:
			v.Certificate, v.Key = nil, nil
		}
		rec, raw, _ := fromVersion(v)
		got := vault.Version{Ref: v.Ref, ID: v.ID, Attributes: v.Attributes, Tags: v.Tags, Managed: v.Managed, Pending: v.Pending}
		if err := rec.fill(&got, v.Entry(), raw); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(v, got); diff != "" {
			t.Errorf("version (-want +got):\n%s", diff)
		}
	}
}
