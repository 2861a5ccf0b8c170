package vault

import "errors"

// Reason is the class of a refusal; the wire turns it into an HTTP status.
type Reason int

// The reasons. Status and code do not follow from one another on the wire
// (create while pending is 409 with code "Forbidden"), so both are kept.
const (
	Internal Reason = iota
	Invalid
	Unauthenticated
	Denied
	NotFound
	NoMethod
	Conflict
	TooLarge
	Unsupported
	Throttled
	Unavailable
)

// Error is every refusal a caller may see. Reason picks the HTTP status; Code
// and Inner are Key Vault's own words; a refusal of a media type has none. Err is for the log only.
type Error struct {
	Reason  Reason
	Code    string
	Inner   string // innererror.code; "" for none
	Message string
	Err     error
	Setup   bool       // an issuer is set up wrongly, whatever is asked of it
	Token   TokenFault // what is wrong with the token that was shown; "" for anything else
}

// Error returns code and message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Unwrap returns the cause that only the log may show.
func (e *Error) Unwrap() error { return e.Err }

// Because returns the refusal with a cause for the log.
func (e *Error) Because(err error) *Error { c := *e; c.Err = err; return &c }

// OfIssuer returns the refusal as one of how an issuer is set up.
func (e *Error) OfIssuer() *Error { c := *e; c.Setup = true; return &c }

// SetupFault returns an error, if it is a refusal, as one of how an issuer is
// set up.
func SetupFault(err error) error {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.OfIssuer()
	}
	return err
}

// Failure is the refusal as the end of an operation that could not begin.
func (e *Error) Failure() Failure {
	if e.Setup {
		return Failure{Code: IssuerFault, Message: e.Message}
	}
	return Failure{Code: RequestRejected, Message: e.Message}
}
