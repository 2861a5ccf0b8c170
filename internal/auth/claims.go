package auth

import (
	"bytes"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/json"

	"certwright/internal/vault"
)

// claims are those of a token whose signature was verified. Numbers are json.Number.
type claims map[string]any

func parseClaims(payload []byte) (c claims, err error) {
	d := json.NewDecoder(bytes.NewReader(payload))
	d.SetNumberType(json.UnmarshalJSONNumber)
	if err := d.Decode(&c); err != nil || c == nil {
		return nil, vault.BadTokenClaims("The token's claims cannot be read: a name comes twice, or they are no object.")
	}
	return c, nil
}

// at returns a claim. A claim within another has a path with slashes; a claim
// whose own name has some is found as well.
func (c claims) at(path string) (any, bool) {
	if v, there := c[path]; there {
		return v, true
	}
	for i := range len(path) {
		if path[i] != '/' {
			continue
		}
		if in, ok := c[path[:i]].(map[string]any); ok {
			return claims(in).at(path[i+1:])
		}
	}
	return nil, false
}

// text returns a claim that is one text; "" for any other.
func (c claims) text(path string) string {
	v, _ := c.at(path)
	s, _ := v.(string)
	return s
}

// texts returns a claim that is a list of texts, or one.
func (c claims) texts(path string) (all []string) {
	v, _ := c.at(path)
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, one := range v {
			if s, ok := one.(string); ok {
				all = append(all, s)
			}
		}
	}
	return all
}

// values returns what a rule is compared with: texts, numbers as they are
// written, true and false, one or a list of them.
func (c claims) values(path string) (all []string) {
	v, _ := c.at(path)
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, one := range list {
		switch one := one.(type) {
		case string:
			all = append(all, one)
		case json.Number:
			all = append(all, one.String())
		case bool:
			all = append(all, map[bool]string{true: "true", false: "false"}[one])
		}
	}
	return all
}

// lastMoment is the end of the year 9999, beyond which no time is written.
const lastMoment = 253402300799

// moment returns a NumericDate (RFC 7519 section 2), which may have a fraction.
// there is false for none; err tells of one that is no time.
func (c claims) moment(name string) (at time.Time, there bool, err error) {
	v, there := c[name]
	if !there {
		return at, false, nil
	}
	n, _ := v.(json.Number)
	f, err := n.Float64()
	if err != nil || !(f >= 0 && f <= lastMoment) {
		return at, true, vault.BadTokenClaims("The token's " + name + " is not a time in seconds.")
	}
	whole := int64(f)
	return time.Unix(whole, int64((f-float64(whole))*1e9)), true, nil
}

// matches reports whether a text is as a pattern has it, in which * stands for
// any text.
func matches(pattern, text string) bool {
	first, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == text
	}
	text, ok := strings.CutPrefix(text, first)
	if !ok {
		return false
	}
	parts := strings.Split(rest, "*")
	for _, part := range parts[:len(parts)-1] {
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return strings.HasSuffix(text, parts[len(parts)-1])
}
