// Package pages are pages of the console beside those of certificates: each makes
// its model and does what its buttons say, and package console is the Host that
// puts the frame around it. Begin with page.go.
package pages

import (
	"context"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"

	"certwright/internal/audit"
	"certwright/internal/console/view"
	"certwright/internal/vault"
)

// A Page stands in the navigation for those who may do Do with the server, and
// is refused to others.
type Page struct {
	Path string
	Word string       // in the navigation
	Do   vault.Action // "": everybody may, and sees what he may see of it
	// Body makes what stands in the frame, for a request of who may see it; nil: Routes has the page.
	Body func(r *http.Request, now time.Time) (func(view.Frame) templ.Component, error)
	// Routes are what there is beside the page, by pattern, each with permissions of its own.
	Routes func(Host) map[string]Handler
}

// A Handler writes an answer, or returns an error before it wrote anything.
type Handler = func(http.ResponseWriter, *http.Request) error

// A Host is the console around a page.
type Host interface {
	// Who is the person that asks.
	Who(*http.Request) vault.Caller
	// May reports whether a person may do something, so that its button is shown.
	May(ctx context.Context, who vault.Caller, do vault.Action, on vault.Ref) bool
	// AsOperator refuses who may not do what operators do.
	AsOperator(r *http.Request, do vault.Action, on vault.Ref) error
	// Moment is a time as pages show it.
	Moment(time.Time) view.Moment
	// Show writes a page: its title, its path in the navigation, and why it is shown
	// again where something was refused.
	Show(w http.ResponseWriter, r *http.Request, title, at string, refused error, page func(view.Frame) templ.Component) error
	// Back leads to the page that shows what came of it, and says so by a word.
	Back(w http.ResponseWriter, r *http.Request, to, word string) error
	// Audited does something with an object, under its name in the audit log.
	Audited(r *http.Request, name string, ref vault.Ref, do func(*http.Request) error, facts ...audit.Fact) error
	// AskedAgain reports whether who asks showed only just now who he is; if not,
	// he is led to where he does, and from there to a path.
	AskedAgain(w http.ResponseWriter, r *http.Request, to string) bool
}

// UsualVault is the one that development servers call by their own address.
const UsualVault = "default"

// Missing refuses a page that there is not.
func Missing() error {
	return &vault.Error{Reason: vault.NotFound, Code: "NotFound", Message: "The console has no such page."}
}

// MaxForm is how many bytes a form may have.
const MaxForm = 256 << 10

// ReadForm reads a form that was sent: with all of the fields named, since one that
// is not there must not be taken for one that was emptied.
func ReadForm(r *http.Request, fields ...string) (err error) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case kind == "multipart/form-data":
		err = r.ParseMultipartForm(MaxForm)
	case kind == "application/x-www-form-urlencoded", r.ContentLength == 0:
		err = r.ParseForm()
	default:
		return vault.Bad("The form is sent as something else than a form: application/x-www-form-urlencoded or multipart/form-data.")
	}
	if err != nil {
		return vault.Bad("The form is too large or cannot be read.")
	}
	for _, name := range fields {
		if !r.PostForm.Has(name) {
			return vault.Bad("The form has no field %s: nothing was changed.", name)
		}
	}
	return nil
}

// CheckNames refuses a name that nothing new can have, or that no vault has, and
// says which names can be.
func CheckNames(vaultName, name string) error {
	if err := vault.CheckVaultName(vaultName); err != nil {
		return err
	}
	if vault.CheckName(name) != nil {
		return vault.Bad("The name %q cannot be used: names are 1 to 127 letters, digits and hyphens (a-z, A-Z, 0-9 and -).", vault.Shorten(name))
	}
	return nil
}

// Typed refuses what is not meant: the name was not typed.
func Typed(r *http.Request, ref vault.Ref) error {
	if !strings.EqualFold(strings.TrimSpace(r.PostForm.Get("name")), ref.Name) {
		return vault.Bad("Type the name %s to show that this is meant.", ref.Name)
	}
	return nil
}

// Attach answers with a file. Names have letters, digits and hyphens alone.
func Attach(w http.ResponseWriter, name, kind string, text []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	_, _ = w.Write(text) // a client that went away
}
