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

// IssuerResources is the Kind in the Ref of a message about an issuer resource.
const IssuerResources Kind = "issuers"

// VaultJobs is where the jobs are about a vault's list of contacts or one of its
// issuers: not one that callers can reach.
const VaultJobs Kind = "lists"

// Public reports whether URLs lead to objects of the kind.
func (k Kind) Public() bool { return k == Certificates || k == Keys || k == Secrets }

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

// An Object is the whole state of one name in a vault but for its versions: one
// row with one revision. A key or secret that belongs to a certificate has no
// row of its own: it is the certificate's, seen as a key or secret (Managed).
// Sinks, lists of contacts, withdrawn orders and the daily sweep are objects as
// well, for the sake of their jobs; no URL leads to those.
type Object struct {
	Ref
	Latest      string             // id of the version served when the caller names none
	Placeholder *Placeholder       // of a certificate without a completed version, under the id Latest; nil: there is one
	Managed     bool               // seen as a key or secret; it cannot be put
	Policy      *Policy            // certificates only
	Rotation    *KeyRotationPolicy // keys only; nil: the default
	Deletion    *Deletion          // set while soft-deleted
	Operation   *Operation         // the pending object of a certificate, ended or not; nil: there is none
	Schedule    Schedule           // what was done for a version, and what is planned
	Created     time.Time
	Rev         int64 // grows with every write and every claim; the store refuses a stale one

	Jobs    map[JobKind]time.Time // when its work falls due, on the server's (shifted) clock
	Lease   Hold                  // who works on one of them; the zero Hold: nobody
	Attempt int                   // failed tries of that work so far
	Later   Later                 `json:"-"`
}

// A Placeholder is what is shown of a certificate before its first version is
// complete: disabled, with the dates that it would have
// (docs/contract/certificates.md).
type Placeholder struct {
	Attributes Attributes
	Tags       map[string]string
	Later      Later `json:"-"`
}

// As returns a certificate seen as its key or secret.
func (o Object) As(k Kind) Object {
	if k == o.Kind {
		return o
	}
	return Object{Ref: o.Ref.As(k), Managed: true, Latest: o.Latest, Placeholder: o.Placeholder, Deletion: o.Deletion,
		Operation: o.Operation, Created: o.Created, Lease: o.Lease, Attempt: o.Attempt, Rev: o.Rev}
}

// Pending reports whether no version of a certificate was ever completed.
func (o Object) Pending() bool { return o.Placeholder != nil }

// InProgress reports whether the object has an operation in progress.
func (o Object) InProgress() bool { return o.Operation != nil && o.Operation.Status == InProgress }

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

// A Version is one issue of an object. After it is stored only Attributes and Tags
// change. One of a certificate is its key's and its secret's too: all three have
// its id, its dates and its tags.
type Version struct {
	Ref
	ID         string // 32 lower-case hex digits
	Attributes Attributes
	Tags       map[string]string // nil: none
	Managed    bool              // of a certificate, seen as a key or secret by Ref.Kind
	Pending    bool              // a Placeholder, seen as a version; it is not stored as one

	// By Ref.Kind the one that is set; of a certificate all three; none on a placeholder.
	Certificate *CertificateBody
	Key         *KeyBody
	Secret      *SecretBody
	Later       Later `json:"-"`
}

// As returns the version of a certificate seen as its key or secret.
func (v Version) As(k Kind) Version {
	v.Managed = k != Certificates
	v.Ref.Kind = k
	return v
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
	Later         Later    `json:"-"`
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
	Later      Later       `json:"-"`
}

// SecretBody is what a secret version carries.
type SecretBody struct {
	ContentType string
	Value       Sealed // nil where Form is set
	Form        int    // of a certificate's: how the value is made of key and chain when it is read; 0: it is stored
	Previous    string // id of the version before this one; "" for the first
	Later       Later  `json:"-"`
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
