package keyvault

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"certwright/internal/client/signin"
	"certwright/internal/print"
)

// An Error is why a call came to nothing: a refusal in the vault's own words,
// or, with no Status, no answer.
type Error struct {
	Status  int
	Code    string // as KeyVaultError has it
	Inner   string // what its innererror says; mostly ""
	Message string // one line that cannot steer a terminal
	Hint    string // what to do next; "" if the caller may know better

	cause error
}

// Error returns the message, and the hint on a line of its own.
func (e *Error) Error() string {
	hint := e.Hint
	if hint == "" {
		hint = e.lead()
	}
	if hint == "" {
		return e.Message
	}
	return e.Message + "\nhint: " + hint
}

// Unwrap returns what kept the call from an answer.
func (e *Error) Unwrap() error { return e.cause }

// StatusOf returns the answer's HTTP status; 0 where there was none.
func (e *Error) StatusOf() int { return e.Status }

// Is reports whether an error is a refusal with that status, and that code
// unless it is "".
func Is(err error, status int, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == status && (code == "" || code == e.Code)
}

// Hinted adds to a refusal what to do next, unless it says so already.
func Hinted(err error, hint string) error {
	var e *Error
	if !errors.As(err, &e) || e.Hint != "" {
		return err
	}
	hinted := *e
	hinted.Hint = hint
	return &hinted
}

// refusal is the error of an answer.
func refusal(a answer) error {
	var said struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
			Inner   struct {
				Code string `json:"code"`
			} `json:"innererror"`
		} `json:"error"`
		Message string `json:"Message"` // of a refusal without a code
	}
	e := &Error{Status: a.status}
	if json.Unmarshal(a.body, &said) == nil {
		e.Code, e.Inner, e.Message = said.Error.Code, said.Error.Inner.Code, print.Plain(said.Error.Message)
		if e.Message == "" {
			e.Message = print.Plain(said.Message)
		}
	}
	if e.Message == "" {
		e.Message = fmt.Sprintf("the vault answers %d %s", a.status, http.StatusText(a.status))
	}
	e.Hint = hintOf(e)
	return e
}

// retryAfter is how long an answer says to wait, if it does (RFC 9110, 10.2.3).
func retryAfter(h http.Header) (time.Duration, bool) {
	for _, name := range []string{"Retry-After-Ms", "X-Ms-Retry-After-Ms"} {
		if n, err := strconv.Atoi(h.Get(name)); err == nil && n >= 0 {
			return time.Duration(n) * time.Millisecond, true
		}
	}
	text := h.Get("Retry-After")
	if n, err := strconv.Atoi(text); err == nil && n >= 0 {
		return time.Duration(n) * time.Second, true
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at)), true
	}
	return 0, false
}

// unanswered says why there was no answer, and what to do.
func unanswered(host string, err error) error {
	why, hint := signin.Unreached(err)
	return &Error{Message: "ask " + host + ": " + why, Hint: hint, cause: err}
}
