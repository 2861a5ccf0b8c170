package audit

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"certwright/internal/audit/line"
	"certwright/internal/clock"
	"certwright/internal/vault"
)

// A Record gathers what the log says of one request or job, from its first step
// to its answer. It is in the context of what is done for it; the methods of nil
// do nothing, which is what a server without a log has.
type Record struct {
	Entry
	Token bool // the request showed one, good or not

	log    *Log
	effect Effect
	began  time.Time
	side   bool // it is of the side door, whose host is no vault's
	begun  bool
	failed error // why its beginning could not be written
}

// Request returns the record of a request; op is as in OperationOf. Caller and
// what else is found out on the way is filled in there.
func (l *Log) Request(r *http.Request, op Operation, correlation string) *Record {
	if l == nil {
		return nil
	}
	return &Record{Token: r.Header.Get("Authorization") != "", log: l, effect: op.Effect, began: clock.Real{}.Now(), Entry: Entry{
		Operation: op.Name, Correlation: correlation, ClientID: r.Header.Get("X-Ms-Client-Request-Id"), Agent: r.UserAgent(),
		Host: r.Host, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery, Address: remote(r),
	}}
}

// SideRequest returns the record of a request to the side door. Whoever changes
// something there calls Begin, once it is known what.
func (l *Log) SideRequest(r *http.Request, operation, correlation string) *Record {
	record := l.Request(r, Operation{operation, Reads}, correlation)
	if record != nil {
		record.side, record.Plain, record.Query = true, r.TLS == nil, ""
	}
	return record
}

// Deed returns the record of something that is done at a listener for people: its
// beginning and its end are on the disk as those of a request to the API are.
func (l *Log) Deed(r *http.Request, op Operation, correlation string) *Record {
	record := l.SideRequest(r, op.Name, correlation)
	if record != nil {
		record.effect = op.Effect
	}
	return record
}

// Of fills in what is about to be changed, and what else there is to say of it.
func (r *Record) Of(ref vault.Ref, facts ...Fact) {
	if r == nil {
		return
	}
	if ref.Vault != "" {
		r.Vault = ref.Vault
	}
	if ref.Name != "" {
		r.ID = r.idOf(ref)
	}
	r.Facts = append(r.Facts, facts...)
}

// idOf is how an object is called: by its address, where it is known.
func (r *Record) idOf(ref vault.Ref) string {
	id := string(ref.Kind) + "/" + ref.Name
	if r.side || r.Host == "" {
		return id
	}
	return "https://" + r.Host + "/" + id
}

// Job returns the record of what the server does by itself.
func (l *Log) Job(operation string, ref vault.Ref, correlation string) *Record {
	if l == nil {
		return nil
	}
	return &Record{log: l, effect: Changes, began: clock.Real{}.Now(), Entry: Entry{
		Operation: operation, Vault: ref.Vault, Correlation: correlation, Caller: vault.Caller{App: "certwright"}, ID: string(ref.Kind) + "/" + ref.Name,
	}}
}

type key struct{}

// In returns a context that has the record.
func (r *Record) In(ctx context.Context) context.Context {
	if r == nil {
		return ctx
	}
	return context.WithValue(ctx, key{}, r)
}

// From returns the record of a context; nil if it has none.
func From(ctx context.Context) *Record {
	r, _ := ctx.Value(key{}).(*Record)
	return r
}

// Begin writes that it begins, and returns when that is on the disk. It writes
// once, however often it is called. An error is a refusal: nothing may be done.
func (r *Record) Begin() error {
	if r == nil || r.begun {
		return nil
	}
	e := r.Entry
	e.Phase = line.Begins
	r.begun = true
	if r.failed = r.log.write(&e, r.log.writes == 0); r.failed != nil {
		r.begun = false
		return vault.NotAudited().Because(r.failed)
	}
	return nil
}

// BeginJob is Begin, whose failure is one of the disk: whoever meets that stores
// nothing, and tries again later.
func (r *Record) BeginJob() error {
	if r.Begin() != nil {
		return &vault.StorageError{Fault: vault.DiskFails, Err: fmt.Errorf("the audit log cannot be written: %w", r.failed)}
	}
	return nil
}

// End writes what came of it, and returns when it may be told: an error is a
// refusal in place of the answer.
func (r *Record) End(status int, description string) error {
	if r == nil {
		return nil
	}
	r.Phase, r.Status, r.Description, r.Took = line.Ends, status, description, clock.Real{}.Now().Sub(r.began)
	switch {
	case status == http.StatusUnauthorized:
		r.log.SignInRefused(r.Entry, r.Token)
		return nil
	case r.failed != nil: // it was refused for that already
		_ = r.log.write(&r.Entry, false)
		return nil
	case r.begun:
		return r.withheld(r.log.write(&r.Entry, r.log.writes == 0))
	case r.effect == Reads || status >= http.StatusBadRequest:
		return r.withheld(r.log.keep(&r.Entry))
	}
	return r.withheld(r.log.write(&r.Entry, r.log.reads == 0))
}

// Begun reports whether its beginning was written.
func (r *Record) Begun() bool { return r != nil && r.begun }

// withheld turns the failure to write an end into a refusal, and has the log
// say, once it can, that the answer did not go out.
func (r *Record) withheld(err error) error {
	if err == nil {
		return nil
	}
	e := r.Entry
	e.Status, e.Description = http.StatusInternalServerError, "answer withheld: its end could not be written in time"
	if r.begun {
		e.Description = "committed, " + e.Description
	}
	_ = r.log.write(&e, false)
	return vault.Withheld(r.begun).Because(err)
}

// remote is the address of a request's connection.
func remote(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap()
}

// From fills in who asks, of which vault.
func (r *Record) From(who vault.Caller, vaultName string) {
	if r != nil {
		r.Caller, r.Vault = who, vaultName
		if who.Address.IsValid() {
			r.Address = who.Address
		}
	}
}

// Asks fills in the api-version.
func (r *Record) Asks(version string) {
	if r != nil {
		r.Version = version
	}
}

// About fills in what the answer turned out to be about; "" leaves what was known.
func (r *Record) About(id, order string) {
	if r == nil {
		return
	}
	if id != "" {
		r.ID = id
	}
	r.Order = order
}
