package pages

import (
	"net/http"
	"time"

	"github.com/a-h/templ"

	"certwright/internal/access"
	"certwright/internal/console/view"
)

// Access is the page of the role assignments and access policies in force.
func Access(rules func() []access.Row) Page {
	return Page{"/ui/access", "Access", access.ReadAccess, func(*http.Request, time.Time) (func(view.Frame) templ.Component, error) {
		var all []view.Rule
		for _, r := range rules() {
			all = append(all, view.Rule{To: r.To, Gives: r.Gives, On: r.On, Idle: r.Idle})
		}
		return func(f view.Frame) templ.Component { return view.AccessPage(f, all) }, nil
	}}
}
