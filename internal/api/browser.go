package api

import (
	"net/http"

	"certwright/internal/vault"
)

// fromPage reports whether a web page made a browser send the request. Pages
// cannot keep a browser from saying so: in Sec-Fetch-Site (W3C Fetch Metadata;
// none is a person's own doing), older ones in Origin. SDKs and curl send
// neither. It does not matter from where the page is: under a name that leads
// here only since its owner says so (DNS rebinding) any page is of the same
// origin.
func fromPage(r *http.Request) bool {
	sites := r.Header.Values("Sec-Fetch-Site")
	for _, site := range sites {
		if site != "none" {
			return true
		}
	}
	return len(sites) == 0 && len(r.Header.Values("Origin")) > 0
}

// refusePages refuses what fromPage finds, and tells the log.
func (h *Handler) refusePages(r *http.Request, o *Observation) error {
	if !fromPage(r) {
		return nil
	}
	h.Log.Warn("a web page's request was refused", "request_id", o.RequestID,
		"origin", printable(r.Header.Get("Origin")), "hint", "browsers may not call a vault; call it from a program, or through one that sends neither Sec-Fetch-Site nor Origin")
	return vault.FromPage()
}
