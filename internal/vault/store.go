package vault

import (
	"context"
	"errors"
	"time"
)

// What a Store answers when a row is not as hoped. Callers turn them into refusals.
var (
	ErrNotFound = errors.New("no such row")
	ErrStale    = errors.New("the row changed meanwhile")   // a Rev or a lease token is out of date
	ErrExists   = errors.New("there is such a row already") // a version id that is taken
)

// A Store keeps rows and knows no rules.
type Store interface {
	// View runs fn on one consistent snapshot.
	View(ctx context.Context, fn func(Reader) error) error
	// Update runs fn in one serializable transaction that is committed, and on
	// the disk, before Update returns nil. It may run fn again, so fn must not
	// act outside tx: no network, no key generation, no clock. An error of fn
	// rolls back and is returned as it is.
	Update(ctx context.Context, fn func(Tx) error) error
	// Claim hands out up to n jobs due at due that no lease holds at now, and
	// leases them until now+lease. due follows the server's clock, now and
	// lease real time.
	Claim(ctx context.Context, due, now time.Time, lease time.Duration, n int) ([]Lease, error)
	// Take leases one job whatever its due time. ErrNotFound: there is no such
	// job, or a lease holds it.
	Take(ctx context.Context, kind JobKind, ref Ref, now time.Time, lease time.Duration) (Lease, error)
	// Extend prolongs a lease; ErrStale if it is no longer held.
	Extend(ctx context.Context, l Lease, until time.Time) (Lease, error)
	// Reset removes every row but settings and accounts.
	Reset(ctx context.Context) error
	Close() error
}

// A Reader reads rows. Methods for one row return ErrNotFound when there is none.
type Reader interface {
	Tally

	// Vaults lists the names of the vaults that hold objects, issuers or
	// contacts, in ascending order, after one.
	Vaults(after string, limit int) ([]string, error)

	// Object returns the head, deleted or not.
	Object(Ref) (Object, error)
	// Objects lists one collection in ascending order of Ref.Key.
	Objects(ObjectsPage) ([]Entry, error)
	// Heads lists every object that is not managed, deleted or not, in ascending
	// order of vault, kind and key, after one.
	Heads(after Ref, limit int) ([]Head, error)
	Version(ref Ref, id string) (Version, error)
	// Versions lists one object's completed versions in ascending order of id.
	Versions(ref Ref, after string, limit int) ([]Entry, error)

	Operation(Ref) (Operation, error)
	// Underway lists the operations in progress of one vault, or of all for "",
	// in ascending order of vault and key, after a place.
	Underway(vault string, after Ref, limit int) ([]Operation, error)

	Issuer(vault, name string) (IssuerConfig, error)
	// Issuers lists a vault's issuers in ascending order of lower-cased name; after is such a key.
	Issuers(vault, after string, limit int) ([]IssuerConfig, error)
	// Contacts returns ErrNotFound where there is no list.
	Contacts(vault string) ([]Contact, error)

	Job(JobKind, Ref) (Job, error)
	// NextDue returns the earliest due time of the jobs that no lease holds at
	// now; ErrNotFound if there is none.
	NextDue(now time.Time) (time.Time, error)

	// Outbox lists a sink's messages in a state, in order of Seq, after one.
	Outbox(sink string, state MessageState, after int64, limit int) ([]Message, error)
	// Queue lists a sink's queued messages in order of Due.
	Queue(sink string, limit int) ([]Message, error)

	// Life returns what was done for an object; ErrNotFound where nothing was.
	Schedule(Ref) (Schedule, error)

	// Account returns a sealed row of an issuer or the server: an ACME account,
	// a CA's key, a CRL number.
	Account(id string) (Account, error)
	// Setting returns a small value that must survive a restart, such as the clock's offset.
	Setting(key string) (string, error)
}

// Tx reads and writes in one transaction; it sees its own writes.
type Tx interface {
	Reader

	// PutObject inserts (Rev 0) or replaces a head, comparing Rev: ErrStale if
	// it is out of date. It returns the new Rev.
	PutObject(Object) (int64, error)
	// PutVersion inserts a version (ErrExists if the id is taken).
	PutVersion(Version) error
	// UpdateVersion replaces attributes and tags of a version.
	UpdateVersion(ref Ref, id string, a Attributes, tags map[string]string) error
	// DeleteVersion removes one version; no error if there is none.
	DeleteVersion(ref Ref, id string) error
	// Purge removes head, versions, operation, schedule and jobs of one object.
	Purge(Ref) error

	// PutOperation inserts or replaces, comparing Rev as PutObject does.
	PutOperation(Operation) (int64, error)
	// DeleteOperation removes the operation; no error if there is none.
	DeleteOperation(Ref) error

	PutIssuer(IssuerConfig) error
	DeleteIssuer(vault, name string) error // ErrNotFound if there is none
	PutContacts(vault string, c []Contact) error
	DeleteContacts(vault string) error // ErrNotFound if there is none

	// PutJob inserts the job or sets its due time and attempt; a lease on it stays.
	PutJob(Job) error
	// DeleteJob withdraws the job; a worker that holds it finds its lease stale.
	DeleteJob(JobKind, Ref) error
	// PullIn puts right what waits for too late a time, after the clock was set
	// back: jobs of these kinds, and queued messages, that are due later are due
	// at now. A lease on a job stays.
	PullIn(now time.Time, kinds ...JobKind) error
	// Finish ends a leased job; ErrStale if the lease is no longer held.
	// The handler may PutJob again in the same transaction.
	Finish(Lease) error

	// Append adds a message to the outbox: Queued for a sink, else Delivered.
	Append(Message) error
	// PutMessage records state, due time, tries and error of a message by Seq.
	PutMessage(Message) error
	// DropMessages removes up to n rows of a sink in a state that are older than
	// a time, and tells how many.
	DropMessages(sink string, state MessageState, before time.Time, n int) (int, error)

	// PutSchedule inserts or replaces what was done for an object.
	PutSchedule(Ref, Schedule) error

	PutAccount(Account) error // compares Rev; ErrStale
	PutSetting(key, value string) error
}

// An ObjectsPage asks for rows after a key, never for row numbers.
type ObjectsPage struct {
	Vault          string
	Kind           Kind
	Deleted        bool // the soft-deleted ones but for what belongs to a certificate, else those that are not
	IncludePending bool // also certificates that were never completed
	After          string
	Limit          int
}

// A Head is an object and when its age or its deletion asks for something.
type Head struct {
	Ref
	Due time.Time // of its JobSchedule or JobPurge, the earlier one; zero if there is none
}

// An Account is a sealed row that an issuer or the server keeps for itself.
type Account struct {
	ID   string
	Body Sealed
	Rev  int64
}
