package challenge

import (
	"errors"
	"fmt"
)

// ErrUnfit says that a record can be published by nobody: its name or value is
// no such thing. Asking again is in vain.
var ErrUnfit = errors.New("the challenge of the authority is not fit to be published")

// Solves returns the challenge that a solver of these settings solves.
func (s Settings) Solves() string {
	switch {
	case s.Kind == "http":
		return HTTP01
	case s.Type != "":
		return s.Type
	}
	return DNS01
}

// Check reports every setting that will not do; each error begins with its key.
// It uses no network and opens no file.
func (s Settings) Check() []error {
	if s.Kind == "" {
		return []error{errors.New("kind: is missing; write rfc2136, webhook, exec, http or acme-dns")}
	}
	return nil
}

// New returns the solver of settings that pass Check, and opens the files that
// they name.
func New(s Settings, m Means) (Solver, error) {
	return nil, fmt.Errorf("a solver of kind %q cannot be made yet", s.Kind)
}
