package asset

import (
	"bytes"
	"net/http/httptest"
	"os"
	"testing"
)

// htmx gets to every browser as it was published, packed to those that unpack it.
func TestPacked(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile(HTMX)
	if err != nil {
		t.Fatal(err)
	}
	for accept, encoding := range map[string]string{"": "", "br": "", "gzip, deflate, br": "gzip"} {
		r := httptest.NewRequest("GET", Path(HTMX), nil)
		r.Header.Set("Accept-Encoding", accept)
		w := httptest.NewRecorder()
		ServeHTTP(w, r)
		got := w.Body.Bytes()
		if h := w.Header(); h.Get("Content-Encoding") != encoding || h.Get("Vary") != "Accept-Encoding" || h.Get("Content-Type") != "text/javascript; charset=utf-8" {
			t.Errorf("%q: %v", accept, h)
		}
		if encoding != "" {
			if got, err = unpacked(got); err != nil {
				t.Fatal(err)
			}
		}
		if w.Code != 200 || !bytes.Equal(got, want) {
			t.Errorf("%q: %d, %d bytes, want %d", accept, w.Code, len(got), len(want))
		}
	}
	for path, status := range map[string]int{Path(Style): 200, Path(HTMX + ".gz"): 404, Path("none.js"): 404} {
		w := httptest.NewRecorder()
		if ServeHTTP(w, httptest.NewRequest("GET", path, nil)); w.Code != status || w.Header().Get("Content-Encoding") != "" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
}
