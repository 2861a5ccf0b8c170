package record

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"certwright/internal/store/storetest"
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
		if got := AtNanos(Nanos(tt.in)); !got.Equal(tt.nanos) {
			t.Errorf("%s: nanos %v, want %v", tt.name, got, tt.nanos)
		}
		if got := AtSeconds(Seconds(tt.in)); !got.Equal(tt.seconds) {
			t.Errorf("%s: seconds %v, want %v", tt.name, got, tt.seconds)
		}
	}
}

// A record that a newer program wrote is refused, not read half; what it says
// besides does no harm.
func TestRecordOfANewerProgram(t *testing.T) {
	t.Parallel()
	records := map[string]func(text string) error{
		"object":  func(text string) error { _, err := readObject(text, ""); return err },
		"version": func(text string) error { _, err := read(text, ""); return err },
		"issuer":  func(text string) error { _, err := ReadIssuer("web", text); return err },
	}
	for what, read := range records {
		for _, text := range []string{`{"v":2,"kty":"RSA"}`, `{"v":0}`, `{}`, `{"v":1`, ``, `[]`, `{"v":1,"policy":7,"certificate":7,"name":7}`} {
			if err := read(text); err == nil {
				t.Errorf("%s %q was read", what, text)
			}
		}
		if err := read(`{"v":1,"later":"unknown members are of no harm","policy":{"later":1}}`); err != nil {
			t.Errorf("%s: %v", what, err)
		}
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
		if _, err := read(tt.text, tt.raw); !errors.Is(err, ErrTorn) {
			t.Errorf("%s of %q: %v, want %v", tt.text, tt.raw, err, ErrTorn)
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
	return v, rec.fill(&v, vault.Entry{}, &packed{bytes: []byte(raw)})
}

func readObject(text, raw string) (o vault.Object, err error) {
	o.Ref = vault.Ref{Vault: "web", Kind: vault.Certificates, Name: "Name"}
	var rec objectRecord
	if err := decode(text, &rec, &rec.V); err != nil {
		return o, err
	}
	return o, rec.fill(&o, packed{bytes: []byte(raw)})
}

func writeObject(o vault.Object) (text, raw string) {
	rec, bytes := fromObject(&o)
	return encode(rec), string(bytes.bytes)
}

// The bytes of an operation that were cut, or that lie about their lengths, are
// an error.
func TestTornOperation(t *testing.T) {
	t.Parallel()
	whole := `{"v":1,"operation":{"status":"failed","csr":1,"private":2,"state":1,"staged":{"id":"x","thumbprint":1,"body":{"key":{"public":2}}}}}`
	tests := []struct{ text, raw string }{
		{whole, "abcdef"},
		{whole, ""},
		{`{"v":1,"operation":{"csr":-1}}`, "abcd"},
		{`{"v":1,"operation":{"csr":2,"state":3}}`, "abcd"},
		{`{"v":1,"operation":{"staged":{"thumbprint":5}}}`, "abcd"},
		{`{"v":1,"operation":{"staged":{"body":{"certificate":{"leaf_at":3}}}}}`, "abcd"},
	}
	for _, tt := range tests {
		if _, err := readObject(tt.text, tt.raw); !errors.Is(err, ErrTorn) {
			t.Errorf("%s of %q: %v, want %v", tt.text, tt.raw, err, ErrTorn)
		}
	}
	o, err := readObject(whole, "cpps-kk")
	if err != nil || string(o.Operation.Private) != "pp" || string(o.Operation.Staged.Key.Public) != "kk" {
		t.Errorf("%+v, %v", o.Operation, err)
	}
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
		var bytes packed
		rec := fromVersion(v, &bytes)
		rec.V = recordVersion
		again, err := read(encode(rec), string(bytes.bytes))
		if err != nil {
			t.Fatalf("written again: %v", err)
		}
		if diff := cmp.Diff(v, again); diff != "" {
			t.Errorf("written again (-want +got):\n%s", diff)
		}
	})
}

func FuzzObjectRecord(f *testing.F) {
	for _, o := range []vault.Object{{}, {Operation: &vault.Operation{}}, {Jobs: map[vault.JobKind]time.Time{"x": {}}, Policy: &vault.Policy{}}} {
		text, raw := writeObject(o)
		f.Add(text, raw)
	}
	f.Add(`{"v":1,"created":5,"policy":{"kty":"EC"},"placeholder":{"enabled":true,"tags":{}},"jobs":{"a":1},"operation":{"name":"NAME","csr":2,"staged":{"body":{"key":{"public":1}}}}}`, "abc")
	f.Add(`{"v":1,"rotation":{"actions":[{"type":"x","after_create":"P90D"}],"expiry":"P1Y"},"schedule":{"done":["x"],"retry":-1}}`, "")
	f.Add(`{"v":1,"operation":{"csr":-3,"policy":{},"issuer":{}}}`, "")
	f.Fuzz(func(t *testing.T, text, raw string) {
		o, err := readObject(text, raw)
		if err != nil {
			return
		}
		again, err := readObject(writeObject(o))
		if err != nil {
			t.Fatalf("written again: %v", err)
		}
		if diff := cmp.Diff(o, again); diff != "" {
			t.Errorf("written again (-want +got):\n%s", diff)
		}
	})
}

// Every member of the domain's structs is stored: one that is added there and
// forgotten here would be lost.
func TestRecordsAreComplete(t *testing.T) {
	t.Parallel()
	var c vault.IssuerConfig
	storetest.Fill(t, &c)
	gotIssuer, err := ReadIssuer(c.Vault, encode(fromIssuer(c)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c, gotIssuer); diff != "" {
		t.Errorf("issuer (-want +got):\n%s", diff)
	}

	var v vault.Version
	storetest.Fill(t, &v)
	v.Certificate.Chain = append(v.Certificate.Chain, v.Certificate.Leaf)
	var raw packed
	rec := fromVersion(v, &raw)
	rec.V = recordVersion
	got := vault.Version{Ref: v.Ref, ID: v.ID, Attributes: v.Attributes, Tags: v.Tags, Managed: v.Managed, Pending: v.Pending}
	if err := decode(encode(rec), &rec, &rec.V); err != nil {
		t.Fatal(err)
	}
	if err := rec.fill(&got, v.Entry(), &raw); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(v, got); diff != "" {
		t.Errorf("version (-want +got):\n%s", diff)
	}
}
