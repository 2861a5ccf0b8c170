package vault

import (
	"context"
	"errors"
	"time"
)

// IssuerConfig is an issuer resource as a caller registers it in a vault.
// Empty members were not given.
type IssuerConfig struct {
	Vault, Name, Provider string // Name and Provider as typed
	Credentials           *Credentials
	Organization          *Organization
	Enabled               bool
	Created, Updated      time.Time
	Later                 Later `json:"-"`
}

// Credentials sign the vault in at the issuer. The password is write-only on
// the wire and sealed at rest, bound to IssuerBinding.
type Credentials struct {
	AccountID string
	Password  Sealed // nil: none
	Later     Later  `json:"-"`
}

// Organization is who orders.
type Organization struct {
	ID     string
	Admins []Admin // nil: not given
	Later  Later   `json:"-"`
}

// An Admin is a person at the organization.
type Admin struct {
	FirstName, LastName, Email, Phone string
	Later                             Later `json:"-"`
}

// IssuerBinding is the place an issuer's sealed password is bound to.
func IssuerBinding(vault, name string) string {
	return Ref{Vault: vault, Kind: "issuers", Name: name}.String()
}

// An Issuer takes an order one step further. Step is called again after a
// crash or a restart with the same Order.ID, so it must be idempotent. An
// error is transient, "could not tell, ask again", and may be a *RetryError;
// a refusal is a Progress, not an error. An Issuer sees a CSR and its own
// saved state, never a private key.
type Issuer interface {
	Step(ctx context.Context, o Order) (Progress, error)
}

// A Canceler is an Issuer that can also withdraw an order. Progress.Cancelled
// tells that it did; otherwise the order goes on.
type Canceler interface {
	Cancel(ctx context.Context, o Order) (Progress, error)
}

// A Validator is an Issuer that can tell before any order that an issuer
// resource or a policy will not do. It returns a refusal and uses no network.
type Validator interface {
	ValidateIssuer(cfg IssuerConfig) error
	ValidatePolicy(cfg IssuerConfig, p Policy) error
}

// A Namer is an Issuer that orders more DNS names than the alternative names:
// those that Names finds in the subject must stand in the request as well.
type Namer interface {
	Names(x X509Props) []string
}

// An Immediate is an Issuer that may have nothing to wait for: where IssuesAtOnce says
// so, the first GET of the operation takes the step itself (docs/issuers/writing-one.md).
type Immediate interface {
	IssuesAtOnce(o Order) bool
}

// A Player is an Issuer behind which no authority stands. Plays says so of a
// provider, in a sentence for the history.
type Player interface {
	Plays(provider string) string
}

// A PendingLimiter is an Issuer whose orders must end at some time. PendingLimit is how
// long after its creation an order may still be waiting at an authority that
// answers; 0 is for ever. One that cannot be reached is waited for all the same
// (docs/issuers/writing-one.md).
type PendingLimiter interface {
	PendingLimit() time.Duration
}

// A Registrar is an Issuer that has an account at its authority for each issuer
// resource. Register makes a new one for the same credentials, which new orders
// use, and returns its name there. A *Error is a refusal that its caller may see.
type Registrar interface {
	Register(ctx context.Context, cfg IssuerConfig, password Hidden) (account string, err error)
}

// A Revoker is an Issuer that can revoke what it issued. A *Error is a refusal
// that its caller may see; revoking twice is none.
type Revoker interface {
	Revoke(ctx context.Context, r Revocation) error
}

// A Revocation asks that one certificate be valid no more.
type Revocation struct {
	Issuer   IssuerConfig
	Password Hidden   // the issuer's password, opened
	Ref      []byte   // Progress.Ref of the order that made it
	Chain    [][]byte // DER, the certificate itself first
	Reason   int      // RFC 5280 section 5.3.1; 0 is unspecified
	Now      time.Time
}

