package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"certwright/internal/clientenv"
	"certwright/internal/must"
)

// A long move says meanwhile how far it is, and one that is refused says what
// stands.
func TestClockSaysHowFarItIs(t *testing.T) {
	t.Parallel()
	var reads atomic.Int64
	enough := make(chan struct{})
	side := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" {
			return
		}
		offset := "0s"
		switch n := reads.Add(1); {
		case r.Method == http.MethodPost:
			<-enough
			offset = "1440h0m0s"
		case n == 4:
			offset = "792h0m0.5s"
			close(enough)
		case n > 1:
			offset = "24h0m0s"
		}
		fmt.Fprintf(w, `{"now":"2026-12-25T12:00:00Z","offset":%q}`, offset)
	}))
	defer side.Close()
	data := t.TempDir()
	text, err := json.Marshal(clientenv.Ready{IPURL: "https://127.0.0.1:1", HTTPURL: side.URL})
	if err == nil {
		err = os.WriteFile(filepath.Join(data, clientenv.RunFile), text, 0o600)
	}
	must.Do(t, err)
	var out, talk strings.Builder
	c := clockCommand{running: running{inFolder: inFolder{data}}, By: "+60d", Words: time.Millisecond}
	must.Do(t, c.Run(t.Context(), streams{out: &out, err: &talk}))
	if want := "2026-12-25 12:00:00Z  60d ahead of real time\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
	for _, want := range []string{"moving: 2026-12-25 12:00:00Z, 1d of 60d\n", "moving: 2026-12-25 12:00:00Z, 33d of 60d\n"} {
		if !strings.Contains(talk.String(), want) {
			t.Errorf("it said %q, not %q", talk.String(), want)
		}
	}
}

func TestDays(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0s", 90 * time.Second: "1m30s", 36 * time.Hour: "1d12h", 60 * 24 * time.Hour: "60d", 24*time.Hour + time.Minute: "1d1m",
		24*time.Hour + 10*time.Minute: "1d10m", 48*time.Hour + time.Second: "2d1s", 24*time.Hour + 20*time.Hour: "1d20h", 1500 * time.Millisecond: "1s",
	} {
		if got := days(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}
