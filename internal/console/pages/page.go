// Package pages are pages of the console that only show, to who may see them:
// each makes its model, and package console puts the frame around it. Begin with
// page.go.
package pages

import (
	"net/http"
	"time"

	"github.com/a-h/templ"

	"certwright/internal/console/view"
	"certwright/internal/vault"
)

// A Page stands in the navigation for those who may do Do with the server, and
// is refused to others.
type Page struct {
	Path string
	Word string // in the navigation
	Do   vault.Action
	// Body makes what stands in the frame, for a request of who may see it.
	Body func(r *http.Request, now time.Time) (func(view.Frame) templ.Component, error)
}
