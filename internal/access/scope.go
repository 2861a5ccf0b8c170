package access

import (
	"fmt"
	"strings"

	"certwright/internal/vault"
)

// A scope is where an assignment holds: everywhere, in vaults, or of objects.
// Patterns have * for any text and compare in any case.
type scope struct {
	vault string // pattern; "" is everywhere, the server itself too
	kinds uint8  // of objects, a bit each; 0: the whole vault
	name  string // pattern
}

// kindBit gives the kinds that a scope may name a bit each.
func kindBit(k vault.Kind) uint8 {
	switch k {
	case vault.Certificates:
		return 1
	case vault.Keys:
		return 2
	case vault.Secrets:
		return 4
	}
	return 0
}

// covers reports whether a scope reaches a place: an object, a vault as a whole
// without a name, or the server itself without a vault. What is asked of a whole
// vault is not granted by what holds for some of its objects.
func (s *scope) covers(on vault.Ref) bool {
	switch {
	case s.vault == "":
		return true
	case on.Vault == "" || !matches(s.vault, on.Vault):
		return false
	case s.kinds == 0:
		return true
	}
	return on.Name != "" && s.kinds&kindBit(on.Kind) != 0 && matches(s.name, on.Name)
}

// String writes a scope as an operator does.
func (s *scope) String() string {
	switch {
	case s.vault == "":
		return "/"
	case s.kinds == 0:
		return "/vaults/" + s.vault
	}
	var kinds []string
	for _, k := range []vault.Kind{vault.Certificates, vault.Keys, vault.Secrets} {
		if s.kinds&kindBit(k) != 0 {
			kinds = append(kinds, string(k))
		}
	}
	return "/vaults/" + s.vault + "/" + strings.Join(kinds, "+") + "/" + s.name
}

const scopeHint = "\nhint: write / for everything, /vaults/NAME, or /vaults/NAME/certificates/NAME (or keys, secrets); * in the last part stands for any text"

// parseScope reads a scope as an operator writes it.
func parseScope(text string, with []string) (s scope, err error) {
	parts := strings.Split(strings.TrimSuffix(text, "/"), "/")
	unreadable := fmt.Errorf("on: %q is invalid%s", text, scopeHint)
	switch {
	case text == "/":
	case text == "" || parts[0] != "" || parts[1] != "vaults" || len(parts) != 3 && len(parts) != 5:
		return s, unreadable
	case len(parts) == 3:
		s.vault = strings.ToLower(parts[2])
		if !isPattern(s.vault) {
			return s, unreadable
		}
	default:
		s = scope{vault: strings.ToLower(parts[2]), kinds: kindBit(vault.Kind(parts[3])), name: strings.ToLower(parts[4])}
		if vault.CheckVaultName(s.vault) != nil || s.kinds == 0 || !isPattern(s.name) {
			return s, unreadable
		}
	}
	if len(with) > 0 && s.kinds == 0 {
		return s, fmt.Errorf("with: %q is not a scope of objects, so that it holds for all kinds already\nhint: leave with out", text)
	}
	for _, k := range with {
		bit := kindBit(vault.Kind(k))
		if bit == 0 {
			return s, fmt.Errorf("with: %q is an unknown kind\nhint: use certificates, keys or secrets", k)
		}
		s.kinds |= bit
	}
	return s, nil
}

// isPattern reports whether names can be what a text says.
func isPattern(text string) bool {
	return vault.CheckName(strings.ReplaceAll(text, "*", "x")) == nil
}
