// Package asset holds the files that the console's pages load: its own style
// sheet and script, and htmx 2.0.11, vendored as it was published (0BSD,
// htmx-LICENSE).
package asset

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strings"
)

//go:embed console.css console.js htmx-2.0.11.min.js htmx-LICENSE icon.svg
var files embed.FS

// Where they are found, below the console's own path.
const (
	Style  = "console.css"
	Script = "console.js"
	HTMX   = "htmx-2.0.11.min.js"
	Icon   = "icon.svg"
)

// tag names the content of all of them.
var tag = func() string {
	h := sha256.New()
	for _, name := range []string{Style, Script, HTMX, Icon} {
		text, err := files.ReadFile(name)
		if err != nil {
			panic(err)
		}
		h.Write(text)
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}()

// Path is the address of a file for pages: another one whenever the content is
// another, so that browsers may keep it.
func Path(name string) string { return "/ui/asset/" + tag + "/" + name }

var types = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", "": "text/plain; charset=utf-8"}

// ServeHTTP answers a request for one of the files.
func ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := path.Base(r.URL.Path)
	text, err := files.ReadFile(name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", types[path.Ext(name)])
	if strings.Contains(r.URL.Path, "/"+tag+"/") {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		w.Header().Set("Cache-Control", "no-cache")
	}
	_, _ = w.Write(text) // a client that went away
}
