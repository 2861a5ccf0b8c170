package audit_test

import (
	"net/netip"
	"strings"
	"testing"

	"certwright/internal/audit"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// A row that was sealed anew beside the log is written on; one that another
// server wrote is left alone, and that is said.
func TestRowOfOthers(t *testing.T) {
	t.Parallel()
	s := newStand(t, audit.Settings{})
	accounts := s.means.Accounts.(told).Book
	again := func() {
		t.Helper()
		text, rev, err := accounts.Read(t.Context(), "audit/a1")
		must.Do(t, err)
		must.Do(t, accounts.Write(t.Context(), "audit/a1", text, rev))
	}
	again()
	must.Do(t, s.Event(audit.Entry{Operation: "X"}))
	must.Do(t, s.Close())
	_, last := s.keys(t)
	if last.Size != 1 || s.said.Len() > 0 {
		t.Errorf("the checkpoint is of %d lines; %s", last.Size, s.said)
	}
	s.start(t)
	other := *s
	other.path, other.means.Data = "", t.TempDir()
	other.start(t)
	for _, log := range []*audit.Log{s.Log, other.Log} {
		must.Do(t, log.Event(audit.Entry{Operation: "Y"}))
		must.Do(t, log.Close())
	}
	if _, last = s.keys(t); last.Size <= 1 {
		t.Errorf("the first checkpoint is not there: %d", last.Size)
	}
	if text := s.said.String(); !strings.Contains(text, "another server writes an audit log under the same name") {
		t.Errorf("nothing is said: %s", text)
	}
}

// So many refused sign-ins of one place are listed, those with a token apart
// from those without, and the rest is counted.
func TestNoiseIsBounded(t *testing.T) {
	t.Parallel()
	s := newStand(t, audit.Settings{})
	refuse := func(from string, token bool) {
		s.SignInRefused(audit.Entry{Status: 401, Caller: vault.Caller{Address: netip.MustParseAddr(from)}}, token)
	}
	for range 1000 {
		refuse("192.0.2.1", false)
	}
	refuse("192.0.2.2", false)
	refuse("192.0.2.1", true)
	for i := range 256 {
		refuse("2001:db8::"+string("0123456789abcdef"[i%16]), false) // one network
	}
	must.Do(t, s.Close())
	listed := map[string]int{}
	var count any
	for _, l := range s.lines(t) {
		if l.Properties["count"] != nil {
			count = l.Properties["count"]
		} else if l.OperationName == audit.Authentication {
			listed[l.CallerIPAddress]++
		}
	}
	if listed["192.0.2.1"] != 21 || listed["192.0.2.2"] != 1 || count != "1216" {
		t.Errorf("listed: %v, counted %v", listed, count)
	}
}
