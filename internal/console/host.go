package console

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/a-h/templ"

	"certwright/internal/audit"
	"certwright/internal/console/door"
	"certwright/internal/console/view"
	"certwright/internal/vault"
)

// A host is the console around pages that are not of certificates.
type host struct{ *Console }

var _ door.Host = host{}

// Who implements pages.Host.
func (h host) Who(r *http.Request) vault.Caller { return h.who(r) }

// May implements pages.Host.
func (h host) May(ctx context.Context, who vault.Caller, do vault.Action, on vault.Ref) bool {
	return h.may(ctx, who, do, on)
}

// AsOperator implements pages.Host.
func (h host) AsOperator(r *http.Request, do vault.Action, on vault.Ref) error {
	return h.asOperator(r, do, on)
}

// Moment implements pages.Host.
func (h host) Moment(at time.Time) view.Moment { return h.moment(at) }

// Show implements pages.Host.
func (h host) Show(w http.ResponseWriter, r *http.Request, title, at string, refused error, page func(view.Frame) templ.Component) error {
	f, status := h.frame(r, title, at), http.StatusOK
	if refused != nil {
		var say view.Say
		status, say = h.words(refused)
		f.Say = &say
	}
	return show(w, r, status, page(f))
}

// Back implements pages.Host.
func (h host) Back(w http.ResponseWriter, r *http.Request, to, word string) error {
	return h.back(w, r, to, word)
}

// Sorry implements door.Host.
func (h host) Sorry(w http.ResponseWriter, r *http.Request, err error) { h.sorry(w, r, err) }

// Poke implements door.Host.
func (h host) Poke() { h.Console.Poke() }

// Audited implements pages.Host.
func (h host) Audited(r *http.Request, name string, ref vault.Ref, do func(*http.Request) error, facts ...audit.Fact) error {
	return audited(r, name, ref, do, facts...)
}

// AskedAgain implements pages.Host.
func (h host) AskedAgain(w http.ResponseWriter, r *http.Request, to string) bool {
	if h.Door.Strongly(r) {
		return true
	}
	http.Redirect(w, r, "/ui/signin?to="+url.QueryEscape(to), http.StatusSeeOther)
	return false
}
