package admin

import "net/http"

// Sealed answers in place of the side door while the data keys cannot be opened:
// the process is well, and nothing is served.
func Sealed() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, said := http.StatusServiceUnavailable, "not ready: sealed: the key-encryption key cannot be used yet; the server's log says why\n"
		if r.URL.Path == "/healthz" {
			status, said = http.StatusOK, "ok\n"
		}
		w.Header().Set("Retry-After", "5")
		writeText(w, status, "text/plain; charset=utf-8", said)
	})
}
