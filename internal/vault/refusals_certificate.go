package vault

import (
	"fmt"
	"strings"
)

// The refusals about policies, pending operations and merges.

// NoPending answers for a pending operation that is not there, or not the one asked for.
func NoPending(ref Ref) *Error {
	return &Error{Reason: NotFound, Code: "PendingCertificateNotFound", Message: "Pending certificate not found: " + ref.Name}
}

// NoPendingToEnd answers a merge or a DELETE of a pending operation that is not
// there (recorded with another letter than the rest).
func NoPendingToEnd(ref Ref) *Error {
	e := NoPending(ref)
	e.Message = "Pending Certificate not found: " + ref.Name
	return e
}

// PendingInProgress answers a create or import while one is in progress: status
// 409 with code Forbidden (seed).
func PendingInProgress() *Error {
	return &Error{Reason: Conflict, Code: "Forbidden",
		Message: "A new key vault certificate can not be created or imported while a pending key vault certificate's status is inProgress."}
}

// MergeForbidden answers a merge into an issuer's operation in progress (seed, sic).
func MergeForbidden(issuer string) *Error {
	return &Error{Reason: Denied, Code: "Forbidden",
		Message: "Merge is forbidden on pending object created with issuer : " + issuer + " while it is in progess."}
}

// MergeCompleted answers a merge into an operation that is completed.
func MergeCompleted() *Error {
	return &Error{Reason: Denied, Code: "Forbidden", Message: "Merge is forbidden on a pending object whose status is completed."}
}

// NotAsked refuses an operator's decision on an operation that needs none.
func NotAsked() *Error {
	return &Error{Reason: Conflict, Code: "Conflict", Message: "The operation waits for no decision."}
}

// NothingToRetry refuses to try at once where nothing waits to be tried again.
func NothingToRetry(why string) *Error {
	return &Error{Reason: Conflict, Code: "Conflict", Message: "There is nothing to try again: " + why}
}

// NothingToRevoke refuses to revoke a certificate that is not there yet.
func NothingToRevoke() *Error {
	return &Error{Reason: Conflict, Code: "NotIssued", Message: "The certificate cannot be revoked: it has not been issued yet."}
}

// NotRevocable refuses to revoke a certificate that no issuer of this server made.
func NotRevocable(why string) *Error {
	return &Error{Reason: Conflict, Code: "NotRevocable", Message: "The certificate cannot be revoked: " + why}
}

// NotInProgress answers a PATCH of an operation that has ended: 400 as the seed
// says; the recorded service says 403 (docs/deviations.md).
func NotInProgress() *Error { return Bad("Pending status must be in progress to allow update.") }

// NoX5C answers a merge that brings no certificate.
func NoX5C() *Error {
	return Bad("Property x5c has invalid value X5C must has at least one valid item")
}

// BadX5C answers a merge in which nothing parses or no leaf is found.
func BadX5C() *Error {
	return Bad("Unable to parse X5c certificate chain and locate leaf certificate")
}

// WrongPublicKey answers a merge or import whose leaf is another key's.
func WrongPublicKey() *Error {
	return Bad("The public key of the end-entity certificate in the specified X.509 certificate content does not match the public part of the specified private key. Please check if certificate is valid.")
}

// NoSubject answers a policy that names nobody.
func NoSubject() *Error { return Bad("Either subjectName or san must be present") }

// BadSubject answers a policy whose subject is no X.500 name.
func BadSubject() *Error {
	return Bad("Property policy.x509_props has invalid value. Invalid X.500 distinguished name\r\n")
}

// LongCommonName answers a policy whose common name no certificate may carry and
// whose alternative names do not carry it either.
func LongCommonName(cn string, most int) *Error {
	return Bad("The common name '%s' in x509_props.subject is longer than %d characters, which no certificate may carry (RFC 5280). Shorten it, or put the name into x509_props.sans: then the subject leaves it out.", Shorten(cn), most)
}

// OneAction answers a policy with several lifetime actions.
func OneAction() *Error { return Bad("At most one action is allowed") }

// BadKeySize answers a key size that the type has not.
func BadKeySize(size int, supported ...int) *Error {
	s := strings.ReplaceAll(fmt.Sprint(supported), " ", ", ")
	return BadInner("KeySizeNotSupported", "Unsupported key size (%d). Supported sizes are %s", size, s)
}

// NoHSM answers a -HSM key type in a standard vault.
func NoHSM(t KeyType) *Error {
	return Bad("kty %s needs a vault of sku premium; this one is standard.", t)
}
