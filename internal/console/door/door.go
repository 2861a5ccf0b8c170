// Package door is how people sign in to the console of a production server, and
// who they are then: by a secret, by a link, or at a provider of theirs. Begin
// with Door.
package door

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"certwright/internal/audit"
	"certwright/internal/clock"
	"certwright/internal/console/pages"
	"certwright/internal/console/session"
	"certwright/internal/console/view"
	"certwright/internal/vault"

	"github.com/a-h/templ"
)

// A Door is how people sign in to the console of a production server.
type Door struct {
	Book *session.Book
	// Local returns who the client of the token service is that shows a secret; nil:
	// nobody signs in so.
	Local func(r *http.Request, client, secret string) (vault.Caller, error)
	// Still reports whether somebody may still sign in; nil: who once could, may.
	Still func(vault.Caller) bool
	// Single signs people in at a provider of theirs; nil: there is none.
	Single *Single
	Audit  *audit.Log
	Log    *slog.Logger
	// Address is where a request comes from, as programs between say whom the
	// configuration believes.
	Address func(*http.Request) netip.Addr
}

// A Host is the console that people come in to.
type Host interface {
	pages.Host
	// Sorry shows why something was not done.
	Sorry(http.ResponseWriter, *http.Request, error)
	// Poke tells pages that listen to look.
	Poke()
}

// A room is a door with the console behind it.
type room struct {
	*Door
	Host
}

// Check reports what a door lacks.
func (d *Door) Check() error {
	if d == nil || d.Book == nil || d.Address == nil || d.Log == nil {
		return errors.New("console: a door has a book of sessions, addresses and a log")
	}
	return nil
}

// Routes are the paths by which people come in and leave.
func (d *Door) Routes(h Host) map[string]pages.Handler {
	m := room{d, h}
	return map[string]pages.Handler{"GET /ui/signin": m.signInPage, "POST /ui/signin": m.signIn, "POST /ui/signout": m.signOut, "GET /ui/link": m.askLink, "POST /ui/link": m.useLink,
		"POST /ui/signin/oidc": m.singleBegin, "GET /ui/callback": m.singleEnd}
}

const (
	cookieName = "__Host-certwright"
	strong     = 5 * time.Minute // since somebody showed who he is, for private keys
)

type sessionKey struct{}

// SessionOf is the session of a request that came through the door.
func SessionOf(ctx context.Context) (s session.Session, ok bool) {
	s, ok = ctx.Value(sessionKey{}).(session.Session)
	return s, ok
}

// open are the paths that need no session.
func open(path string) bool {
	return path == "/ui/signin" || path == "/ui/signin/oidc" || path == "/ui/callback" || path == "/ui/link" || path == "/ui/report" || strings.HasPrefix(path, "/ui/asset/")
}

