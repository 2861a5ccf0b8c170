package client

import (
	"encoding/json"
	"errors"
	"net/http"

	"certwright/internal/admin"
	"certwright/internal/print"
)

const logHint = "the server's log says why"

// An Error is why a call came to nothing: a refusal in the server's own words,
// with its code, or, with no Status, no answer that could be read.
type Error struct {
	Status  int
	Code    string
	Message string // one line that cannot steer a terminal
	Hint    string // what to do next; "" if only the caller can know

	cause error
}

// Error returns the message, and the hint on a line of its own.
func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Message
	}
	return e.Message + "\nhint: " + e.Hint
}

// Unwrap returns what kept the call from an answer.
func (e *Error) Unwrap() error { return e.cause }

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
func refusal(answer *http.Response, text []byte) error {
	var said admin.Refusal
	if json.Unmarshal(text, &said) != nil || said.Error.Message == "" {
		return &Error{Status: answer.StatusCode, Message: "the server answers " + answer.Status, Hint: logHint}
	}
	e := &Error{Status: answer.StatusCode, Code: said.Error.Code, Message: print.Plain(said.Error.Message)}
	if answer.StatusCode == http.StatusUnauthorized {
		e.Hint = "set " + TokenVariable + " to a bearer token for this server"
	}
	return e
}

// StatusOf returns the answer's HTTP status; 0 where there was none.
func (e *Error) StatusOf() int { return e.Status }
