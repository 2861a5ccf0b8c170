package vault

import (
	"context"
	"errors"
	"time"
)

// What a Store answers when a row is not as hoped. Callers turn them into refusals.
var (
	ErrNotFound = errors.New("no such row")
	ErrStale    = errors.New("the row changed meanwhile")   // a Rev or a lease is out of date
	ErrExists   = errors.New("there is such a row already") // a version id that is taken

	// ErrAltered: something else than this program wrote the row. It is a fault,
	// and no caller acts on what the row says.
	ErrAltered = errors.New("the row does not bear its seal: it was not written by this server")
)

// A Store keeps rows and knows no rules.
type Store interface {
	// View runs fn on one consistent snapshot.
	View(ctx context.Context, fn func(Reader) error) error
	// Update runs fn in one transaction that is committed, and on the disk,
	// before Update returns nil. It may run fn again, so fn must not act outside
	// tx: no network, no key generation, no clock. A write may answer that all is well
	// before that is known; where it is not, nothing stays, and fn runs again and
	// hears of it. An error of fn undoes all that
	// it wrote and is returned as it is. Of two transactions that put the same
	// object one gets ErrStale: that is all the isolation there is.
	Update(ctx context.Context, fn func(Tx) error) error
	// Claim hands out up to n jobs whose due time is not after due (of the server's
	// clock), one for each object, of objects that no lease holds at now (real
	// time), and leases those objects until now+lease.
	Claim(ctx context.Context, due, now time.Time, lease time.Duration, n int) ([]Lease, error)
	// Extend prolongs a lease; ErrStale if it is no longer held.
	Extend(ctx context.Context, l Lease, until time.Time) (Lease, error)
	// Reset removes every row but settings and accounts.
	Reset(ctx context.Context) error
	Close() error
}

// A Reader reads rows. Methods for one row return ErrNotFound when there is none.
type Reader interface {
	// Object returns the state of a name, deleted or not. Where a key or secret is
	// asked for and a certificate has the name, that is the certificate as
	// Object.As shows it: Managed, without policy, schedule and jobs.
	Object(Ref) (Object, error)
	// Objects lists one collection in ascending order of Ref.Key.
	Objects(ObjectsPage) ([]Entry, error)
	// AllObjects lists objects of every kind, deleted or not, in ascending order
	// of vault, key and kind, after one.
	AllObjects(after Ref, limit int) ([]Object, error)
	// Revisions lists the revisions of the same objects, whose names it gives as
	// keys. It is for who needs to read only those that were written since it last
	// looked, and proves no row.
	Revisions(after Ref, limit int) ([]Revised, error)
	// Orders lists the certificates whose operation has a status, InProgress or
	// Failed, deleted ones too, in ascending order of vault and key, after a place;
	// of one vault, or of all for "".
	Orders(status Status, vault string, after Ref, limit int) ([]Object, error)
	// Vaults lists the names of the vaults that hold objects, issuers or
	// contacts, in ascending order, after one; not "-", where sinks and the sweep are.
	Vaults(after string, limit int) ([]string, error)

	// Names tells how many names of a kind a vault holds, deleted ones too; it
	// stops at most.
	Names(vault string, kind Kind, most int) (int, error)

	// Version returns one version. Of a certificate it may be asked for as a
	// certificate, key or secret, and is shown as that.
	Version(ref Ref, id string) (Version, error)
	// Versions lists one object's versions in ascending order of id.
	Versions(ref Ref, after string, limit int) ([]Entry, error)

	Issuer(vault, name string) (IssuerConfig, error)
	// Issuers lists a vault's issuers in ascending order of lower-cased name; after is such a key.
	Issuers(vault, after string, limit int) ([]IssuerConfig, error)
	// Contacts returns ErrNotFound where there is no list.
	Contacts(vault string) ([]Contact, error)

	// NextDue returns the earliest due time of the jobs of objects that no lease
	// holds at now; ErrNotFound if there is none.
	NextDue(now time.Time) (time.Time, error)

	// Outbox lists a sink's messages in a state, in order of Seq, after one; sink ""
	// has those that people and streams read.
	Outbox(sink string, state MessageState, after int64, limit int) ([]Message, error)
	// Queue lists a sink's queued messages in order of Due.
	Queue(sink string, limit int) ([]Message, error)
	// Count tells how many messages of a sink are in a state; it stops at most.
	Count(sink string, state MessageState, most int) (int, error)

	// Account returns a sealed row of an issuer or the server: an ACME account,
	// a CA's key, a CRL number.
	Account(id string) (Account, error)
	// Setting returns a small value that must survive a restart, such as the clock's offset.
	Setting(key string) (string, error)
}

// Tx reads and writes in one transaction; it sees its own writes.
type Tx interface {
	Reader

	// PutObject inserts (Rev 0) or replaces an object, and sets its new Rev; that of
	// a new one is none that an object of its name had before.
	// ErrStale: its Rev is out of date; of a new one, the name is taken, by an
	// object of the kind or by one that a certificate cannot share it with.
	PutObject(*Object) error
	// Purge removes an object, as it was read, with its versions. What it held is
	// gone for every reader at once, and soon after from the disk. ErrStale: its Rev
	// is out of date.
	Purge(Object) error

	// PutVersion inserts a version of an object that is there (else ErrNotFound);
	// ErrExists if the id is taken.
	PutVersion(Version) error
	// UpdateVersion replaces attributes and tags of a version; ErrNotFound if there is none.
	UpdateVersion(ref Ref, id string, a Attributes, tags map[string]string) error
	// DeleteVersion removes one version; no error if there is none.
	DeleteVersion(ref Ref, id string) error

	PutIssuer(IssuerConfig) error
	DeleteIssuer(vault, name string) error // ErrNotFound if there is none
	PutContacts(vault string, c []Contact) error
	DeleteContacts(vault string) error // ErrNotFound if there is none

	// Append adds a message to the outbox: Queued where it has a Sink; without one,
	// for who reads, Delivered.
	Append(Message) error
	// PutMessage records state, due time, tries and error of a message by Seq.
	PutMessage(Message) error
	// DropMessages removes rows of a sink in a state that are older than a time.
	// It looks at the first n and tells how many it removed.
	DropMessages(sink string, state MessageState, before time.Time, n int) (int, error)
	// HastenMessages lets queued messages that are due after now be due at now:
	// the clock was set back.
	HastenMessages(now time.Time) error

	PutAccount(Account) error // compares Rev; ErrStale
	PutSetting(key, value string) error
}

// An ObjectsPage asks for rows after a key, never for row numbers.
type ObjectsPage struct {
	Vault          string
	Kind           Kind
	Deleted        bool // the soft-deleted ones but for what belongs to a certificate, else those that are not
	IncludePending bool // also certificates that were never completed
	Own            bool // of keys and secrets those alone that belong to no certificate
	After          string
	Limit          int
}

// A Revised is an object and its revision.
type Revised struct {
	Ref
	Rev int64
}

// An Account is a sealed row that an issuer or the server keeps for itself.
type Account struct {
	ID   string
	Body Sealed
	Rev  int64
}
