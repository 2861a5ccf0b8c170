package wire

import (
	"encoding/json"
	"unicode/utf8"

	"certwright/internal/vault"
)

// The limits of tags (docs/contract/certificates.md), in characters of a name or a value.
const (
	maxTags      = 15
	maxTag       = 256
	maxSecretTag = 512
)

// Tags are the tags of a request; nil when not sent.
type Tags map[string]string

// UnmarshalJSON refuses what is not an object of strings, and what is beyond
// the limits.
func (t *Tags) UnmarshalJSON(b []byte) error { return readTags(b, maxTag, (*map[string]string)(t)) }

// SecretTags are the tags of a request about a secret, which may be longer.
type SecretTags map[string]string

// UnmarshalJSON refuses as Tags does.
func (t *SecretTags) UnmarshalJSON(b []byte) error {
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
