package arm

import (
	"regexp"
	"strings"
)

// A filter is what $filter asks of a resource: members and the values that they
// must have. The zero value asks nothing.
type filter map[string]string

// condition is one of "member eq 'value'"; a quote inside a value is doubled.
var condition = regexp.MustCompile(`^\s*\(?\s*([A-Za-z]+)\s+(?i:eq)\s+'((?:[^']|'')*)'\s*\)?\s*$`)

// and is what stands between conditions.
var and = regexp.MustCompile(`(?i)'\s*\)?\s+and\s+\(?`)

// parseFilter reads conditions joined by "and" about what resources here have.
func parseFilter(text string) (filter, error) {
	if len(text) > 1000 {
		return nil, badFilter
	}
	f := filter{}
	for text != "" {
		one, rest := text, ""
		if at := and.FindStringIndex(text); at != nil {
			one, rest = text[:at[0]+1], text[at[1]:]
			if rest == "" {
				return nil, badFilter
			}
		}
		m := condition.FindStringSubmatch(one)
		if m == nil {
			return nil, badFilter
		}
		member, value := strings.ToLower(m[1]), strings.ReplaceAll(m[2], "''", "'")
		switch member {
		case "resourcetype", "name", "resourcegroup", "location":
		default:
			return nil, badFilter
		}
		if was, twice := f[member]; twice && !strings.EqualFold(was, value) {
			value = "\x00" // nothing is both
		}
		f[member], text = value, rest
	}
	return f, nil
}

// allows reports whether a resource is asked for.
func (f filter) allows(r resource, group string) bool {
	for member, value := range map[string]string{"resourcetype": r.Type, "name": r.Name, "resourcegroup": group, "location": r.Location} {
		if want, asked := f[member]; asked && !strings.EqualFold(want, value) {
			return false
		}
	}
	return true
}
