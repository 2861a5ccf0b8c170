package admin

import (
	"errors"
	"io"
	"net/http"
	"strconv"

	"certwright/internal/vault"
)

// servePage answers with a page: to probes, browsers, authorities that check a
// challenge, programs that check a chain. ours says that the name it is called by
// will do.
func (h *Handler) servePage(w http.ResponseWriter, r *http.Request, serve page, ours bool) {
	if !ours {
		h.refuse(w, unknownName(r.Host))
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		h.refuse(w, vault.WrongMethod(printable(r.Method)))
		return
	}
	if err := serve(h, w, r); err != nil {
		h.refuse(w, err)
	}
}

func alive(_ *Handler, w http.ResponseWriter, _ *http.Request) error {
	writeText(w, http.StatusOK, "text/plain; charset=utf-8", "ok\n")
	return nil
}

func isReady(h *Handler, w http.ResponseWriter, r *http.Request) error {
	status, text := http.StatusOK, "ready\n"
	err := h.Ready(r.Context())
	var disk *vault.StorageError
	switch {
	case errors.As(err, &disk): // the log has it since it began
		status, text = http.StatusServiceUnavailable, "not ready: nothing can be written: "+disk.Fault.String()+"\n"
	case err != nil:
		h.Log.Info("not ready", "error", err)
		status, text = http.StatusServiceUnavailable, "not ready\n"
	}
	if h.Notes != nil {
		for _, note := range h.Notes() {
			text += note + "\n"
		}
	}
	writeText(w, status, "text/plain; charset=utf-8", text)
	return nil
}

func showMetrics(h *Handler, w http.ResponseWriter, r *http.Request) error {
	h.Metrics.ServeHTTP(w, r)
	return nil
}

// listen answers a program that wants to hear of events as they happen.
func listen(h *Handler, w http.ResponseWriter, r *http.Request) error { return h.Events(w, r) }

func showCA(h *Handler, w http.ResponseWriter, r *http.Request) error {
	if len(h.CA) == 0 {
		return vault.NoRoute(r.URL.Path)
	}
	writeText(w, http.StatusOK, "application/x-pem-file", string(h.CA))
	return nil
}

func writeText(w http.ResponseWriter, status int, kind, text string) {
	head := w.Header()
	head.Set("Content-Type", kind)
	head.Set("Cache-Control", "no-store")
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // a client that went away
}