// A Suggester is an Issuer whose authority says when what it issued should be
// renewed (RFC 9773). ErrNotFound: it says nothing of this certificate, and
// need not be asked again.
type Suggester interface {
	Suggest(ctx context.Context, i Issued) (Suggestion, error)
}

// Issued is a certificate that an issuer made before.
type Issued struct {
	Issuer   IssuerConfig
	Password Hidden   // the issuer's password, opened
	Ref      []byte   // Progress.Ref of the order that made it
	Chain    [][]byte // DER, the certificate itself first
	Now      time.Time
}

// A Suggestion is the window in which an authority wants a renewal, and when
// to ask again.
type Suggestion struct {
	Start, End time.Time
	Again      time.Duration
}

// Accounts keeps what an issuer must not forget between orders, such as an
// account key or a CRL number: small rows, sealed at rest. An id begins with
// the kind of the provider and its name, "acme/LetsEncrypt/...".
type Accounts interface {
	// Read returns the row and its revision; ErrNotFound if there is none.
	Read(ctx context.Context, id string) (plain []byte, rev int64, err error)
	// Write stores the row, rev 0 for a new one: ErrStale if another was faster.
	Write(ctx context.Context, id string, plain []byte, rev int64) error
}

// Unchanged are Accounts that tell, for less than reading it costs, whether a row
// is still at the revision that it was read at, 0 for one that was not there.
// false: it has to be read.
type Unchanged interface {
	Unchanged(ctx context.Context, id string, rev int64) bool
}

// Dated is what has rows that servers share: these are dated by one clock, the
// database's, which may be ahead of this process's.
type Dated interface{ Ahead() time.Duration }

// Ahead is by how much the clock that rows are dated by is ahead of this process's; 0
// where no other process has them.
func Ahead(of any) time.Duration {
	if rows, ok := of.(Dated); ok {
		return rows.Ahead()
	}
	return 0
}

// An Order is one request for a certificate, as an Issuer sees it.
type Order struct {
	ID              string // the operation's request id; the idempotency key
	Ref             Ref
	CSR             []byte // DER
	Policy          Policy
	Issuer          IssuerConfig // as it is now, or the snapshot kept with the order
	Password        Hidden       // the issuer's password, opened
	State           []byte       // what Step last returned; nil on the first call
	Attempt         int          // errors in a row so far
	CancelRequested bool
	Created         time.Time
	Now             time.Time
	Previous        []byte    // Progress.Ref of the version that this order replaces, if the same issuer made it; nil for none
	Approval        *Approval // what an operator decided; nil: nothing yet
}

// An Approval is an operator's word on an order that asked for one.
type Approval struct {
	At       time.Time
	Approved bool
	Message  string // why not; may be ""
	Later    Later  `json:"-"`
}

// Progress is what a step achieved.
type Progress struct {
	Chain         [][]byte      // DER, leaf first: issued
	Failure       *Failure      // refused for good
	Cancelled     bool          // withdrawn
	State         []byte        // kept for the next Step
	Detail        string        // shown as status_details; "" keeps the usual sentence
	Again         time.Duration // when to look again, if none of the above
	Ref           []byte        // kept with the version for revoke and renewal
	Notes         []string      // what was done and what the authority said, for the operation's history
	WantsApproval bool          // the order waits for an operator's Approval
}

// ErrPaced says that an issuer was not asked, since its rate is used up for
// now. It is no failed attempt.
var ErrPaced = errors.New("the issuer's rate is used up for now")

// Paced returns an ErrPaced that says for people whose limit it is, and what the
// limit is about.
func Paced(words string) error { return paced(words) }

type paced string

// Error returns the words.
func (p paced) Error() string { return string(p) }

// Is reports that it is ErrPaced.
func (paced) Is(target error) bool { return target == ErrPaced }

// A RetryError is a transient failure whose source said when to come back.
type RetryError struct {
	After time.Duration
	Err   error
}

// Error returns the cause's text.
func (e *RetryError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *RetryError) Unwrap() error { return e.Err }
