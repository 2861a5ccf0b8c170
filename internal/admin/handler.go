package admin

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"certwright/internal/access"
	"certwright/internal/audit"
	"certwright/internal/auth"
	"certwright/internal/vault"
	"certwright/internal/wire"
)

// A Handler answers the side door's requests. The fields are required; the functions
// may return a *vault.Error, whose message is shown, or any other error, which
// only the log sees.
type Handler struct {
	Production bool // nothing of a development server is there; Advance and Reset are not required
	// Permit says whether who asks may do an action, with the server itself for a
	// Ref without a vault; nil: everybody may. SignIn is the WWW-Authenticate value
	// of an answer to who did not sign in.
	Permit func(r *http.Request, do vault.Action, on vault.Ref) error
	SignIn func(host string) string
	Rules  func() []access.Row // every rule in force

	CA    []byte                      // ca.pem, in full; a production server may have none to show
	Ready func(context.Context) error // nil while requests can be served
	Notes func() []string             // what a server that is ready yet has to say of itself, for everybody to read; nil: nothing
	Hosts []string                    // names that /admin may be called by, beside localhost and the listener's own address, as trust.Matches takes them

	// PublicHosts are the names under which certificates say that CRLs are found.
	PublicHosts []string

	Now     func() (now time.Time, offset time.Duration)                      // the server's clock, and how far it is from real time
	Advance func(context.Context, time.Duration) error                        // returns when all that fell due on the way is done
	Outbox  func(ctx context.Context, after int64, limit int) (Outbox, error) // a page after a Seq
	Notices Notices
	Events  func(http.ResponseWriter, *http.Request) error // the stream of events, until the listener is gone
	Metrics http.Handler
	Reset   func(context.Context) error // empties the server

	Operator  Operator
	Rollover  func(ctx context.Context, provider string) error                                    // gives a built-in CA a new issuing certificate
	PKI       func(ctx context.Context, file string) (contentType string, body []byte, err error) // what a built-in CA publishes; vault.ErrNotFound
	Challenge func(token string) (answer string, known bool)                                      // the http-01 answer to a token
	Keyset    Keyset
	Audit     *audit.Log                                  // nil: there is none
	Link      func(*http.Request) (url string, err error) // signs who asks in to the console; nil: there is none
	Log       *slog.Logger
}

// Check reports a field that is not set.
func (h *Handler) Check() error {
	switch {
	case h.Production && (h.Permit == nil || h.SignIn == nil), !h.Production && (h.Advance == nil || h.Reset == nil), !h.Production && len(h.CA) == 0, h.Ready == nil, h.Now == nil, h.Outbox == nil, h.Log == nil, h.Rules == nil,
		h.Notices == nil, h.Events == nil, h.Metrics == nil, h.Operator == nil, h.Rollover == nil, h.PKI == nil, h.Challenge == nil, h.Keyset == nil:
		return errors.New("admin: every field is required")
	}
	return nil
}

// An answer is what an endpoint hands back: a status of 0 means 200, a nil body none.
type answer struct {
	status int
	body   any
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at := h.find(r)
	switch {
	case at == nil:
		h.refuse(w, vault.NoRoute(printable(r.URL.Path)))
		return
	case at.public != nil:
		h.servePage(w, r, at.public, true)
		return
	case at.named != nil:
		if known := h.knows(r.Host, r); !known || h.permitted(w, r, at, at.do) {
			h.servePage(w, r, at.named, known)
		}
		return
	case at.published != nil:
		h.servePage(w, r, at.published, h.knows(r.Host, r) || h.publishes(r.Host))
		return
	}
	h.serveGuarded(w, r, at)
}

