package order

import (
	"certwright/internal/vault"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// What an issuer may say in one step, beyond which it is cut: the log and the
// history are ours.
const (
	maxNotes = 60
	maxSaid  = 1000 // bytes of a line or an error
)

// hidden stands for an issuer's password where an answer repeats it.
const hidden = "[hidden]"

// redact takes the issuer's password out of a text of the issuer's.
func redact(text string, password vault.Hidden) string {
	if len(password) < 4 { // a word, not a secret; it would tear other words apart
		return text
	}
	return strings.ReplaceAll(text, password.Reveal(), hidden)
}

// redacted is a progress without the issuer's password in what people read.
func redacted(p vault.Progress, password vault.Hidden) vault.Progress {
	p.Detail = vault.Clip(redact(p.Detail, password), 500)
	all := p.Notes
	p.Notes = slices.Clone(all[:min(len(all), maxNotes)])
	for i, n := range p.Notes {
		p.Notes[i] = vault.Clip(redact(n, password), maxSaid)
	}
	if more := len(all) - len(p.Notes); more > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("And %d more lines.", more))
	}
	if p.Failure != nil {
		p.Failure = &vault.Failure{Code: p.Failure.Code, Message: vault.Clip(redact(p.Failure.Message, password), 2000)}
	}
	return p
}

// redactError is redacted for errors, which are cut if they are long; what kind
// of error it is stays.
func redactError(err error, password vault.Hidden) error {
	text := vault.Clip(redact(err.Error(), password), maxSaid)
	if text == err.Error() {
		return err
	}
	clean := errors.New(text)
	if errors.Is(err, vault.ErrPaced) {
		clean = vault.Paced(text)
	}
	if r := (*vault.RetryError)(nil); errors.As(err, &r) {
		return &vault.RetryError{After: r.After, Err: clean}
	}
	return clean
}
