package listener

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
)

// A body that stops arriving is given up, in both protocols; one that arrived
// leaves its handler all the time it wants.
func TestBodiesHaveADeadline(t *testing.T) {
	t.Parallel()
	for _, proto := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(proto, func(t *testing.T) {
			t.Parallel()
			ended := make(chan error, 1)
			const within = 200 * time.Millisecond
			s := httptest.NewUnstartedServer(timed(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if r.Proto != proto {
					t.Errorf("%s, want %s", r.Proto, proto)
				}
				_, err := io.ReadAll(r.Body)
				if err == nil && r.URL.Path == "/long" {
					select {
					case <-r.Context().Done():
						err = r.Context().Err()
					case <-time.After(2 * within):
					}
				}
				ended <- err
			}), within))
			s.EnableHTTP2 = proto == "HTTP/2.0"
			s.StartTLS()
			t.Cleanup(s.Close)

			slow, feed := io.Pipe()
			r, err := http.NewRequestWithContext(t.Context(), "PUT", s.URL, slow)
			must.Do(t, err)
			go func() {
				_, _ = feed.Write([]byte("x")) // and no more
			}()
			if answer, err := s.Client().Do(r); err == nil {
				answer.Body.Close()
			}
			_ = feed.Close()
			if err := told(t, ended); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("a body that stops: %v, want %v", err, os.ErrDeadlineExceeded)
			}

			r, err = http.NewRequestWithContext(t.Context(), "PUT", s.URL+"/long", strings.NewReader("whole"))
			must.Do(t, err)
			answer, err := s.Client().Do(r)
			must.Do(t, err)
			answer.Body.Close()
			if err := told(t, ended); err != nil {
				t.Errorf("a long answer to a body that arrived: %v", err)
			}
		})
	}
}

func told(t *testing.T, ended <-chan error) error {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		t.Fatal("the handler does not end")
		return nil
	}
}
