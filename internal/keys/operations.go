package keys

import (
	"slices"
	"time"

	"certwright/internal/vault"
)

// opImport marks an RSA-HSM key that other keys are brought in under (key_ops of
// OpenAPI 7.4, JsonWebKeyOperation).
const opImport = "import"

// Operations returns every operation that keys of a type can do, in the order
// of the service.
func Operations(t vault.KeyType) []string {
	switch {
	case t.IsEC():
		return []string{vault.OpSign, vault.OpVerify}
	case t == vault.Oct || t == vault.OctHSM:
		return []string{vault.OpEncrypt, vault.OpDecrypt, vault.OpWrapKey, vault.OpUnwrapKey}
	case t.IsRSA():
		ops := []string{vault.OpEncrypt, vault.OpDecrypt, vault.OpSign, vault.OpVerify, vault.OpWrapKey, vault.OpUnwrapKey}
		if t == vault.RSAHSM {
			ops = append(ops, opImport)
		}
		return ops
	}
	return nil
}

// defaultOperations returns the key_ops of a key that was created or imported
// without: all but import (recorded for RSA and EC: docs/contract/keys-and-secrets.md).
func defaultOperations(t vault.KeyType) []string {
	return slices.DeleteFunc(Operations(t), func(op string) bool { return op == opImport })
}

// CheckOperations returns the key_ops that a caller asked for, in the given
// order without repeats, or refuses those that the type cannot do. None, nil or
// empty, ask for the defaults: the SDK for Java sends an empty list wherever its
// caller named none, and its recorded sessions go on to use the key.
func CheckOperations(t vault.KeyType, asked []string) ([]string, error) {
	if len(asked) == 0 {
		return defaultOperations(t), nil
	}
	supported := Operations(t)
	ops, wrong := []string{}, []string{}
	for _, op := range asked {
		switch {
		case !slices.Contains(supported, op):
			wrong = append(wrong, op)
		case !slices.Contains(ops, op):
			ops = append(ops, op)
		}
	}
	if len(wrong) > 0 {
		return nil, vault.KeyOperationsNotSupported(wrong[:min(len(wrong), 10)], supported)
	}
	return ops, nil
}

// MayDo refuses an operation that a key version may not do at now: it is
// disabled, key_ops lack it, or its nbf or exp forbid it. What was protected
// with a key must be openable for ever, so decrypt, verify and unwrapKey go on
// outside the window (docs/contract/keys-and-secrets.md, key attributes).
func MayDo(op string, ops []string, a vault.Attributes, now time.Time) error {
	always := op == vault.OpDecrypt || op == vault.OpVerify || op == vault.OpUnwrapKey
	switch {
	case !a.Enabled:
		return vault.DisabledObject(vault.Keys, op)
	case !slices.Contains(ops, op):
		return vault.KeyOperationForbidden(op)
	case always:
		return nil
	case !a.NotBefore.IsZero() && now.Before(a.NotBefore):
		return vault.KeyNotYetValid(op)
	case !a.Expires.IsZero() && !now.Before(a.Expires):
		return vault.KeyExpired(op)
	}
	return nil
}
