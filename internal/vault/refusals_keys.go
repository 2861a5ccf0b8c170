package vault

import (
	"fmt"
	"strings"
)

// The refusals of key operations. Where a text was seen, its source is named
// (owner/repository#issue of the report that quotes the service); where none
// was, the text is one plain sentence, as in refusals.go.

// MissingProperty answers a request body without a required member
// (bruj0/vault-recovery-key#20).
func MissingProperty(name string) *Error { return Bad("Property '%s' is required.\r\n", name) }

// NotBase64URL answers a member that is not base64url (bruj0/vault-recovery-key#20).
func NotBase64URL(name string) *Error { return Bad("Content of '%s' is not base64url.\r\n", name) }

// KeyTypeNotSupported answers a key type that the vault has not, such as oct
// outside a managed HSM (Azure/azure-sdk-for-js#26212).
func KeyTypeNotSupported(t KeyType) *Error {
	return BadInner("KeyTypeNotSupported", "Invalid kty value: %s", Shorten(string(t)))
}

// KeyOperationsNotSupported answers key_ops that keys of the type cannot do
// (Azure/AzureKeyVault#22).
func KeyOperationsNotSupported(wrong, supported []string) *Error {
	return Bad("Unsupported key operation(s): %s. Supported values are %s.", quoted(wrong), quoted(supported))
}

func quoted(words []string) string {
	q := make([]string, len(words))
	for i, w := range words {
		q[i] = `"` + Shorten(w) + `"`
	}
	return strings.Join(q, ", ")
}

// KeyOperationForbidden answers an operation that is not among the key's
// key_ops (Azure/azure-sdk-for-net#11518).
func KeyOperationForbidden(op string) *Error {
	return &Error{Reason: Denied, Code: "Forbidden", Inner: "KeyOperationForbidden",
		Message: fmt.Sprintf("Operation %s is not permitted on this key.", op)}
}

// KeyNotYetValid answers an operation before the key's nbf. No text was seen;
// it follows DisabledObject's.
func KeyNotYetValid(op string) *Error {
	return &Error{Reason: Denied, Code: "Forbidden", Inner: "KeyNotYetValid",
		Message: fmt.Sprintf("Operation %s is not allowed on a key that is not yet valid.", op)}
}

// KeyExpired answers an operation at or after the key's exp. No text was seen;
// it follows DisabledObject's.
func KeyExpired(op string) *Error {
	return &Error{Reason: Denied, Code: "Forbidden", Inner: "KeyExpired",
		Message: fmt.Sprintf("Operation %s is not allowed on an expired key.", op)}
}

// UnknownAlgorithm answers an alg that is none of the operation's.
func UnknownAlgorithm(op, alg string) *Error {
	return Bad("The algorithm '%s' is not supported for operation %s.", Shorten(alg), op)
}

// WrongCurve answers a signature algorithm of another curve than the key's
// (Azure/azure-rest-api-specs#10769). key is the key's id; it may be empty.
func WrongCurve(key string, has Curve, alg string, need Curve) *Error {
	return Bad("Key and signing algorithm are incompatible. %s uses curve '%s', and algorithm '%s' can only be used with curve '%s'.",
		keyNamed(key), has, alg, need)
}

// WrongKeyType answers an algorithm of another key type than the key's. No text
// was seen; it follows WrongCurve's. what is "signing" or "encryption".
func WrongKeyType(key string, has KeyType, what, alg string, need KeyType) *Error {
	return Bad("Key and %s algorithm are incompatible. %s is of type '%s', and algorithm '%s' can only be used with a key of type '%s' or '%s-HSM'.",
		what, keyNamed(key), has, alg, need, need)
}

// WrongKeySize answers an AES algorithm of another size than the key's, in
// bits. No text was seen; it follows WrongCurve's.
func WrongKeySize(key string, has int, alg string, need int) *Error {
	return Bad("Key and encryption algorithm are incompatible. %s has %d bits, and algorithm '%s' can only be used with a key of %d bits.",
		keyNamed(key), has, alg, need)
}

