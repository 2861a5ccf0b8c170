package acme

import (
	"errors"
	"net/http"
	"strings"

	"github.com/mholt/acmez/v3/acme"

	"certwright/internal/vault"
)

// problem returns the problem document in an error of the library.
func problem(err error) (acme.Problem, bool) {
	var p acme.Problem
	return p, errors.As(err, &p)
}

// passes reports whether a problem may be gone when asked again.
func passes(p acme.Problem) bool {
	switch p.Type {
	case acme.ProblemTypeRateLimited, acme.ProblemTypeBadNonce, acme.ProblemTypeServerInternal, acme.ProblemTypeOrderNotReady:
		return true
	}
	return p.Status >= http.StatusInternalServerError || p.Status == http.StatusTooManyRequests || p.Status == http.StatusRequestTimeout
}

// is reports whether err is a problem of the type.
func is(err error, kind string) bool {
	p, ok := problem(err)
	return ok && p.Type == kind
}

// blame tells whose fault a problem is (docs/issuers/acme.md): the account, its terms
// and its binding are the issuer's, everything in a request the user's.
func blame(p acme.Problem) string {
	switch strings.TrimPrefix(p.Type, acme.ProblemTypeNamespace) {
	case "externalAccountRequired", "accountDoesNotExist", "userActionRequired", "badSignatureAlgorithm",
		"invalidContact", "unsupportedContact", "invalidProfile", "serverInternal", "alreadyReplaced", "rateLimited":
		return vault.IssuerFault
	}
	return vault.RequestRejected
}

// words are the authority's own words, with those on single names.
func words(p acme.Problem) string {
	kind := strings.TrimPrefix(p.Type, acme.ProblemTypeNamespace)
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	for _, sub := range p.Subproblems {
		text += "; " + sub.Identifier.Value + ": " + sub.Detail
	}
	switch {
	case text == "" && kind == "":
		text = "no reason given"
	case text == "":
		text = kind
	case kind != "" && kind != "about:blank":
		text += " (" + kind + ")"
	}
	return vault.Clip(strings.TrimPrefix(text, "; "), 1000)
}
