package vault

import (
	"context"
	"net/netip"
)

// A Caller is who asks, as the auth floor established it. It never holds a
// token or a part of one.
type Caller struct {
	Issuer               string // whoever vouches for it, by its name in the configuration; "" on a development server
	Tenant, Subject, App string // a subject is one only together with its issuer
	Type                 CallerType
	Name                 string // for people to read; nothing is decided by it, but of a client of this server's own token service
	TokenID              string // of the token that it showed, for the audit
	Groups, Roles        []string
	MoreGroups           bool       // its token left groups out, there were too many: those of Groups are not all
	Address              netip.Addr // where its request came from
}

// ClientIssuer is the Issuer of callers that this server's own token service
// vouches for: Subject and App are the client's id there, Name is its name, by
// which assignments may name it. No issuer of the configuration has that name.
const ClientIssuer = "certwright"

// RecoveryIssuer is the Issuer of who holds the recovery token of this start,
// and may do everything. No issuer of the configuration can have that name.
const RecoveryIssuer = "(recovery token)"

// CallerType says what kind of caller one is; "" where nothing tells.
type CallerType string

// What a caller may be.
const (
	UserCaller        CallerType = "user"
	AppCaller         CallerType = "app"
	CertificateCaller CallerType = "certificate" // known by a client certificate
)

// Action is one permission, spelled kind/verb as access policies do: "certificates/create".
type Action string

// An Authorizer decides whether a caller may do an action on an object; it
// returns a refusal, or nil. Of one request it may be asked the same twice: before
// a large body is read, and by the operation.
type Authorizer interface {
	Authorize(ctx context.Context, who Caller, do Action, on Ref) error
}

// A Decider decides the same and says why: the reason names what granted it,
// for the audit and for people who ask ("role Key Vault Reader on /vaults/web").
type Decider interface {
	Decide(ctx context.Context, who Caller, do Action, on Ref) (reason string, err error)
}
