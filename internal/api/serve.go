package api

import (
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"certwright/internal/audit"
	"certwright/internal/auth"
	"certwright/internal/clock"
	"certwright/internal/service"
	"certwright/internal/vault"
	"certwright/internal/wire"
)

// A Handler answers the Key Vault API. Make one with New.
type Handler struct {
	Service *service.Service

	// Authenticate says who asks; an error of reason Unauthenticated is
	// answered with the challenge, before anything else about the request.
	Authenticate func(*http.Request) (vault.Caller, error)
	// Challenge returns the WWW-Authenticate value for a Host header.
	Challenge func(host string) string
	// VaultName returns the vault that a Host header means, or a refusal.
	VaultName func(host string) (string, error)

	Audit          *audit.Log        // every request's end is in it before its answer; nil: there is none
	Observe        func(Observation) // told of every request at its end; may be nil
	Strays         bool              // the observer is told of members of bodies that nobody knows
	Log            *slog.Logger
	RetryAfter     time.Duration // while an operation is in progress; 0 means 10 s, as recorded
	Region         string        // x-ms-keyvault-region; "" means local
	ServiceVersion string        // x-ms-keyvault-service-version; "" means 1.0.0

	fixed    []fixedHeader
	routes   *router
	rendered *renderings
	large    places
	clock    clock.Real // durations are real time
}

// An Observation is what there is to know of a request once it is answered.
type Observation struct {
	Vault     string // "" if the host names none
	Operation string // the specification's operationId; "" for an unknown path
	Method    string
	Path      string // as sent, without the query
	Status    int
	Duration  time.Duration // real time
	RequestID string        // x-ms-request-id
	Bytes     int64         // of the body
	Strays    []string      // the members of the request's body that nobody knows, where they are looked for
}

// New checks the fields and returns the handler ready to serve.
func New(h Handler) (*Handler, error) {
	if h.Service == nil || h.Authenticate == nil || h.Challenge == nil || h.VaultName == nil || h.Log == nil {
		return nil, errors.New("api: Service, Authenticate, Challenge, VaultName and Log are required")
	}
	if h.RetryAfter <= 0 {
		h.RetryAfter = 10 * time.Second
	}
	if h.Region == "" {
		h.Region = "local"
	}
	if h.ServiceVersion == "" {
		h.ServiceVersion = "1.0.0"
	}
	h.rendered, h.fixed, h.large = newRenderings(), h.fixedHeaders(), newPlaces()
	var err error
	h.routes, err = newRouter(rows())
	return &h, err
}

// ServeHTTP answers one request. Whatever happens inside, the client gets one
// answer in the API's form and the observer hears of it.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := h.clock.Now()
	o := &Observation{Method: method(r), Path: r.URL.Path, RequestID: wire.NewGUID()}
	out := &writer{ResponseWriter: w, o: o}
	defer func() {
		if p := recover(); p != nil {
			h.fault(out, o, p)
		}
		o.Duration = h.clock.Now().Sub(began)
		if h.Observe != nil {
			h.Observe(*o)
		}
	}()
	h.headers(w.Header(), r, o.RequestID)
	a, err := h.answer(out, r, o)
	if err != nil {
		a = h.refuse(r, o, err)
	}
	h.write(out, h.audited(out, r, a, err), r.Method)
}

// method returns the request's method, or the one that a client which can only
// send POST asks for in a header (docs/contract/wire.md).
func method(r *http.Request) string {
	if r.Method == http.MethodPost {
		for _, name := range []string{"X-HTTP-METHOD", "X-HTTP-REQUEST"} {
			if m := r.Header.Get(name); m != "" {
				return strings.ToUpper(m)
			}
		}
	}
	return r.Method
}

// answer takes a request through the steps that all share. Who asks comes
// first: clients send their first request without a token and without a body,
// and any other answer than the challenge would break them (docs/contract/connecting.md).
// Nobody's path or host is worth work before that.
func (h *Handler) answer(w *writer, r *http.Request, o *Observation) (answer, error) {
	name, badName := h.VaultName(r.Host)
	to, badRoute := h.routes.find(o.Method, r.URL.EscapedPath()) // bounded, whatever the path: the observer wants its name
	o.Vault = name
	if to.row != nil {
		o.Operation = to.row.operation
	}
	w.record = h.record(r, o)
	who, err := h.Authenticate(r)
	if err != nil {
		return answer{}, h.because(w, r, to, err)
	}
	w.record.From(who, name)
	if err := h.refusePages(r, o); err != nil {
		return answer{}, err
	}
	for _, err := range []error{badName, badRoute} {
		if err != nil {
			return answer{}, h.because(w, r, to, err)
		}
	}
	c := &call{ctx: w.record.In(r.Context()), who: who, vault: name, path: to, accept: r.Header.Get("Accept"), base: baseOf(r.Host), rendered: h.rendered}
	if c.query, err = wire.ParseQuery(r.URL.RawQuery); err != nil {
		return answer{}, err
	}
	if c.version, err = wire.ParseVersion(c.query.Get("api-version")); err != nil {
		return answer{}, err
	}
	w.record.Asks(c.version.Text)
	if to.row.limit > 0 {
		body, done, err := h.body(w.ResponseWriter, r, c)
		defer done()
		if err != nil {
			return answer{}, c.permissionFirst(h.Service, err)
		}
		c.body = body
		if h.Strays {
			c.strays = &o.Strays
		}
	}
	a, err := to.row.serve(h.Service, c)
	return a, c.permissionFirst(h.Service, err)
}

// because sets the header that goes with a refusal before any row is reached.
func (h *Handler) because(w http.ResponseWriter, r *http.Request, to route, err error) error {
	var refusal *vault.Error
	if !errors.As(err, &refusal) {
		return err
	}
	switch refusal.Reason {
	case vault.Unauthenticated:
		auth.Deny(w.Header(), h.Challenge(r.Host), err)
	case vault.NoMethod:
		w.Header().Set("Allow", strings.Join(to.allow, ", "))
	}
	return err
}

// refuse turns an error into an answer and tells the log what the client may
// not see. A client that went away is nobody's fault.
func (h *Handler) refuse(r *http.Request, o *Observation, err error) answer {
	status, body, secret := wire.Refusal(err, o.RequestID)
	switch {
	case secret == nil || r.Context().Err() != nil:
	case status == http.StatusInternalServerError:
		h.Log.Error("request failed", "request_id", o.RequestID, "vault", o.Vault, "operation", o.Operation, "error", secret)
	default:
		h.Log.Info("request refused", "request_id", o.RequestID, "vault", o.Vault, "operation", o.Operation, "error", secret)
	}
	return answer{status: status, body: body}
}

// fault answers a panic. The log gets the stack, never the body.
func (h *Handler) fault(w *writer, o *Observation, p any) {
	h.Log.Error("request panicked", "request_id", o.RequestID, "vault", o.Vault, "operation", o.Operation,
		"panic", p, "stack", string(debug.Stack()))
	if o.Status == 0 {
		status, body, _ := wire.Refusal(vault.InternalFault(o.RequestID), o.RequestID)
		_ = w.record.End(status, "InternalServerError") // the answer says no more
		h.write(w, answer{status: status, body: body}, o.Method)
	}
}