func keyNamed(id string) string { return strings.TrimSpace("Key " + id) }

// WrongLength answers a member whose number of bytes the algorithm fixes
// (Azure/azure-sdk-for-python#4399).
func WrongLength(property string, has int, alg string, need int) *Error {
	return Bad("Invalid length of '%s': %d bytes. %s requires %d bytes, encoded with base64url.", property, has, alg, need)
}

// TooLong answers a value that is longer than the key can take with the
// algorithm, in bytes. No text was seen; it follows WrongLength's.
func TooLong(property string, has int, alg string, most int) *Error {
	return Bad("Invalid length of '%s': %d bytes. %s accepts at most %d bytes with this key, encoded with base64url.", property, has, alg, most)
}

// NotBlocks answers a value that is not made of whole blocks of that many
// bytes, or has fewer than least. No text was seen; it follows WrongLength's.
func NotBlocks(property string, has int, alg string, block, least int) *Error {
	return Bad("Invalid length of '%s': %d bytes. %s requires a multiple of %d bytes, at least %d, encoded with base64url.",
		property, has, alg, block, least)
}

// CannotDecrypt answers a ciphertext or wrapped key that does not open,
// whatever is wrong with it: there is one text, so that nobody learns from the
// answer how far the decryption came (pulumi/pulumi#13201).
func CannotDecrypt() *Error { return Bad("The parameter is incorrect.\r\n") }

// BadJWK answers an import whose key lacks members or has unreadable ones
// (Azure/azure-sdk-for-python#11822).
func BadJWK() *Error { return Bad(`The property "key" must be a valid JsonWebKey object.`) }

// BadKeyMaterial answers an import whose members do not make a key
// (Azure/azure-sdk-for-python#28452, seen for RSA).
func BadKeyMaterial(t KeyType) *Error {
	return Bad("%s key is not valid - cannot instantiate crypto service", t)
}

// CurveNotSupported answers a crv that is none of the API's.
func CurveNotSupported(c Curve) *Error {
	return Bad("Invalid crv value: %s", Shorten(string(c)))
}

// BadRotationPolicy answers a rotation policy that cannot be followed.
// No text was seen; why is one plain sentence without its full stop.
func BadRotationPolicy(why string, args ...any) *Error {
	return Bad("Property rotationPolicy has invalid value: "+why+".", args...)
}

// NeedsReleasePolicy answers an exportable key that no policy says where to
// (recorded).
func NeedsReleasePolicy() *Error {
	return Bad("AKV.SKR.1004: Exportable keys must have release policy.")
}

// NoReleasePolicy answers a release policy for a key that is never released
// (recorded).
func NoReleasePolicy() *Error {
	return Bad("AKV.SKR.1005: Non-exportable keys must not have release policy.")
}

// ExportableFixed answers an update that would make a key exportable, or no
// longer so (recorded).
func ExportableFixed() *Error {
	return Bad("AKV.SKR.1014: Cannot modify the exportable state of a key.")
}

// ReleasePolicyFixed answers an update of a release policy that was called
// immutable (recorded).
func ReleasePolicyFixed() *Error {
	return Bad("AKV.SKR.1020: Immutable Key Release Policy cannot be modified.")
}

// NoKeyOperation answers a POST to a key that does not say what to do with it
// (recorded of /keys//create).
func NoKeyOperation() *Error { return Bad("Operation not specified") }

// NotExportable answers a release of a key that was not made to be released.
func NotExportable() *Error {
	return &Error{Reason: Denied, Code: "Forbidden", Inner: "KeyNotExportable", Message: "Operation release is not allowed on a key that is not exportable."}
}

// NoAttestation answers a release that no attestation can justify: this server
// trusts no attestation service.
func NoAttestation() *Error {
	return &Error{Reason: Denied, Code: "Forbidden", Inner: "AccessDenied",
		Message: "Target environment attestation statement cannot be verified."}
}
