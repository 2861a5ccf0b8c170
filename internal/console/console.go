// Package console is the pages that people look at: what expires next, why an
// order waits, and buttons that do what the API does, by the same methods of the
// service, for the person who is signed in. It keeps nothing of its own and
// renders no private key and no value of a secret.
//
// A request goes through guard.go to a page (overview.go, list.go,
// certificate.go, ...) or to something that is done (do.go), which answers with
// a redirect to the page that shows what came of it. How pages look is package
// view's; pages of what is no certificate are those of other rooms (package
// pages), around which it is the host.
package console

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"sync"
	"time"

	"certwright/internal/census"
	"certwright/internal/console/door"
	"certwright/internal/console/pages"
	"certwright/internal/console/view"
	"certwright/internal/policy"
	"certwright/internal/service"
	"certwright/internal/vault"
)

// A Console answers the requests below /ui/. The fields are required unless said otherwise.
type Console struct {
	Dev     bool // clock and captured mail are shown, and nobody signs in
	Service *service.Service
	Census  *census.Census
	Access  vault.Authorizer
	Clock   func() (now time.Time, offset time.Duration)
	Wake    func() <-chan struct{} // closed when something may have changed
	Poke    func()                 // tells that it has
	Closed  <-chan struct{}        // closed when the server stops
	Health  func(context.Context) []view.Health
	// Providers are the authorities, with the orders of the vaults that somebody sees.
	Providers func(ctx context.Context, sees func(vaultName string) bool) []view.Provider
	Log       *slog.Logger

	// Known refuses a request under a name that is not this server's.
	Known func(*http.Request) error
	// Door is how people sign in; nil: nobody does, on a development server.
	Door *door.Door
	// May decides what buttons are shown, which the audit log has no lines of.
	May vault.Authorizer

	// Givers lists what gives an action on an object to anybody, and whether network
	// rules narrow it further; nil: everybody may do everything.
	Givers func(do vault.Action, on vault.Ref) (all []string, narrowed bool)
	// Beside are the pages that are not of certificates, in the order of the navigation.
	Beside []pages.Page

	// URL is the address of a vault.
	URL func(vaultName string) string
	// PolicyText is a policy as the API writes it, ReadPolicy reads one.
	PolicyText func(ref vault.Ref, p vault.Policy) ([]byte, error)
	ReadPolicy func(json.RawMessage) (policy.Patch, error)
	// Revoked tells whether an authority of this server revoked a certificate.
	Revoked func(ctx context.Context, leaf []byte) bool

	mux     *http.ServeMux
	cross   http.CrossOriginProtection
	reports reports

	listeners listeners
}

// New returns a console that is ready to serve.
func New(c *Console) (*Console, error) {
	if c.Service == nil || c.Census == nil || c.Access == nil || c.Clock == nil || c.Wake == nil || c.Poke == nil || c.Closed == nil || c.Health == nil || c.Providers == nil || c.Log == nil ||
		c.Known == nil || c.URL == nil || c.PolicyText == nil || c.ReadPolicy == nil || c.Revoked == nil || c.May == nil || !c.Dev && (c.Door.Check() != nil) {
		return nil, errors.New("console: every field is required")
	}
	c.mux = http.NewServeMux()
	for pattern, serve := range c.routes() {
		c.mux.HandleFunc(pattern, c.answering(serve))
	}
	return c, nil
}

// A handler writes an answer, or returns an error before it wrote anything.
type handler = pages.Handler

// routes is every path of the console.
func (c *Console) routes() map[string]handler {
	all := map[string]handler{
		"GET /ui/{$}":                                  c.overview,
		"GET /ui/live":                                 c.live,
		"GET /ui/asset/":                               serveAsset,
		"POST /ui/report":                              c.report,
		"GET /ui/report":                               c.reported,
		"GET /ui/certificates":                         c.list,
		"POST /ui/certificates":                        c.doMany,
		"GET /ui/certificates.csv":                     c.sheet,
		"GET /ui/certificates/{vault}/{name}":          c.certificate,
		"POST /ui/certificates/{vault}/{name}/{do}":    c.do,
		"GET /ui/certificates/{vault}/{name}/{do}":     c.form,
		"GET /ui/certificates/{vault}/{name}/download": c.download,
		"GET /ui/certificates/{vault}/{name}/key":      c.askForKey,
		"POST /ui/certificates/{vault}/{name}/key":     c.downloadKey,
		"GET /ui/new":                                  c.newCertificate,
		"POST /ui/new":                                 c.create,
		"GET /ui/new/name":                             c.tryName,
		"GET /ui/orders":                               c.orders,
		"/ui/":                                         func(http.ResponseWriter, *http.Request) error { return pages.Missing() },
	}
	for _, p := range c.Beside {
		if p.Body != nil {
			all["GET "+p.Path] = c.beside(p)
		}
		if p.Routes != nil {
			maps.Copy(all, p.Routes(host{c}))
		}
	}
	if c.Door != nil {
		maps.Copy(all, c.Door.Routes(host{c}))
	}
	pages.Lead(all)
	return all
}

// beside shows a page to who may see it.
func (c *Console) beside(p pages.Page) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := c.asOperator(r, p.Do, vault.Ref{}); err != nil {
			return err
		}
		page, err := p.Body(r, c.now())
		if err != nil {
			return err
		}
		return show(w, r, http.StatusOK, page(c.frame(r, p.Word, p.Path)))
	}
}

// nav are the pages that a person may see.
func (c *Console) nav(r *http.Request) []view.Link {
	all := []view.Link{{Href: "/ui/", Word: "Overview"}, {Href: "/ui/certificates", Word: "Certificates"}, {Href: "/ui/orders", Word: "Orders"}}
	for _, p := range c.Beside {
		if p.Do == "" || c.may(r.Context(), c.who(r), p.Do, vault.Ref{}) {
			all = append(all, view.Link{Href: p.Path, Word: p.Word})
		}
	}
	return all
}

// Serves reports whether a path is one of the console's.
func Serves(path string) bool {
	return path == "/ui" || len(path) >= 4 && path[:4] == "/ui/"
}

// ServeHTTP answers one request.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.headers(w.Header(), r)
	if err := c.guard(r); err != nil {
		c.sorry(w, r, err)
		return
	}
	if r.URL.Path == "/ui" || r.URL.Path == "/" {
		http.Redirect(w, r, "/ui/", http.StatusSeeOther)
		return
	}
	if !Serves(r.URL.Path) {
		c.sorry(w, r, vault.NoRoute(vault.Shorten(r.URL.Path)))
		return
	}
	if c.Door != nil {
		if r = c.Door.Admit(w, r, host{c}); r == nil {
			return
		}
	}
	c.recorded(w, r, c.mux)
}

// reports are the breaches of the content policy that browsers told of.
type reports struct {
	mu  sync.Mutex
	all []json.RawMessage
}
