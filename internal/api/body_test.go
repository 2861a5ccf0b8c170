package api

import (
	"io"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"certwright/internal/must"
)

func TestPlacesForLargeBodies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlaces()
		var back []func()
		for range largeAtOnce {
			done, err := p.take(t.Context())
			must.Do(t, err)
			back = append(back, done)
		}
		began := time.Now()
		if _, err := p.take(t.Context()); err == nil || time.Since(began) != largeWait {
			t.Errorf("one more: %v after %v, want a refusal after %v", err, time.Since(began), largeWait)
		}
		time.AfterFunc(time.Second, back[0])
		if _, err := p.take(t.Context()); err != nil {
			t.Errorf("a place that came free: %v", err)
		}
	})
}

// Restores hold a place from the first byte to the answer; other bodies, and
// restores that say they are small, need none.
func TestLargeBodiesAreCounted(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	g.handler.large.wait = time.Millisecond
	held := make(chan reply)
	var feeds []*io.PipeWriter
	for range largeAtOnce {
		body, feed := io.Pipe()
		feeds = append(feeds, feed)
		r := httptest.NewRequest("POST", "https://"+testHost+"/certificates/restore?api-version=7.4", body)
		r.Header.Set("Authorization", "Bearer token")
		go func() { held <- g.serve(r) }()
		if _, err := feed.Write([]byte("{")); err != nil { // returns once it is read
			t.Fatal(err)
		}
	}
	large := `{"value":"` + strings.Repeat("A", maxBody) + `"}`
	if got := g.do("POST", "/keys/restore", large); got.status != 429 || got.code() != "Throttled" || got.header.Get("Retry-After") == "" {
		t.Errorf("one more: %d %s, Retry-After %q", got.status, got.body, got.header.Get("Retry-After"))
	}
	if got := g.do("POST", "/keys/restore", strings.Repeat("A", maxBackup+1)); got.status != 413 {
		t.Errorf("one too large: %d %s", got.status, got.body)
	}
	if got := g.do("POST", "/keys/restore", `{"value":"AAAA"}`); got.status != 400 {
		t.Errorf("a small one: %d %s", got.status, got.body)
	}
	g.must(200, "PUT", "/secrets/s", `{"value":"x"}`)
	for _, feed := range feeds {
		_ = feed.CloseWithError(os.ErrDeadlineExceeded)
		if got := <-held; got.status != 400 || !strings.Contains(got.message(), "in time") {
			t.Errorf("a body that stopped: %d %s", got.status, got.body)
		}
	}
	if got := g.do("POST", "/keys/restore", large); got.status != 400 {
		t.Errorf("after the others: %d %s", got.status, got.body)
	}
}
