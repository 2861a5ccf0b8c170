package vault

import "context"

// A Caller is who asks, as the auth floor established it.
type Caller struct {
	Tenant, Subject, App string
	Groups, Roles        []string
}

// Action is one permission, spelled kind/verb as access policies do: "certificates/create".
type Action string

// An Authorizer decides whether a caller may do an action on an object; it
// returns a refusal, or nil.
type Authorizer interface {
	Authorize(ctx context.Context, who Caller, do Action, on Ref) error
}
