package wire

import (
	"bytes"
	"encoding/json"
	"slices"
	"sort"
)

// policyMembers come first in an object of a release policy, in this order (recorded).
var policyMembers = []string{"version", "authority", "claim"}

// deepest bounds how deeply a release policy is nested to be tidied.
const deepest = 32

// TidyPolicy writes an indented policy as the service does: without white space
// and with the members in its order. One without white space is kept as it was
// sent (recorded), and so is what is no JSON.
func TidyPolicy(data []byte) []byte {
	var compact bytes.Buffer
	if json.Compact(&compact, data) != nil || compact.Len() == len(data) {
		return data
	}
	tidy, ok := inOrder(compact.Bytes(), deepest)
	if !ok {
		return data
	}
	return tidy
}

// inOrder puts the members of every object within a compact value in order;
// false if it is nested more deeply than that.
func inOrder(value json.RawMessage, depth int) (json.RawMessage, bool) {
	if depth == 0 {
		return nil, false
	}
	switch value[0] {
	case '{':
		return orderObject(value, depth)
	case '[':
		return orderArray(value, depth)
	}
	return value, true
}

func orderArray(value json.RawMessage, depth int) (json.RawMessage, bool) {
	var items []json.RawMessage
	if json.Unmarshal(value, &items) != nil {
		return nil, false
	}
	for i := range items {
		var ok bool
		if items[i], ok = inOrder(items[i], depth-1); !ok {
			return nil, false
		}
	}
	return slices.Concat([]byte("["), joined(items), []byte("]")), true
}

func orderObject(value json.RawMessage, depth int) (json.RawMessage, bool) {
	type member struct {
		rank int
		text json.RawMessage
	}
	var members []member
	in := json.NewDecoder(bytes.NewReader(value))
	in.Token() // the brace; value is valid JSON
	for in.More() {
		from := in.InputOffset()
		name, _ := in.Token()
		text := bytes.TrimPrefix(value[from:in.InputOffset()], []byte(","))
		var content json.RawMessage
		if in.Decode(&content) != nil {
			return nil, false
		}
		content, ok := inOrder(content, depth-1)
		if !ok {
			return nil, false
		}
		m := member{len(policyMembers), slices.Concat(text, []byte(":"), content)}
		if i := slices.Index(policyMembers, name.(string)); i >= 0 {
			m.rank = i
		}
		members = append(members, m)
	}
	sort.SliceStable(members, func(i, j int) bool { return members[i].rank < members[j].rank })
	texts := make([]json.RawMessage, len(members))
	for i, m := range members {
		texts[i] = m.text
	}
	return slices.Concat([]byte("{"), joined(texts), []byte("}")), true
}

func joined(parts []json.RawMessage) []byte {
	texts := make([][]byte, len(parts))
	for i, p := range parts {
		texts[i] = p
	}
	return bytes.Join(texts, []byte(","))
}
