package openbao

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"certwright/internal/vault"
)

// A reply is what the server's answers have in common.
type reply struct {
	Data     json.RawMessage `json:"data"`
	Auth     *grant          `json:"auth"`
	Warnings []string        `json:"warnings"`
	Errors   []string        `json:"errors"`
	Sealed   bool            `json:"sealed"`  // sys/health only
	Version  string          `json:"version"` // sys/health only
}

// A grant is what a sign-in gives.
type grant struct {
	Token vault.Hidden `json:"client_token"`
	Lease int          `json:"lease_duration"` // seconds; 0: for ever
}

// A refusal is an answer that asking again does not change.
type refusal struct {
	host, path string
	status     int
	words      string // the server's own
	signIn     bool   // it was the sign-in that was refused
}

// Error tells what was asked, since a 403 has no other hint.
func (r *refusal) Error() string {
	return fmt.Sprintf("The server at %s answered %d to %s: %s", r.host, r.status, r.path, r.words)
}

// isOfRequest reports whether the request is at fault. A role that does not
// exist is told by 400, too, and by nothing but these words (measured, 2.7.2).
func (r *refusal) isOfRequest() bool {
	return !r.signIn && r.status == http.StatusBadRequest && !strings.HasPrefix(r.words, "unknown role")
}

func asRefusal(err error) (r *refusal, ok bool) {
	ok = errors.As(err, &r)
	return r, ok
}

// passes reports whether an answer is one of those that time may change. 412,
// 472 and 473 are Vault's: not yet replicated, and two kinds of standby.
func passes(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusPreconditionFailed, http.StatusTooEarly, http.StatusTooManyRequests, 472, 473:
		return true
	}
	return status >= 500 || status/100 == 3
}

// trouble says in plain words why the server cannot do it now.
func (i *Issuer) trouble(status int, r reply) error {
	words := r.words(status)
	why := fmt.Sprintf("answers %d: %s", status, words)
	switch {
	case status == http.StatusNotImplemented:
		why = "is not initialized"
	case r.Sealed || status == http.StatusServiceUnavailable && strings.Contains(words, "sealed"):
		why = "is sealed; an operator must unseal it"
	case status == 472:
		why = "is a disaster recovery secondary and signs nothing"
	case status == http.StatusTooManyRequests:
		why = "allows no more requests for now: " + words
	case status/100 == 3:
		why = "sends its callers on to " + words + ", as a standby does; address must be that of the active server or of a proxy that finds it"
	}
	return fmt.Errorf("the OpenBao or Vault server at %s %s", i.host, why)
}

// longest is how much of the server's words is shown, in bytes.
const longest = 1000

// without is the reply without the token in what people read, should the server
// ever repeat it.
func (r reply) without(token vault.Hidden) reply {
	if token == "" {
		return r
	}
	for _, list := range [][]string{r.Errors, r.Warnings} {
		for i, text := range list {
			list[i] = strings.ReplaceAll(text, token.Reveal(), "[hidden]")
		}
	}
	return r
}

// words are the server's own.
func (r reply) words(status int) string {
	said := r.Errors
	if len(said) == 0 {
		said = r.Warnings
	}
	text := plain(strings.Join(said, "; "))
	if text == "" {
		text = strings.ToLower(http.StatusText(status))
	}
	return text
}

// plain makes one line of a message: the server writes lists of errors as
// "1 error occurred:\n\t* permission denied\n\n".
func plain(text string) string {
	head, list, found := strings.Cut(text, ":\n\t* ")
	if found && (strings.HasSuffix(head, " error occurred") || strings.HasSuffix(head, " errors occurred")) {
		text = strings.ReplaceAll(strings.TrimSpace(list), "\n\t* ", "; ")
	}
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ")
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + " ..."
	}
	return text
}

// warnings are the server's, as notes, but for the two that say that a role
// takes names from the request, which has the same ones.
func warnings(r reply) (notes []string) {
	for _, w := range r.Warnings {
		if !strings.Contains(w, `"use_csr_common_name" set to true`) && !strings.Contains(w, `"use_csr_sans" set to true`) {
			notes = append(notes, "The server warned: "+plain(w))
		}
	}
	return notes
}