// serveGuarded answers what only some may ask, and has it in the audit log.
func (h *Handler) serveGuarded(w http.ResponseWriter, r *http.Request, at *route) {
	record := h.record(r, at)
	r = r.WithContext(record.In(r.Context()))
	a, err := h.ask(w, r, at)
	if late := record.End(outcome(a, err)); late != nil {
		err = late
	}
	switch {
	case err != nil:
		h.refuse(w, err)
	case at.stream != nil:
		h.serveStream(w, r, at.stream)
	default:
		write(w, a)
	}
}

// streamTime is how long a production server lets a program listen: whoever comes
// back is asked who he is, and whether he still may.
const streamTime = 15 * time.Minute

// serveStream answers with a page that ends with its listener.
func (h *Handler) serveStream(w http.ResponseWriter, r *http.Request, serve page) {
	if h.Production {
		ctx, stop := context.WithTimeout(r.Context(), streamTime)
		defer stop()
		r = r.WithContext(ctx)
	}
	h.servePage(w, r, serve, true)
}

// ask has an endpoint say what there is to answer; nothing yet, of a stream.
func (h *Handler) ask(w http.ResponseWriter, r *http.Request, at *route) (answer, error) {
	if err := h.guard(r); err != nil {
		return answer{}, err
	}
	asked, ok := at.guarded[r.Method]
	if err := h.permit(w, r, at, cmp.Or(at.do, asked.do, at.least())); err != nil || at.stream != nil {
		return answer{}, err
	}
	if !ok {
		w.Header().Set("Allow", strings.Join(slices.Sorted(maps.Keys(at.guarded)), ", "))
		return answer{}, vault.WrongMethod(printable(r.Method))
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	return asked.serve(h, r)
}

// permitted reports whether who asks may do an action at a route, and answers
// who may not.
func (h *Handler) permitted(w http.ResponseWriter, r *http.Request, at *route, do vault.Action) bool {
	err := h.permit(w, r, at, do)
	if err != nil {
		h.refuse(w, err)
	}
	return err == nil
}

// permit refuses who may not do an action at a route.
func (h *Handler) permit(w http.ResponseWriter, r *http.Request, at *route, do vault.Action) error {
	if h.Permit == nil {
		return nil
	}
	err := h.Permit(r, do, at.on(r))
	if refusal := vault.RefusalIn(err); refusal != nil && refusal.Reason == vault.Unauthenticated {
		auth.Deny(w.Header(), h.SignIn(r.Host), err)
	}
	return err
}

// A Refusal is the body of an answer that is an error.
type Refusal struct {
	Error Failure `json:"error"`
}

// refuse writes an error in the API's form. What is no refusal is a fault of
// ours, which the log gets.
func (h *Handler) refuse(w http.ResponseWriter, err error) {
	refusal := vault.RefusalIn(err)
	if refusal == nil {
		h.Log.Error("side door request failed", "error", err)
		refusal = &vault.Error{Reason: vault.Internal, Code: "InternalServerError", Message: "An internal error occurred; the server's log has it."}
	}
	write(w, answer{wire.Status(refusal.Reason), Refusal{Failure{refusal.Code, refusal.Message}}})
}

func write(w http.ResponseWriter, a answer) {
	head := w.Header()
	head.Set("Cache-Control", "no-store")
	head.Set("X-Content-Type-Options", "nosniff")
	if a.body == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	text, err := json.Marshal(a.body)
	if err != nil {
		a.status, text = http.StatusInternalServerError, []byte(`{"error":{"code":"InternalServerError","message":"The answer cannot be written."}}`)
	}
	head.Set("Content-Type", "application/json; charset=utf-8")
	head.Set("Content-Length", strconv.Itoa(len(text)+1))
	if a.status == 0 {
		a.status = http.StatusOK
	}
	if a.status == http.StatusServiceUnavailable {
		head.Set("Retry-After", "1")
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(append(text, '\n')) // a client that went away
}

// printable bounds a caller's text for a message.
func printable(s string) string {
	q := strconv.QuoteToASCII(s[:min(len(s), 80)])
	return q[1 : len(q)-1]
}
