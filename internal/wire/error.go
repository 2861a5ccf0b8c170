package wire

import (
	"net/http"

	"certwright/internal/vault"
)

type errorBody struct {
	Error Error `json:"error"`
}

// Error is KeyVaultError's inside (docs/contract/certificates.md): innererror only
// where the service is known to send one.
type Error struct {
	Code    string     `json:"code"`
	Message string     `json:"message"`
	Inner   *innerJSON `json:"innererror,omitempty"`
}

type innerJSON struct {
	Code string `json:"code"`
}

// messageJSON is all there is of a refusal without a code.
type messageJSON struct {
	Message string `json:"Message"`
}

// statuses is what each reason is on the wire. It does not follow from the
// code: a create while another is pending is 409 with code Forbidden.
var statuses = [...]int{
	vault.Internal:        http.StatusInternalServerError,
	vault.Invalid:         http.StatusBadRequest,
	vault.Unauthenticated: http.StatusUnauthorized,
	vault.Denied:          http.StatusForbidden,
	vault.NotFound:        http.StatusNotFound,
	vault.NoMethod:        http.StatusMethodNotAllowed,
	vault.Conflict:        http.StatusConflict,
	vault.TooLarge:        http.StatusRequestEntityTooLarge,
	vault.Unsupported:     http.StatusUnsupportedMediaType,
	vault.Throttled:       http.StatusTooManyRequests,
	vault.Unavailable:     http.StatusServiceUnavailable,
}

// Status is what a reason is on the wire.
func Status(r vault.Reason) int {
	if r >= 0 && int(r) < len(statuses) {
		return statuses[r]
	}
	return http.StatusInternalServerError
}

// Outcome is what an answer came to, for those who keep a record of it: its status
// and, of a refusal, the code, which repeats nothing that was sent.
func Outcome(err error) (status int, code string) {
	refusal := vault.RefusalIn(err)
	switch {
	case err == nil:
		return http.StatusOK, ""
	case refusal == nil:
		return http.StatusInternalServerError, "InternalServerError"
	}
	return Status(refusal.Reason), refusal.Code
}

// Refusal turns an error into the status and the body that the caller may see of
// it. Anything that is no refusal becomes an internal fault under the request's
// id, and the last result is what the log must keep.
func Refusal(err error, requestID string) (status int, body any, secret error) {
	refusal := vault.RefusalIn(err)
	if refusal == nil {
		refusal = vault.InternalFault(requestID).Because(err)
	}
	shown := Error{Code: refusal.Code, Message: refusal.Message}
	if refusal.Inner != "" {
		shown.Inner = &innerJSON{Code: refusal.Inner}
	}
	body = errorBody{shown}
	if refusal.Code == "" {
		body = messageJSON{refusal.Message}
	}
	return Status(refusal.Reason), body, refusal.Err
}
