package console

import (
	"context"
	"net/http"
	"strings"

	"certwright/internal/audit"
	"certwright/internal/console/door"
	"certwright/internal/vault"
	"certwright/internal/wire"
)

// A ledger is where the audit log learns what a request does.
type ledger struct {
	log   *audit.Log
	who   vault.Caller
	id    string // of the request, which all that it does has in common
	deeds int
}

type ledgerKey struct{}

// recorded has a request in the audit log, with what became of it: what it does
// has lines of its own; else it is a page that was looked at.
func (c *Console) recorded(w http.ResponseWriter, r *http.Request, serve http.Handler) {
	s, ok := door.SessionOf(r.Context())
	if c.Door == nil || c.Door.Audit == nil || !ok || strings.HasPrefix(r.URL.Path, "/ui/asset/") {
		serve.ServeHTTP(w, r)
		return
	}
	l := &ledger{log: c.Door.Audit, who: s.Who, id: wire.NewGUID()}
	page := l.log.SideRequest(r, audit.ConsoleRead, l.id)
	page.From(s.Who, "")
	if ref, err := placeOfPath(r.URL.Path); err == nil {
		page.Of(ref)
	}
	seen := &status{ResponseWriter: w, code: http.StatusOK}
	serve.ServeHTTP(seen, r.WithContext(context.WithValue(page.In(r.Context()), ledgerKey{}, l)))
	if l.deeds == 0 {
		_ = page.End(seen.code, "") // the answer is on its way
	}
}

// audited does something with an object, under the name that the audit log has
// for it at the API or the side door: what begins is on the disk before anything is
// changed, and what came of it before that is told. Facts are what else there is to say.
func audited(r *http.Request, name string, ref vault.Ref, do func(*http.Request) error, facts ...audit.Fact) error {
	l, ok := r.Context().Value(ledgerKey{}).(*ledger)
	if !ok {
		return do(r)
	}
	op := audit.Operation{Name: name, Effect: audit.Changes}
	if name == readSecret {
		op.Effect = audit.Reveals
	}
	l.deeds++
	record := l.log.Deed(r, op, l.id)
	record.From(l.who, "")
	record.Of(ref, facts...)
	err := do(r.WithContext(record.In(r.Context())))
	if late := record.End(wire.Outcome(err)); late != nil {
		return late
	}
	return err
}

const readSecret = "SecretGet"

// fact adds to what the audit log says of what is being done.
func fact(r *http.Request, name, value string) {
	audit.From(r.Context()).Of(vault.Ref{}, audit.Fact{Name: name, Value: value})
}

// A status remembers what an answer said.
type status struct {
	http.ResponseWriter
	code int
}

// WriteHeader implements http.ResponseWriter.
func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

// Unwrap is for http.ResponseController.
func (s *status) Unwrap() http.ResponseWriter { return s.ResponseWriter }
