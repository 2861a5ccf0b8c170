package record

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"certwright/internal/must"
	"certwright/internal/store/storetest"
	"certwright/internal/vault"
)

// full are bodies in which every member of the domain's structs is set, and how
// each is read and written again.
func full(t *testing.T) map[string]rewriting {
	t.Helper()
	var o vault.Object
	storetest.Fill(t, &o)
	object, objectRaw := Object(&o)
	var v vault.Version
	storetest.Fill(t, &v)
	version, versionRaw := Version(v)
	var c vault.IssuerConfig
	storetest.Fill(t, &c)
	var people []vault.Contact
	storetest.Fill(t, &people)
	return map[string]rewriting{
		"object": {object, func(body string) (string, error) {
			again := vault.Object{Ref: o.Ref}
			err := FillObject(&again, body, objectRaw)
			text, _ := Object(&again)
			return text, err
		}},
		"version": {version, func(body string) (string, error) {
			again := vault.Version{Ref: v.Ref}
			err := FillVersion(&again, v.Entry(), body, versionRaw)
			text, _ := Version(again)
			return text, err
		}},
		"issuer": {Issuer(c), func(body string) (string, error) {
			again, err := ReadIssuer(c.Vault, body)
			return Issuer(again), err
		}},
		"contacts": {Contacts(people, ""), func(body string) (string, error) {
			again, err := ReadContacts(body)
			return Contacts(again, body), err
		}},
	}
}

type rewriting struct {
	body  string
	again func(body string) (string, error)
}

// later adds to every struct in a body what a later program might: values of all
// kinds, one of them full of what means something in JSON.
func later(value any, n *int) any {
	switch value := value.(type) {
	case []any:
		for i := range value {
			value[i] = later(value[i], n)
		}
	case map[string]any:
		for name, member := range value {
			if name != "tags" && name != "jobs" { // maps, whose members are nobody's
				value[name] = later(member, n)
			}
		}
		*n++
		value[fmt.Sprint("later_", *n)] = []any{nil, true, 1.5, "\"...\":<&\u2028", map[string]any{"v": "inner", "...": "\"x\":1"}}
		value["..."] = "nothing special"
	}
	return value
}

// What a later program added to a record, at every level, is there when this one
// has read it and written it again, and nothing else is different.
func TestWhatALaterProgramWroteIsKept(t *testing.T) {
	t.Parallel()
	levels := map[string]int{"object": 40, "version": 5, "issuer": 5, "contacts": 3}
	for what, r := range full(t) {
		var value any
		must.Do(t, json.Unmarshal([]byte(r.body), &value))
		n := 0
		value = later(value, &n)
		if n < levels[what] {
			t.Errorf("%s: only %d structs", what, n)
		}
		text, err := json.Marshal(value)
		must.Do(t, err)
		written, err := r.again(string(text))
		must.Do(t, err)
		var got any
		must.Do(t, json.Unmarshal([]byte(written), &got))
		if diff := cmp.Diff(value, got); diff != "" {
			t.Errorf("%s, written again (-want +got):\n%s", what, diff)
		}
		if twice, err := r.again(written); err != nil || twice != written {
			t.Errorf("%s: written twice it is another, %v:\n%s\n%s", what, err, written, twice)
		}
	}
}

// All that is known, and what stands in maps, is left as it is.
func TestWhatIsKnownIsNotLater(t *testing.T) {
	t.Parallel()
	for what, r := range full(t) {
		if written, err := r.again(r.body); err != nil || written != r.body {
			t.Errorf("%s: %v\n%s\nwant\n%s", what, err, written, r.body)
		}
	}
	const body = `{"v":1,"operation":{"name":"N","request_id":"r","status":"failed","policy":{},"tags":{"...":"\"a\":1"}},"schedule":{"done":["x"]},"jobs":{"later":5}}`
	o := vault.Object{}
	must.Do(t, FillObject(&o, body, nil))
	if written, _ := Object(&o); written != body {
		t.Errorf("%s\nwant\n%s", written, body)
	}
	if o.Operation.Tags["..."] != `"a":1` || o.Operation.Later != "" {
		t.Errorf("%+v", o.Operation)
	}
}

// Every struct of a record can keep what it does not know.
func TestEveryRecordKeepsWhatIsLater(t *testing.T) {
	t.Parallel()
	seen := map[reflect.Type]bool{}
	var look func(reflect.Type, string, bool)
	look = func(of reflect.Type, path string, embedded bool) {
		switch {
		case of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice:
			look(of.Elem(), path, embedded)
			return
		case of.Kind() != reflect.Struct || seen[of] || reflect.PointerTo(of).Implements(unmarshaler):
			return
		}
		seen[of] = true
		f, has := of.FieldByName("Later")
		if !embedded && (!has || f.Type != reflect.TypeFor[vault.Later]() || f.Tag.Get("json") != laterName+",omitzero") {
			t.Errorf("%s has no place for what is later", path)
		}
		for f := range of.Fields() {
			look(f.Type, path+"."+f.Name, f.Anonymous)
		}
	}
	for _, record := range []any{objectRecord{}, versionRecord{}, issuerRecord{}, contactsRecord{}} {
		look(reflect.TypeOf(record), reflect.TypeOf(record).Name(), false)
	}
	if len(seen) < 20 {
		t.Errorf("only %d structs were looked at", len(seen))
	}
}

// The byte strings of a record stand one after the other, so that no program may
// find more of them than it knows. What is added to a record has its bytes in JSON.
func TestByteStringsOfRecordsAreTheseAlone(t *testing.T) {
	t.Parallel()
	var lengths []string
	seen := map[reflect.Type]bool{}
	var look func(reflect.Type)
	look = func(of reflect.Type) {
		if of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
			look(of.Elem())
			return
		}
		if of.Kind() != reflect.Struct || seen[of] {
			return
		}
		seen[of] = true
		for f := range of.Fields() {
			if f.Type == reflect.TypeFor[*int]() || f.Type == reflect.TypeFor[[]*int]() {
				lengths = append(lengths, of.Name()+"."+f.Name)
			}
			look(f.Type)
		}
	}
	for _, record := range []any{objectRecord{}, versionRecord{}, issuerRecord{}, contactsRecord{}} {
		look(reflect.TypeOf(record))
	}
	slices.Sort(lengths)
	want := []string{"certificateRecord.Chain", "certificateRecord.IssuerRef", "certificateRecord.Leaf", "certificateRecord.LeafAt", "keyRecord.Private", "keyRecord.Public",
		"operationRecord.CSR", "operationRecord.Private", "operationRecord.State", "secretRecord.Value", "stagedRecord.Thumbprint"}
	if !slices.Equal(lengths, want) {
		t.Errorf("%q\nwant %q: a byte string that is added is written as JSON, since programs of before would cut it off", lengths, want)
	}
}
