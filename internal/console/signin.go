package console

import (
	"context"
	"errors"
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
	// Address is where a request comes from, as programs between say whom the
	// configuration believes.
	Address func(*http.Request) netip.Addr
}

const (
	cookieName = "__Host-certwright"
	strong     = 5 * time.Minute // since somebody showed who he is, for private keys
)

type sessionKey struct{}

// sessionOf is the session of a request that came through the door.
func sessionOf(ctx context.Context) (s session.Session, ok bool) {
	s, ok = ctx.Value(sessionKey{}).(session.Session)
	return s, ok
}

// open are the paths that need no session.
func open(path string) bool {
	return path == "/ui/signin" || path == "/ui/signin/oidc" || path == "/ui/callback" || path == "/ui/link" || path == "/ui/report" || strings.HasPrefix(path, "/ui/asset/")
}

// admit finds who asks, and answers who is not signed in: nil then.
func (c *Console) admit(w http.ResponseWriter, r *http.Request) *http.Request {
	cookie, err := r.Cookie(cookieName)
	if err == nil {
		s, err := c.Door.Book.Find(r.Context(), cookie.Value)
		if err == nil && !c.still(s.Who) {
			err = session.ErrNone
		}
		switch {
		case err == nil:
			s.Who.Address = c.Door.Address(r)
			return r.WithContext(context.WithValue(r.Context(), sessionKey{}, s))
		case !errors.Is(err, session.ErrNone):
			c.sorry(w, r, err)
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
		c.sorry(w, r, &vault.Error{Reason: vault.Unauthenticated, Code: "Unauthorized", Message: "You are not signed in any more. Sign in at /ui/signin, and do it again."})
	}
	return nil
}

// still reports whether somebody may still sign in.
func (c *Console) still(who vault.Caller) bool { return c.Door.Still == nil || c.Door.Still(who) }

func (c *Console) signInPage(w http.ResponseWriter, r *http.Request) error {
	return c.showSignIn(w, r, http.StatusOK, local(r.URL.Query().Get("to")), "", nil)
}

func (c *Console) showSignIn(w http.ResponseWriter, r *http.Request, status int, to, client string, say *view.Say) error {
	_, signedIn := sessionOf(r.Context())
	page := view.SignIn{To: to, Local: c.Door.Local != nil, Client: client, Again: signedIn}
	if c.Door.Single != nil {
		page.Single = c.Door.Single.Name
	}
	keepReturn(w, to)
	f := c.frame(r, "Sign in", "")
	if !signedIn {
		f.Nav = nil
	}
	if say != nil {
		f.Say = say
	}
	return show(w, r, status, view.SignInPage(f, page))
}

// signIn takes the secret of a client of the token service.
func (c *Console) signIn(w http.ResponseWriter, r *http.Request) error {
	if err := pages.ReadForm(r); err != nil {
		return err
	}
	to, client := local(r.PostForm.Get("to")), strings.TrimSpace(r.PostForm.Get("client"))
	if c.Door.Local == nil {
		return c.missing(w, r)
	}
	who, err := c.Door.Local(r, client, r.PostForm.Get("secret"))
	if err != nil {
		status, say := c.words(err)
		return c.showSignIn(w, r, status, to, client, &say)
	}
	return c.begin(w, r, who, "secret", clock.Real{}.Now(), to)
}

// begin signs somebody in, under an id that no browser had before.
func (c *Console) begin(w http.ResponseWriter, r *http.Request, who vault.Caller, how string, shown time.Time, to string) error {
	if cookie, err := r.Cookie(cookieName); err == nil {
		if err := c.Door.Book.End(r.Context(), cookie.Value); err != nil {
			return err
		}
	}
	id, err := c.Door.Book.Begin(r.Context(), who, how, shown)
	if err != nil {
		return err
	}
	c.Door.Audit.Note(audit.Entry{Operation: audit.ConsoleSignIn, Status: http.StatusOK, Caller: who, Address: c.Door.Address(r), Facts: []audit.Fact{{Name: "how", Value: how}}})
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: id, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	keepReturn(w, home)
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// askLink shows a link before it is used up.
func (c *Console) askLink(w http.ResponseWriter, r *http.Request) error {
	f := c.frame(r, "Sign in", "")
	f.Nav = nil
	return show(w, r, http.StatusOK, view.LinkPage(f, r.URL.Query().Get("token")))
}

func (c *Console) useLink(w http.ResponseWriter, r *http.Request) error {
	if err := pages.ReadForm(r); err != nil {
		return err
	}
	who, err := c.Door.Book.Redeem(r.Context(), r.PostForm.Get("token"))
	if err == nil && !c.still(who) {
		err = session.ErrNone
	}
	if errors.Is(err, session.ErrNone) {
		c.refusedSignIn(r, "link")
		err = &vault.Error{Reason: vault.Denied, Code: "Forbidden", Message: "The link was used already, is older than five minutes, or permissions or sign-in were changed since it was made. Have certwright console link print another one."}
	}
	if err != nil {
		return err
	}
	return c.begin(w, r, who, "link", clock.Real{}.Now(), keptReturn(r))
}

// refusedSignIn has it in the audit log that nobody was signed in, by which way.
func (c *Console) refusedSignIn(r *http.Request, how string) {
	c.Door.Audit.SignInRefused(audit.Entry{Status: http.StatusForbidden, Address: c.Door.Address(r), Agent: r.UserAgent(), Facts: []audit.Fact{{Name: "how", Value: how}}}, true)
}

func (c *Console) signOut(w http.ResponseWriter, r *http.Request) error {
	if cookie, err := r.Cookie(cookieName); err == nil {
		if err := c.Door.Book.End(r.Context(), cookie.Value); err != nil {
			return err
		}
		c.Poke() // so that what is open elsewhere ends
		c.Door.Audit.Note(audit.Entry{Operation: audit.ConsoleSignOut, Status: http.StatusOK, Caller: c.who(r), Address: c.Door.Address(r)})
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: -1})
	w.Header().Set("Clear-Site-Data", `"cache"`)
	http.Redirect(w, r, "/ui/signin", http.StatusSeeOther)
	return nil
}

// strongly reports whether who asks showed only just now who he is.
func (c *Console) strongly(r *http.Request) bool {
	if c.Door == nil {
		return true
	}
	s, ok := sessionOf(r.Context())
	return ok && clock.Real{}.Now().Sub(s.Shown) < strong
}
