package listener

import (
	"errors"
	"io"
	"net/http"
	"time"

	"certwright/internal/clock"
)

// bodyTime is how long a request's body may take to arrive; the API gives its
// largest ones more.
const bodyTime = 30 * time.Second

// timed bounds how long h waits for bodies, over HTTP/1 and HTTP/2 alike. The
// deadline ends with the body: http.Server.ReadTimeout would also cancel
// requests that rightly take long, such as a move of the clock.
func timed(h http.Handler, within time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil && r.Body != http.NoBody {
			c := http.NewResponseController(w)
			if err := c.SetReadDeadline(clock.Real{}.Now().Add(within)); err == nil {
				copied := *r
				copied.Body = timedBody{r.Body, c}
				r = &copied
			}
		}
		h.ServeHTTP(w, r)
	})
}

// A timedBody ends its deadline when it is read to its end.
type timedBody struct {
	io.ReadCloser
	deadline *http.ResponseController
}

// Read reads on.
func (b timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		_ = b.deadline.SetReadDeadline(time.Time{})
	}
	return n, err
}
