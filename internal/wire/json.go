package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"certwright/internal/vault"
)

// Decode reads a JSON object into the struct that into points to. Unknown
// members are ignored, as the service does; wrong types, trailing commas and
// anything after the object are refused (docs/decisions/002-when-work-happens.md).
func Decode(body []byte, into any) error {
	body = bytes.Trim(body, " \t\r\n") // what JSON takes for space, RFC 8259 section 2
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

// Missing refuses a body without a required member.
func Missing(field string) error { return vault.Bad("%s is missing.", field) }

// Encode writes JSON as the service does: without spaces, and with <, > and &
// as they are.
func Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
