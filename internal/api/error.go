package api

import (
	"errors"
	"net/http"

	"certwright/internal/vault"
)

type errorBody struct {
	Error errorJSON `json:"error"`
}

// errorJSON is KeyVaultError's inside (docs/contract/certificates.md): innererror only
// where the service is known to send one.
type errorJSON struct {
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

// refused turns an error into what the caller may see of it. Anything that is
// no refusal becomes an internal fault under the request's id, and the second
// result is what the log must keep.
func refused(err error, requestID string) (answer, error) {
	var refusal *vault.Error
	if !errors.As(err, &refusal) {
		refusal = vault.InternalFault(requestID).Because(err)
	}
	body := errorJSON{Code: refusal.Code, Message: refusal.Message}
	if refusal.Inner != "" {
		body.Inner = &innerJSON{Code: refusal.Inner}
	}
	a := answer{status: http.StatusInternalServerError, body: errorBody{body}}
	if refusal.Code == "" {
		a.body = messageJSON{refusal.Message}
	}
	if r := int(refusal.Reason); r >= 0 && r < len(statuses) {
		a.status = statuses[r]
	}
	return a, refusal.Err
}
