package listener

import (
	"net/http"
	"time"

	"certwright/internal/clock"
)

// answerTime is how long a client may take to receive an answer, of a listener
// whose requests may take long.
const answerTime = time.Minute

// Hurried gives clients a minute from the first byte of an answer to take it all,
// however long h took before. Who streams sets deadlines of its own.
func Hurried(h http.Handler) http.Handler { return hurried(h, answerTime) }

func hurried(h http.Handler, within time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(&hurriedWriter{ResponseWriter: w, within: within}, r)
	})
}

type hurriedWriter struct {
	http.ResponseWriter
	within time.Duration
	begun  bool
}

func (h *hurriedWriter) begin() {
	if !h.begun {
		h.begun = true
		// Not every writer has deadlines, a test's has none.
		_ = http.NewResponseController(h.ResponseWriter).SetWriteDeadline(clock.Real{}.Now().Add(h.within))
	}
}

// WriteHeader implements http.ResponseWriter.
func (h *hurriedWriter) WriteHeader(status int) {
	h.begin()
	h.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (h *hurriedWriter) Write(p []byte) (int, error) {
	h.begin()
	return h.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (h *hurriedWriter) Unwrap() http.ResponseWriter { return h.ResponseWriter }
