package console

import (
	"bytes"
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"

	"certwright/internal/console/door"
	"certwright/internal/console/pages"
	"certwright/internal/console/view"
	"certwright/internal/vault"
	"certwright/internal/wire"
)

// answering turns a handler's error into a page that says why.
func (c *Console) answering(serve handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, pages.MaxForm)
		if err := serve(w, r); err != nil {
			c.sorry(w, r, err)
		}
	}
}

// who is the person that asks. On a development server that is nobody.
func (c *Console) who(r *http.Request) vault.Caller {
	s, _ := door.SessionOf(r.Context())
	return s.Who
}

// may reports whether a person may do something, so that its button is shown.
func (c *Console) may(ctx context.Context, who vault.Caller, do vault.Action, on vault.Ref) bool {
	return c.May.Authorize(ctx, who, do, on) == nil
}

// now is the server's time.
func (c *Console) now() time.Time {
	now, _ := c.Clock()
	return now
}

// moment is a time as pages show it.
func (c *Console) moment(at time.Time) view.Moment { return view.Moment{At: at, Now: c.now()} }

// frame is what is around a page; at is its path in the navigation.
func (c *Console) frame(r *http.Request, title, at string) view.Frame {
	f := view.Frame{Title: title, At: at, Dev: c.Dev, Nav: c.nav(r), Say: said(r)}
	if who := c.who(r); who.Subject != "" {
		f.Person = cmp.Or(who.Name, who.Subject)
	}
	if _, offset := c.Clock(); offset >= time.Second {
		f.Moved = view.Long(offset) + " ahead"
	}
	return f
}

// show writes a page, whole or not at all.
func show(w http.ResponseWriter, r *http.Request, status int, page templ.Component) error {
	var text bytes.Buffer
	if err := page.Render(r.Context(), &text); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes()) // a client that went away
	return nil
}

// sorry shows why something was not done, on a page of its own.
func (c *Console) sorry(w http.ResponseWriter, r *http.Request, err error) {
	status, say := c.words(err)
	f := c.frame(r, "That did not work", "")
	f.Say = &say
	if status == http.StatusNotFound {
		f.Title = "Not found"
	}
	if err := show(w, r, status, view.SorryPage(f)); err != nil {
		c.Log.Error("a page could not be shown", "error", err)
	}
}

// words are an error as people read it, with its status. What is no refusal is a
// fault of ours, which the log gets.
func (c *Console) words(err error) (int, view.Say) {
	refusal := vault.RefusalIn(err)
	if refusal == nil {
		c.Log.Error("a request to the console failed", "error", err)
		return http.StatusInternalServerError, view.Say{Tone: "bad", Title: "The server could not do that", Text: "Its log says why."}
	}
	if completed(err) {
		return http.StatusConflict, view.Say{Tone: "bad", Title: "It is complete already", Text: "The order was completed before, in another window or by somebody else. Nothing was changed."}
	}
	title := titles[refusal.Reason]
	if refusal.OfState() {
		title = "That is not possible as things stand"
	}
	return wire.Status(refusal.Reason), view.Say{Tone: "bad", Title: title, Text: strings.TrimSpace(refusal.Message)}
}

// completed reports whether a merge was refused because there has been one.
func completed(err error) bool {
	refusal := vault.RefusalIn(err)
	return refusal != nil && refusal.Message == vault.MergeCompleted().Message
}

// titles are what kinds of refusals are called.
var titles = map[vault.Reason]string{
	vault.Invalid: "That is not possible as it was asked", vault.Denied: "You may not do that", vault.NotFound: "There is no such thing",
	vault.Conflict: "That does not go with what is there", vault.Throttled: "Too many requests", vault.Unavailable: "The server cannot do that now",
	vault.Unauthenticated: "Sign in first", vault.NoMethod: "There is no such page",
}

// done are the sentences by which a page says what was done, by their names in
// the address that the person is led to.
var done = map[string]string{
	"ordered": "The certificate was ordered.", "renewed": "A new version was ordered.", "cancel": "The order is being cancelled.", "kept": "The order goes on.",
	"retried": "It is being tried again.", "merged": "The certificate was merged.", "policy": "The policy was saved; the next version follows it.",
	"tags": "The tags were saved.", "disabled": "It was disabled.", "enabled": "It was enabled.", "approved": "The order was approved.", "rejected": "The order was denied.",
	"revoked": "The certificate was revoked.", "deleted": "The certificate was deleted. It can be recovered here.", "gone": "It was deleted. It can be recovered here.", "discarded": "The order was removed.", "many": "Done with all that were chosen.",
	"issuer": "The issuer was added.", "issuer-gone": "The issuer was deleted; orders that run go on.", "account": "The issuer was registered anew.", "rollover": "There is a new issuing certificate.",
	"recovered": "It was recovered.", "purged": "It was purged.", "resent": "It was queued again.", "tested": "The receiver took the test message.", "contacts": "The contacts were saved.", "moved": "The clock was moved, and what fell due was done.",
}

// said is what was done, for who was led here by what did it: pages of other sites
// have no say here.
func said(r *http.Request) *view.Say {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		return nil
	}
	if text, ok := done[r.URL.Query().Get("done")]; ok {
		return &view.Say{Tone: "ok", Text: text}
	}
	return nil
}

// back leads to the page that shows what came of it.
func (c *Console) back(w http.ResponseWriter, r *http.Request, to, word string) error {
	c.Poke()
	u, err := url.Parse(to)
	if err != nil {
		return err
	}
	q := u.Query()
	q.Set("done", word)
	u.RawQuery = q.Encode()
	http.Redirect(w, r, u.String(), http.StatusSeeOther)
	return nil
}
