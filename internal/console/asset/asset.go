// Package asset holds the files that the console's pages load: its own style
// sheet and script, and htmx 2.0.11, vendored as it was published (0BSD,
// htmx-LICENSE). In the program htmx is as gzip -9n packs it, which most browsers
// get as it is.
package asset

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io"
	"net/http"
	"path"
	"strings"
)

//go:embed console.css console.js htmx-2.0.11.min.js.gz htmx-LICENSE icon.svg
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
		text, _, err := read(name)
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

// packed is what ends the name of a file that is packed.
const packed = ".gz"

// read returns a file as it is kept.
func read(name string) (text []byte, isPacked bool, err error) {
	if text, err = files.ReadFile(name); err == nil {
		return text, false, nil
	}
	text, err = files.ReadFile(name + packed)
	return text, true, err
}

// unpacked is a file that some client takes only as it was before.
func unpacked(text []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// ServeHTTP answers a request for one of the files.
func ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := path.Base(r.URL.Path)
	text, isPacked, err := read(name)
	if isPacked && err == nil {
		w.Header().Set("Vary", "Accept-Encoding")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			w.Header().Set("Content-Encoding", "gzip")
		} else {
			text, err = unpacked(text)
		}
	}
	if err != nil || strings.HasSuffix(name, packed) {
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
