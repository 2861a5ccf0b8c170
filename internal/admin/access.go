package admin

import (
	"net/http"

	"certwright/internal/access"
)

// Rules are all assignments and access policies in force.
type Rules struct {
	Rules []access.Row `json:"rules"`
}

// listAccess shows who may do what.
func listAccess(h *Handler, _ *http.Request) (answer, error) {
	return answer{body: Rules{append([]access.Row{}, h.Rules()...)}}, nil
}
