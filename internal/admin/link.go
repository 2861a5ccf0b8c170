package admin

import (
	"net/http"

	"certwright/internal/vault"
)

// A ConsoleLink signs in to the console, once, who asked for it.
type ConsoleLink struct {
	URL string `json:"url"`
}

// consoleLink makes a link to the console for who asks.
func consoleLink(h *Handler, r *http.Request) (answer, error) {
	if h.Link == nil {
		return answer{}, &vault.Error{Reason: vault.NotFound, Code: "NotFound", Message: "This server has no console that people sign in to: a development server's is open, at /ui/; a production server has one where console: listen is configured."}
	}
	if err := begins(r, vault.Ref{}); err != nil {
		return answer{}, err
	}
	url, err := h.Link(r)
	return answer{body: ConsoleLink{url}}, err
}
