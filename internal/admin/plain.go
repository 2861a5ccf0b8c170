package admin

import (
	"io"
	"net/http"
	"strconv"

	"certwright/internal/vault"
)

// servePlain answers what probes and browsers may ask from anywhere.
func (d *Door) servePlain(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		d.refuse(w, vault.WrongMethod(printable(r.Method)))
		return
	}
	switch r.URL.Path {
	case "/ca.pem":
		writeText(w, http.StatusOK, "application/x-pem-file", string(d.CA))
	case "/healthz":
		writeText(w, http.StatusOK, "text/plain; charset=utf-8", "ok\n")
	default:
		if err := d.Ready(r.Context()); err != nil {
			d.Log.Info("not ready", "error", err)
			writeText(w, http.StatusServiceUnavailable, "text/plain; charset=utf-8", "not ready\n")
			return
		}
		writeText(w, http.StatusOK, "text/plain; charset=utf-8", "ready\n")
	}
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
