package api

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"certwright/internal/vault"
)

const (
	// maxBody is the largest request body, in bytes (docs/contract/wire.md).
	maxBody = 1 << 20
	// smallBody is read before it is known whether its caller may do anything: it
	// is no larger than the headers of a request, which are read before anybody is known.
	smallBody = 64 << 10

	largeTime = time.Minute // for a body of more than maxBody to arrive
)

// body reads the body of a request, up to the limit of its row. Whoever may not do
// what the request is for is refused before more than a small one is read. The
// server's own deadline holds for usual ones; a large one waits for a place and
// then gets more time. done gives the place back.
func (h *Handler) body(w http.ResponseWriter, r *http.Request, c *call) (body []byte, done func(), err error) {
	done = func() {}
	limit := c.path.row.limit
	if isOver(r, smallBody) {
		if err := c.permitted(h.Service); err != nil {
			return nil, done, err
		}
	}
	if limit > maxBody && isOver(r, maxBody) && r.ContentLength <= limit {
		if done, err = h.large.take(r.Context(), c.who); err != nil {
			return nil, func() {}, err
		}
		// Not every writer has deadlines, a test's has none.
		_ = http.NewResponseController(w).SetReadDeadline(h.clock.Now().Add(largeTime))
	}
	if body, err = readBody(w, r, limit); err == nil && len(body) > 0 {
		err = onlyJSON(r.Header.Get("Content-Type"))
	}
	return body, done, err
}

// isOver reports whether the body of a request is larger than that, or may be.
func isOver(r *http.Request, size int64) bool {
	return r.ContentLength > size || r.ContentLength < 0
}

// onlyJSON refuses a body that is not said to be JSON.
func onlyJSON(contentType string) error {
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	if media == "application/json" || media == "text/json" || strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json") {
		return nil
	}
	return vault.NotJSON(media)
}

// readBody reads a request's body whole, up to limit bytes.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, vault.BodyTooLarge(limit)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return nil, vault.BodyTooLarge(limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, vault.Bad("The request body did not arrive in time.").Because(err)
	case err != nil:
		return nil, vault.Bad("The request body could not be read to its end.").Because(err)
	}
	return body, nil
}
