package line_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"certwright/internal/audit/line"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// The root over lines is that of RFC 6962, for trees of any size; who goes on
// from an edge comes to the same.
func TestTree(t *testing.T) {
	t.Parallel()
	chain := line.NewChain([]byte("key"))
	var hashes []tlog.Hash
	stored := tlog.HashReaderFunc(func(at []int64) (found []tlog.Hash, err error) {
		for _, i := range at {
			found = append(found, hashes[i])
		}
		return found, nil
	})
	for n := range int64(130) {
		text := bytes.TrimSuffix(chain.Frame(nil, fmt.Appendf(nil, `{"n":%d,"certwright":{"server":"a1","seq":`, n)), []byte("\n"))
		more, err := tlog.StoredHashes(n, text, stored)
		must.Do(t, err)
		hashes = append(hashes, more...)
		want, err := tlog.TreeHash(n+1, stored)
		must.Do(t, err)
		again, err := line.ReadTree(n+1, line.EdgeText(chain.Tree.Edge))
		must.Do(t, err)
		if got := chain.Tree.Root(); got != want || again.Root() != want {
			t.Fatalf("%d lines: %v, from its edge %v, want %v", n+1, got, again.Root(), want)
		}
		if number, _, ok := line.NumberOf(text); !ok || number != n {
			t.Fatalf("line %d has the number %d: %v", n, number, ok)
		}
		if _, err := line.ReadTree(n+2, line.EdgeText(chain.Tree.Edge)); err == nil && (n+1)&(n+2) != 0 && len(chain.Tree.Edge) != ones(n+2) {
			t.Errorf("the edge of %d lines is taken for one of %d", n+1, n+2)
		}
	}
}

func ones(n int64) (count int) {
	for ; n > 0; n &= n - 1 {
		count++
	}
	return count
}

// Whatever callers send, a line is one line of JSON without anything that steers
// a terminal.
func FuzzLine(f *testing.F) {
	for _, text := range []string{"a", "\n\r\x00\x1b[31m", "\"\\", "\u202e\u2028", "\xff\xfe", "api-version=7.4&x=y&maxresults=\"", strings.Repeat("ä", 700), strings.Repeat("\x00", 5000), "😀"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e := line.Entry{Operation: "X", Phase: line.Ends, Vault: text, Description: text, ID: text, Agent: text, Host: text, Path: text, Query: text, ClientID: text, Order: text, Decision: text,
			Caller: vault.Caller{Subject: text, App: text, Name: text, Issuer: text, TokenID: text, Tenant: text}}
		made := bytes.TrimSuffix(line.NewChain(nil).Frame(nil, e.Append(nil, time.Time{}, &line.Maker{Server: "a1"})), []byte("\n"))
		l, err := line.ReadLine(made)
		if err != nil || l.OperationName != "X" {
			t.Fatalf("%s: %v", made, err)
		}
		if len(made) > 60<<10 {
			t.Errorf("it has %d bytes, and readers take 64 KiB", len(made))
		}
		for _, r := range string(made) {
			if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x200e && r <= 0x202e {
				t.Fatalf("it has %q: %q", r, made)
			}
		}
		if len(l.Property("clientInfo")) > 3*260 {
			t.Errorf("the agent has %d bytes", len(l.Property("clientInfo")))
		}
	})
}
