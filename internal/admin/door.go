package admin

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"certwright/internal/vault"
)

// A Door answers the side door's requests. The functions are required; they
// may return a *vault.Error, whose message is shown, or any other error, which
// only the log sees.
type Door struct {
	CA    []byte                      // ca.pem, in full
	Ready func(context.Context) error // nil while requests can be served
	Hosts []string                    // names that /admin may be called by, beside localhost and the door's own address, as trust.Matches takes them

	Now     func() (now time.Time, offset time.Duration) // the server's clock, and how far it is from real time
	Advance func(context.Context, time.Duration) error   // returns when all that fell due on the way is done
	Outbox  func(context.Context) (Outbox, error)
	Reset   func(context.Context) error // empties the server
	Log     *slog.Logger
}

// Check reports a field that is not set.
func (d *Door) Check() error {
	if d.Ready == nil || d.Now == nil || d.Advance == nil || d.Outbox == nil || d.Reset == nil || d.Log == nil {
		return errors.New("admin: Ready, Now, Advance, Outbox, Reset and Log are required")
	}
	return nil
}

// An answer is what a handler hands back: a status of 0 means 200, a nil body none.
type answer struct {
	status int
	body   any
}

type handler func(*Door, *http.Request) (answer, error)

type methods map[string]handler

func methodsAt(path string) methods {
	switch path {
	case "/admin/clock":
		return methods{"GET": readClock, "POST": moveClock}
	case "/admin/outbox":
		return methods{"GET": listOutbox}
	case "/admin/reset":
		return methods{"POST": reset}
	}
	return nil
}

// ServeHTTP answers one request.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/healthz", "/readyz", "/ca.pem":
		d.servePlain(w, r)
		return
	}
	table := methodsAt(r.URL.Path)
	if table == nil {
		d.refuse(w, vault.NoRoute(printable(r.URL.Path)))
		return
	}
	if err := d.guard(r); err != nil {
		d.refuse(w, err)
		return
	}
	serve, ok := table[r.Method]
	if !ok {
		w.Header().Set("Allow", allowed(table))
		d.refuse(w, vault.WrongMethod(printable(r.Method)))
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	a, err := serve(d, r)
	if err != nil {
		d.refuse(w, err)
		return
	}
	write(w, a)
}

func allowed(table methods) string {
	var names []string
	for m := range table {
		names = append(names, m)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// refuse writes an error in the API's form. What is no refusal is a fault of
// ours, which the log gets.
func (d *Door) refuse(w http.ResponseWriter, err error) {
	var refusal *vault.Error
	if !errors.As(err, &refusal) {
		d.Log.Error("side door request failed", "error", err)
		refusal = &vault.Error{Reason: vault.Internal, Code: "InternalServerError", Message: "An internal error occurred; the server's log has it."}
	}
	write(w, answer{statusOf(refusal.Reason), map[string]any{
		"error": map[string]string{"code": refusal.Code, "message": refusal.Message},
	}})
}

func statusOf(r vault.Reason) int {
	switch r {
	case vault.Invalid:
		return http.StatusBadRequest
	case vault.Denied:
		return http.StatusForbidden
	case vault.NotFound:
		return http.StatusNotFound
	case vault.NoMethod:
		return http.StatusMethodNotAllowed
	case vault.Conflict:
		return http.StatusConflict
	case vault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case vault.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

func write(w http.ResponseWriter, a answer) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if a.body == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	text, err := json.Marshal(a.body)
	if err != nil {
		a.status, text = http.StatusInternalServerError, []byte(`{"error":{"code":"InternalServerError","message":"The answer cannot be written."}}`)
	}
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(text)+1))
	if a.status == 0 {
		a.status = http.StatusOK
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(append(text, '\n')) // a client that went away
}

// printable bounds a caller's text for a message.
func printable(s string) string {
	q := strconv.QuoteToASCII(s[:min(len(s), 80)])
	return q[1 : len(q)-1]
}
