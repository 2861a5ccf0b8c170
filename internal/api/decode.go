package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"time"
	"unicode/utf8"

	"certwright/internal/service"
	"certwright/internal/vault"
)

// The limits of tags (CONTRACT section 5).
const (
	maxTags = 15
	maxTag  = 256 // characters, of a name or a value
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
	case errors.As(err, &refusal):
		return refusal
	case errors.As(err, &wrong) && wrong.Field != "":
		return vault.Bad("%s must be %s.", wrong.Field, jsonKind(wrong.Type))
	case err != nil:
		return vault.Bad("The request body does not have the expected form.")
	}
	return nil
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
func (t *tagsJSON) UnmarshalJSON(b []byte) error {
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
	*t = make(tagsJSON, len(sent))
	for name, value := range sent {
		switch {
		case value == nil:
			return vault.Bad("tags must be an object whose values are strings.")
		case utf8.RuneCountInString(name) > maxTag || utf8.RuneCountInString(*value) > maxTag:
			return vault.Bad("tags holds a name or a value of more than %d characters.", maxTag)
		}
		(*t)[name] = *value
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
