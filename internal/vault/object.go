package vault

import (
	"strings"
	"time"
)

// Kind is the collection an object lives in, spelled as in its URL.
type Kind string

// The three collections of a vault.
const (
	Certificates Kind = "certificates"
	Keys         Kind = "keys"
	Secrets      Kind = "secrets"
)

// Withdrawn is where operations wait, by their request ids, that were removed
// while their issuer still works on them. No URL leads there.
const Withdrawn Kind = "withdrawn"

// Sinks is where the jobs are that deliver messages, by the names of their
// sinks, in the vault "-". No URL leads there.
const Sinks Kind = "sinks"

// IssuerResources is the kind of what messages about an issuer resource are of.
const IssuerResources Kind = "issuers"

// Lists is where the jobs are about a vault's list of contacts or one of its
// issuers: not one that callers can reach.
const Lists Kind = "lists"

// Noun returns the word that messages use for one object of the kind, such as "certificate".
func (k Kind) Noun() string { return strings.TrimSuffix(string(k), "s") }

// Title returns Noun with a capital, as refusal codes spell it: "CertificateNotFound".
func (k Kind) Title() string {
	n := k.Noun()
	if n == "" {
		return ""
	}
	return strings.ToUpper(n[:1]) + n[1:]
}

// A Ref names one object: its vault, its kind, its name as the caller typed it.
type Ref struct {
	Vault string
	Kind  Kind
	Name  string
}

// Key returns the name in the form that names are compared and sorted by:
// lower case, because Key Vault identifiers are case-insensitive (docs/contract/certificates.md).
func (r Ref) Key() string { return strings.ToLower(r.Name) }

// As returns the Ref of the object of the same name in another collection.
func (r Ref) As(k Kind) Ref { r.Kind = k; return r }

// String names the object as it stands in paths and bindings: "vault/kind/key".
func (r Ref) String() string { return r.Vault + "/" + string(r.Kind) + "/" + r.Key() }

// An Object is the head of a certificate, key or secret: what is true of all its versions.
type Object struct {
	Ref
	Latest   string             // id of the version served when the caller names none
	Pending  bool               // no version was ever completed; Latest is a placeholder (docs/contract/certificates.md)
	Managed  bool               // a key or secret that backs a certificate
	Policy   *Policy            // certificates only
	Rotation *KeyRotationPolicy // keys only; nil: the default
	Deletion *Deletion          // set while soft-deleted
	Created  time.Time
	Rev      int64 // grows by one with every write; the store refuses a stale one
}

// A Deletion says since when an object is deleted and when it may be purged.
type Deletion struct{ At, PurgeAt time.Time }

// Attributes are the dates and the switch that every version carries.
// Times are UTC, whole seconds; the zero time means not set.
type Attributes struct {
	Enabled            bool
	NotBefore, Expires time.Time
	Created, Updated   time.Time
}

// Changed returns the attributes as of a change at a moment. Versions made within
// a second are dated apart, ahead of the clock: a change is never dated before
// the creation.
func (a Attributes) Changed(at time.Time) Attributes {
	if a.Updated = at; at.Before(a.Created) {
		a.Updated = a.Created
	}
	return a
}

// A Version is one issue of an object. After it is stored only Attributes and Tags change.
type Version struct {
	Ref
	ID         string // 32 lower-case hex digits, the same for certificate, key and secret
	Attributes Attributes
	Tags       map[string]string // nil: none
	Managed    bool              // a key or secret that backs a certificate
	Pending    bool              // the placeholder of a certificate whose first version is not complete

	// Exactly one is set, by Ref.Kind; none on a placeholder.
	Certificate *CertificateBody
	Key         *KeyBody
	Secret      *SecretBody
}

// CertificateBody is what a certificate version carries.
type CertificateBody struct {
	Leaf          []byte   // DER
	Chain         [][]byte // DER, every certificate of the version in its stored order, the leaf among them
	Thumbprint    []byte   // SHA-1 of Leaf, the x5t on the wire
	Subject       string   // of the leaf, for lists
	PreserveOrder bool     // Chain keeps the order that the caller gave
	IssuerRef     []byte   // what the issuer noted for a later revoke or renewal; may be nil
	IssuerName    string   // the issuer resource that made it; "" for Self, a merge or an import
	Provider      string   // of that issuer
}

// KeyBody is what a key version carries.
type KeyBody struct {
	Type       KeyType
	Curve      Curve    // EC only
	Size       int      // bits
	Public     []byte   // PKIX DER; nil for oct
	Operations []string // key_ops
	Exportable bool
	Release    []byte      // release_policy as sent, JSON; nil when not given
	Private    Sealed      // PKCS#8 DER; of an oct key its bytes
	Spelling   KeySpelling `json:",omitzero"`
}

// SecretBody is what a secret version carries.
type SecretBody struct {
	ContentType string
	Value       Sealed
	Previous    string // id of the version before this one; "" for the first
}

// An Entry is what a list shows of an object or version; it is read without any body.
type Entry struct {
	Ref
	ID          string // version id; the latest one's in a list of objects
	Attributes  Attributes
	Tags        map[string]string
	Managed     bool
	Pending     bool
	Thumbprint  []byte
	Subject     string
	ContentType string
	KeyType     KeyType // of a key
	Exportable  bool    // of a key
	Deletion    *Deletion
}

// Entry returns what a list shows of the version.
func (v Version) Entry() Entry {
	e := Entry{Ref: v.Ref, ID: v.ID, Attributes: v.Attributes, Tags: v.Tags, Managed: v.Managed, Pending: v.Pending}
	if v.Certificate != nil {
		e.Thumbprint, e.Subject = v.Certificate.Thumbprint, v.Certificate.Subject
	}
	if v.Key != nil {
		e.KeyType, e.Exportable = v.Key.Type, v.Key.Exportable
	}
	if v.Secret != nil {
		e.ContentType = v.Secret.ContentType
	}
	return e
}
