package door

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
)

const (
	home         = "/ui/"
	returnCookie = "__Host-certwright-return"
	mostReturn   = 2000 // bytes of an address to come back to
)

// Local is a page of the console, to go on to; anything else is its first page. A
// browser takes what begins with two slashes, or with a backslash, for another host.
func Local(to string) string {
	u, err := url.Parse(to)
	switch {
	case err != nil || u.Scheme != "" || u.Host != "" || u.Opaque != "" || u.User != nil || len(to) > mostReturn:
		return home
	case strings.ContainsFunc(to+u.Path, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }):
		return home
	case u.Path != home && (path.Clean(u.Path) != u.Path || !strings.HasPrefix(u.Path, home)):
		return home
	case open(u.Path) || strings.HasPrefix(u.Path, "/ui/live"):
		return home
	}
	return u.RequestURI()
}

// LocalTo is Local for what can only come from one page.
func LocalTo(page, to string) string {
	to = Local(to)
	if at, _, _ := strings.Cut(to, "?"); at != page {
		return page
	}
	return to
}

// keepReturn has the browser keep, for as long as a sign-in may take, where
// somebody wanted to go: who signs in by a link comes from elsewhere.
func keepReturn(w http.ResponseWriter, to string) {
	kept := &http.Cookie{Name: returnCookie, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: -1}
	if to != home {
		kept.Value, kept.MaxAge = base64.RawURLEncoding.EncodeToString([]byte(to)), int(flowTime/time.Second)
	}
	http.SetCookie(w, kept)
}

// keptReturn is where that was.
func keptReturn(r *http.Request) string {
	cookie, err := r.Cookie(returnCookie)
	if err != nil {
		return home
	}
	to, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return home
	}
	return Local(string(to))
}
