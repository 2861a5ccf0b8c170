package peer

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"certwright/internal/must"
)

// A socket takes the place of another one while that ends, again and again, and
// somebody always comes to answer there.
func TestSocketsFollowOneAnother(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "peer") // the path of a socket must be short
	must.Do(t, err)
	defer os.RemoveAll(dir)
	s := Socket{Path: filepath.Join(dir, "s"), Allowed: func(int) bool { return true }}
	var all sync.WaitGroup
	serve := func() context.CancelFunc {
		ctx, end := context.WithCancel(t.Context())
		all.Go(func() {
			if err := s.Serve(ctx, &http.Server{ReadHeaderTimeout: time.Second}); err != nil {
				t.Error(err)
			}
		})
		return end
	}
	answers := func() bool {
		c, err := net.Dial("unix", s.Path)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	}
	end := serve()
	for range 200 {
		before := end
		go before()
		end = serve()
		for began := time.Now(); !answers(); {
			if time.Since(began) > 10*time.Second {
				t.Fatal("nobody answers at the socket any more")
			}
		}
	}
	end()
	all.Wait()
	if _, err := os.Lstat(s.Path); err == nil {
		t.Error("the last one left its socket")
	}
}
