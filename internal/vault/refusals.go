package vault

import (
	"fmt"
	"strings"
)

// The book of refusals: one function each, so that a text is found, tested and
// corrected in one place. Sources: seed "Monitor and manage certificate
// creation", docs/contract/refusals.md. Where nothing was recorded,
// the text is one plain sentence that names the field (docs/contract/refusals.md).

const recoverHint = " was not found in this key vault. If you recently deleted this %[1]s you may be able to recover it using the correct recovery command. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182"

// Bad is a 400 BadParameter with one plain sentence.
func Bad(format string, args ...any) *Error {
	return &Error{Reason: Invalid, Code: "BadParameter", Message: fmt.Sprintf(format, args...)}
}

// BadInner is Bad with an inner code.
func BadInner(inner, format string, args ...any) *Error {
	e := Bad(format, args...)
	e.Inner = inner
	return e
}

// BadName answers a name of an object that no object can have.
func BadName(name string) *Error {
	return Bad("The request URI contains an invalid name: %s", Shorten(name))
}

// NoSuchObject answers for a name that is not there.
func NoSuchObject(ref Ref) *Error { return notFound(ref.Kind, ref.Name) }

// NoSuchVersion answers for a version that is not there. Certificates spell
// the path with "/versions/", keys and secrets without (docs/contract/refusals.md).
func NoSuchVersion(ref Ref, id string) *Error {
	if ref.Kind == Certificates {
		return notFound(ref.Kind, ref.Name+"/versions/"+id)
	}
	return notFound(ref.Kind, ref.Name+"/"+id)
}

func notFound(k Kind, what string) *Error {
	return &Error{Reason: NotFound, Code: k.Title() + "NotFound",
		Message: fmt.Sprintf("A %[1]s with (name/id) %[2]s"+recoverHint, k.Noun(), what)}
}

// NoSuchDeleted answers for a name that is not among the deleted.
func NoSuchDeleted(ref Ref) *Error {
	return &Error{Reason: NotFound, Code: ref.Kind.Title() + "NotFound", Message: fmt.Sprintf("Deleted %s not found: %s", ref.Kind.Title(), ref.Name)}
}

// CorruptBackup answers a restore of something too short to be a backup of any
// version (recorded of 12 bytes; of thousands of zeros, BadBackup).
func CorruptBackup() *Error {
	return &Error{Reason: Invalid, Code: "Malformed backup blob", Message: "Backup blob is corrupt."}
}

// BadBackup answers a restore of something else that is no backup.
func BadBackup() *Error {
	return &Error{Reason: Invalid, Code: "Malformed backup blob", Message: "Backup blob contains invalid or corrupt version."}
}

// RestoreConflict answers a restore over a name in use; url is the object's id.
func RestoreConflict(k Kind, url string) *Error {
	return &Error{Reason: Conflict, Code: "Conflict", Message: fmt.Sprintf("There was a conflict restoring the %[1]s '%[2]s'. This can happen if either: a second %[1]s with the same name was created after the first %[1]s was deleted; thus trying to restore a %[1]s whose name is already in use. To fix this, rename the second %[1]s to something else so that the restore works. The second probable cause of this exception is when multiple operations are performed in parallel against the %[1]s. To avoid this error, perform operations against a %[1]s in a sequential manner.", k.Noun(), url)}
}

// DeletedButRecoverable answers a create, import or restore over a soft-deleted name.
func DeletedButRecoverable(ref Ref) *Error {
	return &Error{Reason: Conflict, Code: "Conflict", Inner: "ObjectIsDeletedButRecoverable",
		Message: fmt.Sprintf("%s %s is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the %s can only be recovered or purged.", ref.Kind.Title(), ref.Name, ref.Kind.Noun())}
}

// NameInUse answers a certificate whose name a plain key or secret has.
func NameInUse(ref Ref) *Error {
	return &Error{Reason: Conflict, Code: "Conflict",
		Message: fmt.Sprintf("A %s with name %s already exists and is not managed by a certificate, so the name cannot be used for a certificate.", ref.Kind.Noun(), ref.Name)}
}

// OfState reports whether a refusal that arrives as Forbidden is about how its
// object is, or how many there are, and not about who asks.
func (e *Error) OfState() bool {
	if e.Reason != Denied {
		return false
	}
	switch e.Inner {
	case "AccessDenied", "ForbiddenByRbac", "ForbiddenByFirewall":
		return false
	case "ForbiddenByPolicy":
		return e.Message == PurgeProtected().Message
	case "":
		return strings.HasPrefix(e.Message, "Merge is forbidden")
	}
	return true
}

// NameOfCertificate answers a plain key or secret whose name a certificate has.
func NameOfCertificate(ref Ref) *Error {
	return &Error{Reason: Conflict, Code: "Conflict",
		Message: fmt.Sprintf("A certificate with name %s already exists, so the name cannot be used for a %s.", ref.Name, ref.Kind.Noun())}
}

// QuotaFull answers a new name in a vault that holds as many of the kind as it may.
func QuotaFull(k Kind, vaultName string, most int) *Error {
	return &Error{Reason: Denied, Code: "Forbidden", Inner: "QuotaExceeded", Message: fmt.Sprintf(
		"Vault %s holds %d %s, deleted ones that are not purged yet among them, which is the most that it may: purge some, or have its operator raise the quota.", vaultName, most, k)}
}

// VersionsFull answers another version of a name that has as many as it may.
func VersionsFull(ref Ref, most int) *Error {
	return &Error{Reason: Denied, Code: "Forbidden", Inner: "QuotaExceeded", Message: fmt.Sprintf(
		"%s %s has %d versions, which is the most that a name may have in vault %s: take another name, or have its operator raise max_versions. It is renewed by itself all the same.", ref.Kind.Title(), ref.Name, most, ref.Vault)}
}

// ExistsAlready answers a recover of an object that is not deleted.
func ExistsAlready(ref Ref) *Error {
	return &Error{Reason: Invalid, Code: "MethodNotAllowed", Inner: "RequestNotAllowedOnNonDeletedObject",
		Message: fmt.Sprintf("%s exists already: %s", ref.Kind.Title(), ref.Name)}
}

// ManagedObject answers a direct write to a certificate's key or secret.
func ManagedObject(k Kind, verb string) *Error {
	return &Error{Reason: Denied, Code: "Forbidden", Inner: k.Title() + "ManagedByKeyVault",
		Message: fmt.Sprintf("Operation %q is not allowed as this object's lifetime is managed by Key Vault.", verb)}
}

// DisabledObject answers a read of the value of a disabled version.
func DisabledObject(k Kind, verb string) *Error {
	return &Error{Reason: Denied, Code: "Forbidden", Inner: k.Title() + "Disabled",
		Message: fmt.Sprintf("Operation %s is not allowed on a disabled %s.", verb, k.Noun())}
}

// PurgeProtected answers a purge in a vault that forbids it.
func PurgeProtected() *Error {
	return &Error{Reason: Denied, Code: "Forbidden", Inner: "ForbiddenByPolicy",
		Message: "Operation \"purge\" is not allowed because purge protection is enabled for this vault. Key Vault service will automatically purge it after the retention period has passed."}
}
