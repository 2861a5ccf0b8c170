package audit_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"certwright/internal/audit"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// Whatever a file holds, reading it ends; and no text but the log itself is
// taken for it by who has the keys and its last checkpoint.
func FuzzVerify(f *testing.F) {
	s := newStand(f, audit.Settings{})
	s.note(4)
	must.Do(f, s.Close())
	how, last := s.keys(f)
	how.Checkpoint = &last
	good, err := os.ReadFile(s.path)
	must.Do(f, err)
	lines := bytes.SplitAfter(good, []byte("\n"))
	f.Add(good)
	f.Add([]byte{})
	f.Add(bytes.Join(lines[1:], nil))
	f.Add(bytes.Join(append(lines[:2:2], lines[3:]...), nil))
	f.Add(bytes.Replace(good, []byte(`"note":"`), []byte(`"note":"x\n`), 1))
	f.Add(bytes.ReplaceAll(good, []byte(`"edge":"`), []byte(`"edge":",`)))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := audit.VerifyText(text, how)
		if err == nil && len(r.Findings) == 0 && !r.Torn && !bytes.Equal(text, good) {
			t.Errorf("it is taken for the log: %q", text)
		}
		for line := range bytes.Lines(text) {
			if l, err := audit.ReadLine(line); err == nil {
				_ = l.OCSF()
			}
		}
	})
}

// Whatever callers send, a line is one line of JSON without anything that steers
// a terminal.
func FuzzLine(f *testing.F) {
	for _, text := range []string{"a", "\n\r\x00\x1b[31m", "\"\\", "\u202e\u2028", "\xff\xfe", "api-version=7.4&x=y&maxresults=\"", strings.Repeat("ä", 700), strings.Repeat("\x00", 5000), "😀"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		line := audit.LineOf(audit.Entry{Operation: "X", Phase: audit.Ends, Vault: text, Description: text, ID: text, Agent: text, Host: text, Path: text, Query: text, ClientID: text, Order: text, Decision: text,
			Caller: vault.Caller{Subject: text, App: text, Name: text, Issuer: text, TokenID: text, Tenant: text}})
		l, err := audit.ReadLine(line)
		if err != nil || l.OperationName != "X" {
			t.Fatalf("%s: %v", line, err)
		}
		if len(line) > 60<<10 {
			t.Errorf("it has %d bytes, and readers take 64 KiB", len(line))
		}
		for _, r := range string(line) {
			if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x200e && r <= 0x202e {
				t.Fatalf("it has %q: %q", r, line)
			}
		}
		if len(l.Property("clientInfo")) > 3*260 {
			t.Errorf("the agent has %d bytes", len(l.Property("clientInfo")))
		}
	})
}
