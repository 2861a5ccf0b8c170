package admin

import (
	"io"
	"net/http"
	"strconv"

	"certwright/internal/vault"
)

// servePublic answers with a page: to probes, browsers, authorities that check a
// challenge, programs that check a chain.
func (d *Door) servePublic(w http.ResponseWriter, r *http.Request, serve page) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		d.refuse(w, vault.WrongMethod(printable(r.Method)))
		return
	}
	if err := serve(d, w, r); err != nil {
		d.refuse(w, err)
	}
}

func alive(_ *Door, w http.ResponseWriter, _ *http.Request) error {
	writeText(w, http.StatusOK, "text/plain; charset=utf-8", "ok\n")
	return nil
}

func isReady(d *Door, w http.ResponseWriter, r *http.Request) error {
	if err := d.Ready(r.Context()); err != nil {
		d.Log.Info("not ready", "error", err)
		writeText(w, http.StatusServiceUnavailable, "text/plain; charset=utf-8", "not ready\n")
		return nil
	}
	writeText(w, http.StatusOK, "text/plain; charset=utf-8", "ready\n")
	return nil
}

func showMetrics(d *Door, w http.ResponseWriter, r *http.Request) error {
	d.Metrics.ServeHTTP(w, r)
	return nil
}

// listen answers a program that wants to hear of events as they happen.
func listen(d *Door, w http.ResponseWriter, r *http.Request) error { return d.Events(w, r) }

func showCA(d *Door, w http.ResponseWriter, _ *http.Request) error {
	writeText(w, http.StatusOK, "application/x-pem-file", string(d.CA))
	return nil
}

func writeText(w http.ResponseWriter, status int, kind, text string) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // a client that went away
}
