package main

import (
	"errors"
	"fmt"
	"net/http"
)

// The program's exit codes. run also returns those of the command it ran.
const (
	exitFailed   = 1
	exitUsage    = 2
	exitNotFound = 3
	exitRefused  = 4
	exitConflict = 5 // with what is there, or what is in progress
)

// exitError ends the program with a code of its own; err may be nil.
type exitError struct {
	code int
	err  error
}

// Error returns the cause's text.
func (e exitError) Error() string { return fmt.Sprint(e.err) }

// Unwrap returns the cause.
func (e exitError) Unwrap() error { return e.err }

// exitCode is the code that goes with an error: its own, or what the answer of
// the server that it tells of means.
func exitCode(err error) int {
	var own exitError
	if errors.As(err, &own) {
		return own.code
	}
	var coded interface{ ExitCode() int }
	if errors.As(err, &coded) {
		return coded.ExitCode()
	}
	var answered interface{ StatusOf() int }
	if !errors.As(err, &answered) {
		return exitFailed
	}
	switch status := answered.StatusOf(); {
	case status == http.StatusNotFound:
		return exitNotFound
	case status == http.StatusConflict:
		return exitConflict
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests:
		return exitFailed // it may be done later
	case status >= 400 && status < 500:
		return exitRefused
	}
	return exitFailed
}