// Admit finds who asks, and answers who is not signed in: nil then.
func (d *Door) Admit(w http.ResponseWriter, r *http.Request, h Host) *http.Request {
	cookie, err := r.Cookie(cookieName)
	if err == nil {
		s, err := d.Book.Find(r.Context(), cookie.Value)
		if err == nil && !d.still(s.Who) {
			err = session.ErrNone
		}
		switch {
		case err == nil:
			s.Who.Address = d.Address(r)
			return r.WithContext(context.WithValue(r.Context(), sessionKey{}, s))
		case !errors.Is(err, session.ErrNone):
			h.Sorry(w, r, err)
			return nil
		}
	}
	switch {
	case open(r.URL.Path):
		return r
	case r.Method == http.MethodGet && !strings.HasPrefix(r.URL.Path, "/ui/live") && r.Header.Get("HX-Request") == "":
		http.Redirect(w, r, "/ui/signin?to="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
	default:
		w.Header().Set("HX-Refresh", "true") // htmx loads the page anew, which leads to the sign-in
		h.Sorry(w, r, &vault.Error{Reason: vault.Unauthenticated, Code: "Unauthorized", Message: "You are not signed in any more. Sign in at /ui/signin, and do it again."})
	}
	return nil
}

// still reports whether somebody may still sign in.
func (d *Door) still(who vault.Caller) bool { return d.Still == nil || d.Still(who) }

func (d room) signInPage(w http.ResponseWriter, r *http.Request) error {
	return d.showSignIn(w, r, Local(r.URL.Query().Get("to")), "", nil)
}

func (d room) showSignIn(w http.ResponseWriter, r *http.Request, to, client string, refused error) error {
	_, signedIn := SessionOf(r.Context())
	page := view.SignIn{To: to, Local: d.Local != nil, Client: client, Again: signedIn}
	if d.Single != nil {
		page.Single = d.Single.Name
	}
	keepReturn(w, to)
	return d.Show(w, r, "Sign in", "", refused, func(f view.Frame) templ.Component {
		if !signedIn {
			f.Nav = nil
		}
		return view.SignInPage(f, page)
	})
}

// signIn takes the secret of a client of the token service.
func (d room) signIn(w http.ResponseWriter, r *http.Request) error {
	if err := pages.ReadForm(r); err != nil {
		return err
	}
	to, client := Local(r.PostForm.Get("to")), strings.TrimSpace(r.PostForm.Get("client"))
	if d.Local == nil {
		return pages.Missing()
	}
	who, err := d.Local(r, client, r.PostForm.Get("secret"))
	if err != nil {
		return d.showSignIn(w, r, to, client, err)
	}
	return d.begin(w, r, who, "secret", clock.Real{}.Now(), to)
}

// begin signs somebody in, under an id that no browser had before.
func (d room) begin(w http.ResponseWriter, r *http.Request, who vault.Caller, how string, shown time.Time, to string) error {
	if cookie, err := r.Cookie(cookieName); err == nil {
		if err := d.Book.End(r.Context(), cookie.Value); err != nil {
			return err
		}
	}
	id, err := d.Book.Begin(r.Context(), who, how, shown)
	if err != nil {
		return err
	}
	d.Audit.Note(audit.Entry{Operation: audit.ConsoleSignIn, Status: http.StatusOK, Caller: who, Address: d.Address(r), Facts: []audit.Fact{{Name: "how", Value: how}}})
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: id, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	keepReturn(w, home)
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// askLink shows a link before it is used up.
func (d room) askLink(w http.ResponseWriter, r *http.Request) error {
	return d.Show(w, r, "Sign in", "", nil, func(f view.Frame) templ.Component {
		f.Nav = nil
		return view.LinkPage(f, r.URL.Query().Get("token"))
	})
}

func (d room) useLink(w http.ResponseWriter, r *http.Request) error {
	if err := pages.ReadForm(r); err != nil {
		return err
	}
	who, err := d.Book.Redeem(r.Context(), r.PostForm.Get("token"))
	if err == nil && !d.still(who) {
		err = session.ErrNone
	}
	if errors.Is(err, session.ErrNone) {
		d.refusedSignIn(r, "link")
		err = &vault.Error{Reason: vault.Denied, Code: "Forbidden", Message: "The link was used already, is older than five minutes, or permissions or sign-in were changed since it was made. Have certwright console link print another one."}
	}
	if err != nil {
		return err
	}
	return d.begin(w, r, who, "link", clock.Real{}.Now(), keptReturn(r))
}

// refusedSignIn has it in the audit log that nobody was signed in, by which way.
func (d room) refusedSignIn(r *http.Request, how string) {
	d.Audit.SignInRefused(audit.Entry{Status: http.StatusForbidden, Address: d.Address(r), Agent: r.UserAgent(), Facts: []audit.Fact{{Name: "how", Value: how}}}, true)
}

func (d room) signOut(w http.ResponseWriter, r *http.Request) error {
	if cookie, err := r.Cookie(cookieName); err == nil {
		if err := d.Book.End(r.Context(), cookie.Value); err != nil {
			return err
		}
		d.Poke() // so that what is open elsewhere ends
		d.Audit.Note(audit.Entry{Operation: audit.ConsoleSignOut, Status: http.StatusOK, Caller: d.Who(r), Address: d.Address(r)})
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: -1})
	w.Header().Set("Clear-Site-Data", `"cache"`)
	http.Redirect(w, r, "/ui/signin", http.StatusSeeOther)
	return nil
}

// Strongly reports whether who asks showed only just now who he is; where there is
// no door, everybody did.
func (d *Door) Strongly(r *http.Request) bool {
	if d == nil {
		return true
	}
	s, ok := SessionOf(r.Context())
	return ok && clock.Real{}.Now().Sub(s.Shown) < strong
}

// Lasts reports whether the session of a request has not ended yet, nor who it is
// of been shut out; without one it lasts.
func (d *Door) Lasts(r *http.Request) bool {
	cookie, err := r.Cookie(cookieName)
	if d == nil || err != nil {
		return true
	}
	s, _ := SessionOf(r.Context())
	return d.Book.Lasts(r.Context(), cookie.Value) && d.still(s.Who)
}

// FormAction is where the forms of the sign-in page may lead beside here.
func (d *Door) FormAction(ctx context.Context) string { return d.Single.formAction(ctx) }
