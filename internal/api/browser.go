package api

import (
	"net/http"

	"certwright/internal/auth"
	"certwright/internal/vault"
)

// refusePages refuses what auth.FromPage finds, and tells the log.
func (h *Handler) refusePages(r *http.Request, o *Observation) error {
	if !auth.FromPage(r) {
		return nil
	}
	h.Log.Warn("a web page's request was refused", "request_id", o.RequestID,
		"origin", printable(r.Header.Get("Origin")), "hint", "browsers may not call a vault; call it from a program, or through one that sends neither Sec-Fetch-Site nor Origin")
	return vault.FromPage()
}
