package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"certwright/internal/service"
	"certwright/internal/vault"
)

// The limits of tags (CONTRACT section 5), in characters of a name or a value.
const (
	maxTags      = 15
	maxTag       = 256
	maxSecretTag = 512
)

// decode reads a JSON object into the struct that into points to. Unknown
// members are ignored, as the service does; wrong types, trailing commas and
// anything after the object are refused (DESIGN section 5).
func decode(body []byte, into any) error {
	body = bytes.TrimSpace(body)
	switch {
	case len(body) == 0:
		return vault.Bad("The request body is missing: a JSON object is needed.")
	case !utf8.Valid(body):
		return vault.Bad("The request body is not valid UTF-8.")
	case body[0] != '{':
		return vault.Bad("The request body must be a JSON object.")
	}
	err := json.Unmarshal(body, into)
	var wrong *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	var refusal *vault.Error
	switch {
	case errors.As(err, &syntax):
		return vault.Bad("The request body is not valid JSON.")
	case halfPair(body):
		return vault.Bad(`The request body holds one half of a surrogate pair (\uD800 to \uDFFF) by itself, which is no character.`)
	case errors.As(err, &refusal):
		return refusal
	case errors.As(err, &wrong) && wrong.Field != "":
		return vault.Bad("%s must be %s.", wrong.Field, jsonKind(wrong.Type))
	case err != nil:
		return vault.Bad("The request body does not have the expected form.")
	}
	return nil
}

// halfPair reports whether a string of valid JSON holds an escaped surrogate
// that is not one of a pair. encoding/json would put U+FFFD in its place.
func halfPair(text []byte) bool {
	for {
		i := bytes.IndexByte(text, '\\') // in JSON only within strings
		if i < 0 || i+1 >= len(text) {
			return false
		}
		text = text[i:]
		r := escaped(text)
		switch {
		case !utf16.IsSurrogate(r):
			text = text[2:]
		case utf16.DecodeRune(r, escaped(text[6:])) == utf8.RuneError:
			return true
		default:
			text = text[12:]
		}
	}
}

// escaped returns the code unit that text begins with as \uXXXX; -1 if it does not.
func escaped(text []byte) rune {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(n)
}

// jsonKind says which JSON value decodes into t.
func jsonKind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.String:
		return "a string"
	case reflect.Slice:
		return "an array"
	}
	return "an object"
}

// missing refuses a body without a required member.
func missing(field string) error { return vault.Bad("%s is missing.", field) }

// tagsJSON are the tags of a request; nil when not sent.
type tagsJSON map[string]string

// UnmarshalJSON refuses what is not an object of strings, and what is beyond
// the limits.
func (t *tagsJSON) UnmarshalJSON(b []byte) error { return readTags(b, maxTag, (*map[string]string)(t)) }

// secretTagsJSON are the tags of a request about a secret, which may be longer.
type secretTagsJSON map[string]string

// UnmarshalJSON refuses as tagsJSON does.
func (t *secretTagsJSON) UnmarshalJSON(b []byte) error {
	return readTags(b, maxSecretTag, (*map[string]string)(t))
}

func readTags(b []byte, most int, into *map[string]string) error {
	if string(b) == "null" {
		return nil
	}
	var sent map[string]*string
	if err := json.Unmarshal(b, &sent); err != nil {
		return vault.Bad("tags must be an object whose values are strings.")
	}
	if len(sent) > maxTags {
		return vault.Bad("tags holds more than %d tags.", maxTags)
	}
	*into = make(map[string]string, len(sent))
	for name, value := range sent {
		switch {
		case value == nil:
			return vault.Bad("tags must be an object whose values are strings.")
		case utf8.RuneCountInString(name) > most || utf8.RuneCountInString(*value) > most:
			return vault.Bad("tags holds a name or a value of more than %d characters.", most)
		}
		(*into)[name] = *value
	}
	return nil
}

// attributesIn are the attributes of a request. Of a certificate, nbf and exp
// are read and ignored: its dates are always its own (WIRE section 3).
type attributesIn struct {
	Enabled   *bool    `json:"enabled"`
	NotBefore *float64 `json:"nbf"`
	Expires   *float64 `json:"exp"`
}

// enabled returns what the client asked for; nil where it did not.
func (a *attributesIn) enabled() *bool {
	if a == nil {
		return nil
	}
	return a.Enabled
}

// input returns the attributes as keys and secrets take them.
func (a *attributesIn) input() (in service.AttributesInput, err error) {
	if a == nil {
		return in, nil
	}
	in.Enabled = a.Enabled
	if in.NotBefore, err = moment("attributes.nbf", a.NotBefore); err == nil {
		in.Expires, err = moment("attributes.exp", a.Expires)
	}
	return in, err
}

// latest is the end of year 9999, in Unix seconds.
const latest = 253402300799

func moment(field string, s *float64) (*time.Time, error) {
	if s == nil {
		return nil, nil
	}
	if *s < 0 || *s > latest {
		return nil, vault.Bad("%s must be a time in Unix seconds, from 0 to %d.", field, int64(latest))
	}
	t := time.Unix(int64(*s), 0).UTC()
	return &t, nil
}
