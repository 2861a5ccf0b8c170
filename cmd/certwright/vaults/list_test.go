package vaults

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"certwright/internal/authority"
	"certwright/internal/client"
	"certwright/internal/files"
	"certwright/internal/must"
	"certwright/internal/print"
)

const (
	many    = 100_000
	onePage = 25
)

// pages is a vault of many certificates that notes how many pages were asked for.
func pages(t *testing.T, n int, asked *int) At {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer authorization="https://%s/adfs", resource="https://%[1]s"`, r.Host))
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		*asked++
		at, _ := strconv.Atoi(r.URL.Query().Get("$skiptoken")) // the first page has none
		var b strings.Builder
		b.WriteString(`{"value":[`)
		for i := at; i < at+onePage; i++ {
			if i > at {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `{"id":"https://%s/certificates/web-%06d","x5t":"kyWeuryoSLib6Z6u5mX4vUtqYqI","attributes":{"enabled":true,"nbf":1795887484,"exp":%d,"created":1795887784,"updated":1795887784}}`, r.Host, i, 4000000000-i)
		}
		b.WriteString(`]`)
		if at+onePage < n {
			fmt.Fprintf(&b, `,"nextLink":"https://%s/certificates?api-version=7.6&$skiptoken=%d"`, r.Host, at+onePage)
		}
		b.WriteString(`}`)
		_, _ = io.WriteString(w, b.String())
	}))
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	must.Do(t, files.Replace(ca, authority.PEM(server.Certificate().Raw), 0o644))
	return At{Vault: server.URL, CAFile: ca}
}

// nowhere finds no server here.
func nowhere(ctx context.Context, _, _ string) (*client.Client, error) {
	return client.Find(ctx, filepath.Join(os.TempDir(), "certwright-no-such-folder"))
}

// A list of 100,000 certificates begins with the first page and keeps none of
// them: memory is as it was at the first line.
func TestListStreams(t *testing.T) {
	t.Setenv(client.TokenVariable, "token")
	for _, form := range []string{print.AsNames, print.AsLines} {
		asked := 0
		at := pages(t, many, &asked)
		out, in := io.Pipe()
		done := make(chan error, 1)
		go func() {
			c := certList{At: at, Format: print.Format{Output: form}}
			err := c.Run(t.Context(), print.Streams{In: strings.NewReader(""), Out: in, Err: io.Discard}, nowhere)
			in.Close()
			done <- err
		}()
		lines, before, most := 0, uint64(0), uint64(0)
		s := bufio.NewScanner(out)
		for s.Scan() {
			if lines++; lines == 1 && asked != 1 {
				t.Errorf("%s: the first line came after %d pages", form, asked)
			}
			if lines%20_000 == 1 {
				used := heap()
				if before == 0 {
					before = used
				}
				most = max(most, used)
			}
		}
		must.Do(t, <-done)
		if lines != many || asked != many/onePage {
			t.Errorf("%s: %d lines of %d pages", form, lines, asked)
		}
		if grown := int64(most) - int64(before); grown > 2<<20 {
			t.Errorf("%s: memory grew by %d bytes", form, grown)
		}
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// For people what expires next comes first, whatever the vault's order.
func TestListIsSorted(t *testing.T) {
	t.Setenv(client.TokenVariable, "token")
	asked := 0
	var out strings.Builder
	must.Do(t, certList{At: pages(t, 1000, &asked)}.Run(t.Context(), print.Streams{In: strings.NewReader(""), Out: &out, Err: io.Discard}, nowhere))
	lines := strings.SplitN(out.String(), "\n", 3)
	if len(lines) < 3 || !strings.HasPrefix(lines[1], "web-000999 ") {
		t.Errorf("first: %q", lines[:2])
	}
}
