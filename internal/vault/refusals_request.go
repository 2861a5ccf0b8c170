package vault

import (
	"fmt"
)

// The refusals about a request as such, whatever it asks for.

// NoToken answers a request without a usable bearer token.
func NoToken() *Error {
	return &Error{Reason: Unauthenticated, Code: "Unauthorized", Message: "AKV10000: Request is missing a Bearer or PoP token."}
}

// NoRoute answers an unknown path.
func NoRoute(path string) *Error {
	return &Error{Reason: NotFound, Code: "NotFound", Message: "There is no operation at " + path + "."}
}

// NoSuchVault answers a host name that means no vault of this server. The
// service has none: a vault that is not there has no name in its DNS.
func NoSuchVault(name string) *Error {
	return &Error{Reason: NotFound, Code: "VaultNotFound", Message: "There is no vault " + name + " on this server."}
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

// TwoLengths answers a request that says its length twice, in ways that contradict
// each other for some readers (RFC 9112 section 6.3).
func TwoLengths() *Error {
	return Bad("The request has both a Content-Length and a Transfer-Encoding header: send one of them.")
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
