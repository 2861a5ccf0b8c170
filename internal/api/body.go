package api

import (
	"context"
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

	largeAtOnce = 4                // bodies of more than maxBody held in memory
	largeWait   = 10 * time.Second // for one of those places; less than what a server gives a body to arrive
	largeTime   = time.Minute      // for a body of more than maxBody to arrive
)

// places hands out the places for large bodies, so that what clients send
// slowly, or a lot of, does not fill the memory.
type places struct {
	taken chan struct{}
	wait  time.Duration
}

func newPlaces() places { return places{make(chan struct{}, largeAtOnce), largeWait} }

// take waits for a place and returns how to give it back, or refuses.
func (p places) take(ctx context.Context) (func(), error) {
	ctx, stop := context.WithTimeout(ctx, p.wait)
	defer stop()
	select {
	case p.taken <- struct{}{}:
		return func() { <-p.taken }, nil
	case <-ctx.Done():
		return nil, vault.TooManyLarge()
	}
}

// mayBeLarge reports whether a request may bring more than a usual body.
func mayBeLarge(r *http.Request, limit int64) bool {
	return limit > maxBody && (r.ContentLength > maxBody || r.ContentLength < 0)
}

// body reads the body of a request, up to limit bytes. The server's own
// deadline holds for usual ones; a large one waits for a place and then gets
// more time. done gives the place back.
func (h *Handler) body(w http.ResponseWriter, r *http.Request, limit int64) (body []byte, done func(), err error) {
	done = func() {}
	if mayBeLarge(r, limit) && r.ContentLength <= limit {
		if done, err = h.large.take(r.Context()); err != nil {
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
