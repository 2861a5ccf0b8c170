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

// NoToken answers a request without a usable bearer token.
func NoToken() *Error {
	return &Error{Reason: Unauthenticated, Code: "Unauthorized", Message: "AKV10000: Request is missing a Bearer or PoP token."}
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

// NoIssuer answers a GET or DELETE of an issuer that is not there.
func NoIssuer() *Error {
	return &Error{Reason: NotFound, Code: "CertificateIssuerNotFound", Message: "Issuer not found"}
}

// NoIssuerNamed answers a PATCH of an issuer that is not there.
func NoIssuerNamed(name string) *Error {
	return &Error{Reason: NotFound, Code: "CertificateIssuerNotFound", Message: "Issuer " + name + " not found"}
}

// PolicyIssuerUnknown answers a policy that names an issuer that is not there.
func PolicyIssuerUnknown(name string) *Error { return Bad("Issuer %s not found", name).OfIssuer() }

// PolicyIssuerDisabled answers a create with an issuer that is switched off.
func PolicyIssuerDisabled(name string) *Error { return Bad("Issuer %s is disabled", name).OfIssuer() }

// NoProvider answers an issuer whose provider this server has not.
func NoProvider(provider string) *Error {
	return Bad("This server has no provider %s; its operator names those that there are in the configuration, under providers.", provider)
}

// PolicyProviderUnknown answers a create with an issuer whose provider this
// server has not.
func PolicyProviderUnknown(provider, issuer string) *Error {
	return Bad("This server has no provider %s, which issuer %s names.", provider, issuer).OfIssuer()
}

// NoEmailsAtDigiCert answers a policy with e-mail names and an issuer of provider
// DigiCert (recorded in hashicorp/terraform-provider-azurerm issue 20960).
func NoEmailsAtDigiCert() *Error {
	return Bad("DigiCert doesn't support emails in subject alternate names with order for a Ssl certificate")
}

// NoContacts answers where a vault has no contacts.
func NoContacts() *Error {
	return &Error{Reason: NotFound, Code: "ContactsNotFound", Message: "Contacts not found"}
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

// NoAccounts refuses to register anew what has no account at an authority.
func NoAccounts(provider string) *Error {
	return &Error{Reason: Conflict, Code: "Conflict", Message: "Provider " + provider + " has no accounts that could be registered; kind acme has."}
}

// NothingToRetry refuses to try at once where nothing waits to be tried again.
func NothingToRetry(why string) *Error {
	return &Error{Reason: Conflict, Code: "Conflict", Message: "There is nothing to try again: " + why}
}

// NotRevocable refuses to revoke a certificate that no issuer of this server made.
func NotRevocable(why string) *Error {
	return &Error{Reason: Conflict, Code: "Conflict", Message: "The certificate cannot be revoked: " + why}
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

// BadPFX answers a PKCS#12 import that cannot be read.
func BadPFX() *Error {
	return Bad("The specified PKCS#12 X.509 certificate content can not be read. Please check if certificate is in valid PKCS#12 format.")
}

// BadPEM answers a PEM import that cannot be read.
func BadPEM() *Error {
	return Bad("The specified PEM X.509 certificate content can not be read. Please check if certificate is in valid PEM format. Accepted formats: PEM content or Base64 encoded PEM content.")
}

// OddPEM answers a PEM import with blocks that are not accepted.
func OddPEM() *Error {
	return Bad("The specified PEM X.509 certificate content is in an unexpected format. Please check if certificate is in valid PEM format.")
}

// NotText answers a PEM import that is no text.
func NotText() *Error {
	return Bad("The specified PEM X.509 certificate content holds zero bytes and is not UTF-16, so it is not text. Please save it as UTF-8.")
}

// TooManyRounds answers an import whose password would cost too much to try.
func TooManyRounds(limit int) *Error {
	return Bad("The specified X.509 certificate content asks for too many rounds of key derivation: up to %d are taken, for a key and up to six certificates. Please export it with fewer rounds.", limit)
}

// OddEncryption answers an import that is encrypted in a way that is not known here.
func OddEncryption() *Error {
	return Bad("The specified X.509 certificate content is encrypted or authenticated in a way that is not supported. Please export it with AES-256 and SHA-256, or with 3DES and SHA-1.")
}

// OddKey answers an import whose key is of a kind that the API does not have.
func OddKey() *Error {
	return Bad("The private key in the specified X.509 certificate content is of a kind that is not supported. Please use an RSA key, or an EC key on P-256, P-384, P-521 or P-256K (secp256k1) with the curve given by its name.")
}

// NoPrivateKey answers an import without a private key, or with several
// (recorded in Azure/azure-sdk-for-net issue 26492).
func NoPrivateKey() *Error {
	return Bad("No certificate with private key found in the specified X.509 certificate content. Please specify X.509 certificate content with only one certificate containing private key.")
}

// BadX509 answers an import whose certificate will not do.
func BadX509() *Error {
	return Bad("The specified X.509 certificate content is invalid. Error: One or more X.509 properties are invalid.")
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

// NameOfCertificate answers a plain key or secret whose name a certificate has.
func NameOfCertificate(ref Ref) *Error {
	return &Error{Reason: Conflict, Code: "Conflict",
		Message: fmt.Sprintf("A certificate with name %s already exists, so the name cannot be used for a %s.", ref.Name, ref.Kind.Noun())}
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

// NoHSM answers a -HSM key type in a standard vault.
func NoHSM(t KeyType) *Error {
	return Bad("kty %s needs a vault of sku premium; this one is standard.", t)
}

// NoRoute answers an unknown path.
func NoRoute(path string) *Error {
	return &Error{Reason: NotFound, Code: "NotFound", Message: "There is no operation at " + path + "."}
}

// WrongMethod answers a known path with a method it has not.
func WrongMethod(method string) *Error {
	return &Error{Reason: NoMethod, Code: "MethodNotAllowed", Message: "HTTP " + method + " not allowed"}
}

// NotJSON answers a request whose body is of another media type, or of none: the
// one refusal that has no code.
func NotJSON(media string) *Error {
	e := &Error{Reason: Unsupported, Message: "The request entity's media type '" + Shorten(media) + "' is not supported for this resource."}
	if media == "" {
		e.Message = "The request contains an entity body but no Content-Type header. The inferred media type 'application/octet-stream' is not supported for this resource."
	}
	return e
}

// BodyTooLarge answers a request whose body is over the limit, in bytes.
func BodyTooLarge(limit int64) *Error {
	return &Error{Reason: TooLarge, Code: "RequestEntityTooLarge", Message: fmt.Sprintf("The request body is larger than %d bytes.", limit)}
}

// FromPage answers a request that a web page made a browser send.
func FromPage() *Error {
	return &Error{Reason: Denied, Code: "Forbidden", Message: "Requests that a web page makes a browser send are refused: the Sec-Fetch-Site or the Origin header says that this is one."}
}

// TooManyLarge answers a large body while as many as there is room for arrive.
func TooManyLarge() *Error {
	return &Error{Reason: Throttled, Code: "Throttled", Message: "Too many large requests are being received at once; try again."}
}

// InternalFault hides what went wrong inside; the log has it under requestID.
func InternalFault(requestID string) *Error {
	return &Error{Reason: Internal, Code: "InternalServerError", Message: "An internal error occurred; the server's log has it under request " + requestID + "."}
}

// NoDeadMessage answers a request to send a message again that was not given up.
func NoDeadMessage(seq int64) *Error {
	return &Error{Reason: NotFound, Code: "MessageNotFound", Message: fmt.Sprintf("No message %d failed permanently.", seq)}
}

// TooManyListeners answers a program that wants to listen to events when enough do.
func TooManyListeners(limit int) *Error {
	return &Error{Reason: Unavailable, Code: "ServiceUnavailable", Message: fmt.Sprintf("%d programs listen already, which is the most there may be; try again.", limit)}
}
