package listener

import (
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"

	"certwright/internal/vault"
	"certwright/internal/wire"
)

// recovered answers with 500 where h panics before it has answered, and cuts the
// answer off where it has begun: a client must not take half of it for the whole.
func recovered(h http.Handler, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := &noted{ResponseWriter: w}
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler { //nolint:errorlint // the value itself, as net/http compares it
				panic(p)
			}
			id := wire.NewGUID()
			log.Error("request panicked", "request_id", id, "method", r.Method, "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
			if out.begun {
				panic(http.ErrAbortHandler)
			}
			refuse(w, vault.InternalFault(id))
		}()
		h.ServeHTTP(out, r)
	})
}

// A noted writer knows whether its answer has begun.
type noted struct {
	http.ResponseWriter
	begun bool
}

// WriteHeader implements http.ResponseWriter.
func (n *noted) WriteHeader(status int) {
	n.begun = n.begun || status >= http.StatusOK
	n.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (n *noted) Write(p []byte) (int, error) {
	n.begun = true
	return n.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (n *noted) Unwrap() http.ResponseWriter { return n.ResponseWriter }

// refuse answers in the API's form.
func refuse(w http.ResponseWriter, e *vault.Error) {
	status, body, _ := wire.Refusal(e, "")
	text, err := wire.Encode(body)
	if err != nil {
		panic(err) // a bug in wire
	}
	head := w.Header()
	head.Set("Content-Type", "application/json; charset=utf-8")
	head.Set("Content-Length", strconv.Itoa(len(text)))
	head.Set("Cache-Control", "no-store")
	head.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that went away
}
