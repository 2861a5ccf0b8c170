package ca

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"certwright/internal/account"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"

	"github.com/google/go-cmp/cmp"
)

func listOf(t *testing.T, i *Issuer, name string) *x509.RevocationList {
	t.Helper()
	kind, body, err := i.File(t.Context(), name)
	if err != nil || kind != typeList {
		t.Fatalf("%s: %q, %v", name, kind, err)
	}
	list, err := x509.ParseRevocationList(body)
	must.Do(t, err)
	return list
}

func revoke(t *testing.T, i *Issuer, p vault.Progress, reason int, now time.Time) {
	t.Helper()
	must.Do(t, i.Revoke(t.Context(), vault.Revocation{Chain: p.Chain, Ref: p.Ref, Reason: reason, Now: now}))
}

func numberOf(l *x509.RevocationList) int64 { return l.Number.Int64() }

func TestRevoke(t *testing.T) {
	t.Parallel()
	i, w := newIssuer(t, Settings{})
	leaf, p := issueFor(t, i, "www.example.org", begin)
	issuing := certificateOf(t, i, "internal-1.crt")

	empty := listOf(t, i, "internal-1.crl")
	if len(empty.RevokedCertificateEntries) != 0 || numberOf(empty) < begin.UnixMilli() || !empty.NextUpdate.Equal(begin.Add(7*24*time.Hour)) {
		t.Errorf("the first list: %d entries, number %v, next %v", len(empty.RevokedCertificateEntries), empty.Number, empty.NextUpdate)
	}
	is := func(c *x509.Certificate) bool {
		t.Helper()
		revoked, err := i.Revoked(t.Context(), c)
		must.Do(t, err)
		return revoked
	}
	if is(leaf) {
		t.Error("it is revoked before anybody did so")
	}
	revoke(t, i, p, 1, begin)
	revoke(t, i, p, 4, begin.Add(time.Hour)) // twice is none
	other, _ := issueFor(t, i, "other.example.org", begin)
	strange, _ := newIssuer(t, Settings{})
	foreign, _ := issueFor(t, strange, "www.example.org", begin)
	if !is(leaf) || is(other) || is(foreign) {
		t.Errorf("revoked: %v, another of the authority: %v, one of another authority: %v", is(leaf), is(other), is(foreign))
	}
	list := listOf(t, i, "internal-1.crl")
	if err := list.CheckSignatureFrom(issuing); err != nil {
		t.Error(err)
	}
	if len(list.RevokedCertificateEntries) != 1 || numberOf(list) != numberOf(empty)+1 {
		t.Fatalf("%d entries, number %v after %v; want 1 and the next", len(list.RevokedCertificateEntries), list.Number, empty.Number)
	}
	if e := list.RevokedCertificateEntries[0]; e.SerialNumber.Cmp(leaf.SerialNumber) != 0 || e.ReasonCode != 1 || !e.RevocationTime.Equal(begin) {
		t.Errorf("the entry is %v, reason %d, at %v", e.SerialNumber, e.ReasonCode, e.RevocationTime)
	}

	// Lists are signed anew after a day, not before.
	w.pass(23 * time.Hour)
	if n := numberOf(listOf(t, i, "internal-1.crl")); n != numberOf(list) {
		t.Errorf("number %d after 23 hours, want %v", n, list.Number)
	}
	w.pass(time.Hour)
	if l := listOf(t, i, "internal-1.crl"); numberOf(l) <= numberOf(list) || !l.NextUpdate.Equal(begin.Add(8*24*time.Hour)) {
		t.Errorf("number %v until %v after a day, it was %v", l.Number, l.NextUpdate, list.Number)
	}

	// An expired certificate stays for one list after its end.
	w.pass(leaf.NotAfter.Sub(w.Now()) + time.Hour)
	if n := len(listOf(t, i, "internal-1.crl").RevokedCertificateEntries); n != 1 {
		t.Errorf("%d entries on the first list after the end, want 1", n)
	}
	w.pass(25 * time.Hour)
	if n := len(listOf(t, i, "internal-1.crl").RevokedCertificateEntries); n != 0 {
		t.Errorf("%d entries on the second list after the end, want none", n)
	}
}

func TestRevokeRefused(t *testing.T) {
	t.Parallel()
	i, _ := newIssuer(t, Settings{})
	_, p := issueFor(t, i, "www.example.org", begin)
	other, _ := newIssuer(t, Settings{})
	_, foreign := issueFor(t, other, "www.example.org", begin)
	root := certificateOf(t, i, "internal-root1.crt")
	for name, c := range map[string]struct {
		r    vault.Revocation
		want string
	}{
		"hold":     {vault.Revocation{Chain: p.Chain, Reason: 6, Now: begin}, "reason 6"},
		"CA's":     {vault.Revocation{Chain: p.Chain, Reason: caCompromise, Now: begin}, "reason 2"},
		"negative": {vault.Revocation{Chain: p.Chain, Reason: -1, Now: begin}, "reason -1"},
		"nothing":  {vault.Revocation{Now: begin}, "no certificate"},
		"garbage":  {vault.Revocation{Chain: [][]byte{{1}}, Now: begin}, "cannot be read"},
		"expired":  {vault.Revocation{Chain: p.Chain, Now: begin.AddDate(1, 0, 0)}, "expired"},
		"foreign":  {vault.Revocation{Chain: foreign.Chain, Ref: p.Ref, Now: begin}, "not issued by"},
		"root":     {vault.Revocation{Chain: [][]byte{root.Raw}, Now: begin}, "not issued by"},
	} {
		err := i.Revoke(t.Context(), c.r)
		if refusal := (*vault.Error)(nil); !errors.As(err, &refusal) || !strings.Contains(refusal.Message, c.want) {
			t.Errorf("%s: %v, want a refusal with %q", name, err, c.want)
		}
	}
}

// A compromised issuing CA is put on the root's list and signs no more.
func TestRevokeIssuing(t *testing.T) {
	t.Parallel()
	i, _ := newIssuer(t, Settings{})
	_, p := issueFor(t, i, "www.example.org", begin)
	revoke(t, i, vault.Progress{Chain: p.Chain[1:]}, caCompromise, begin)
	leaf, q := issueFor(t, i, "www.example.org", begin)
	if leaf.Issuer.CommonName != "Internal Issuing CA 2" || bytes.Equal(p.Chain[1], q.Chain[1]) {
		t.Errorf("issued by %s, want a new issuing CA", leaf.Issuer)
	}
	list := listOf(t, i, "internal-root1.crl")
	if err := list.CheckSignatureFrom(certificateOf(t, i, "internal-root1.crt")); err != nil {
		t.Error(err)
	}
	if n := len(list.RevokedCertificateEntries); n != 1 {
		t.Errorf("%d entries on the root's list, want 1", n)
	}
	revoke(t, i, p, 0, begin) // its leaves can still be revoked
}

// Two processes revoke at once: no entry is lost, no number used twice.
func TestRevokeSideBySide(t *testing.T) {
	t.Parallel()
	const each = 5
	one, w := newIssuer(t, Settings{})
	two := open(t, Issuer{Name: one.Name, Accounts: one.Accounts, Clock: w})
	var all []vault.Progress
	for range 2 * each {
		_, p := issueFor(t, one, "www.example.org", begin)
		all = append(all, p)
	}
	var wait sync.WaitGroup
	for n, p := range all {
		wait.Go(func() {
			i := []*Issuer{one, two}[n%2]
			if err := i.Revoke(t.Context(), vault.Revocation{Chain: p.Chain, Ref: p.Ref, Now: begin}); err != nil {
				t.Error(err)
			}
			if _, _, err := i.File(t.Context(), "internal-1.crl"); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	w.pass(publishedFor)
	for _, i := range []*Issuer{one, two} {
		l := listOf(t, i, "internal-1.crl")
		if len(l.RevokedCertificateEntries) != 2*each || numberOf(l) < begin.UnixMilli()+2*each-1 || numberOf(l) > begin.Add(publishedFor).UnixMilli() {
			t.Errorf("%d entries, number %v; want %d and as many", len(l.RevokedCertificateEntries), l.Number, 2*each)
		}
	}
}

// told are accounts that count reads, and know by others what changed.
type told struct {
	*counting
	by vault.Unchanged
}

func (a told) Unchanged(ctx context.Context, id string, rev int64) bool {
	return a.by.Unchanged(ctx, id, rev)
}

// What one server revokes is revoked at every other one from then on, and asking
// reads no row that did not change.
func TestRevokedElsewhere(t *testing.T) {
	t.Parallel()
	book := sqltest.Accounts(t)
	counted := &counting{Accounts: book}
	rows := told{counted, &account.Shared{Sole: account.Sole{Book: book}, Revision: book.Store.(*sqlstore.Store).AccountRevision}}
	w := &watch{at: begin}
	one, two := open(t, Issuer{Name: "Internal", Accounts: book, Clock: w}), open(t, Issuer{Name: "Internal", Accounts: rows, Clock: w})
	var leaves []*x509.Certificate
	var orders []vault.Progress
	for range 2 {
		_, p := issueFor(t, one, "www.example.org", begin)
		leaf, err := x509.ParseCertificate(p.Chain[0])
		must.Do(t, err)
		leaves, orders = append(leaves, leaf), append(orders, p)
	}
	want := func(n int, revoked bool, reads int) {
		t.Helper()
		is, err := two.Revoked(t.Context(), leaves[n])
		must.Do(t, err)
		if is != revoked || counted.reads != reads {
			t.Errorf("certificate %d revoked: %v after %d reads, want %v after %d", n, is, counted.reads, revoked, reads)
		}
	}
	want(0, false, 2)
	want(0, false, 2)
	revoke(t, one, orders[0], 1, begin)
	want(0, true, 3)
	want(1, false, 3)
	revoke(t, one, orders[1], 1, begin)
	want(1, true, 4)
	want(0, true, 4)
}

// How old the lists are that are handed out, until when they hold and how many
// certificates are in them is told; before there is an authority, nothing.
func TestStanding(t *testing.T) {
	t.Parallel()
	i, w := newIssuer(t, Settings{})
	if _, err := i.Standing(t.Context()); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("without an authority: %v", err)
	}
	_, p := issueFor(t, i, "www.example.org", begin)
	want := func(revoked int, signed time.Time) {
		t.Helper()
		s, err := i.Standing(t.Context())
		must.Do(t, err)
		if s.Lists != 2 || s.Revoked != revoked || !s.Signed.Equal(signed.Truncate(time.Second)) || !s.Next.Equal(s.Signed.Add(listLife)) {
			t.Errorf("%+v, want 2 lists with %d revoked, signed %v", s, revoked, signed)
		}
	}
	want(0, w.Now())
	first := w.Now()
	w.pass(time.Hour)
	want(0, first)
	must.Do(t, i.Revoke(t.Context(), vault.Revocation{Chain: p.Chain, Ref: p.Ref, Now: w.Now()}))
	want(1, first) // that of the root is as it was
	w.pass(listFresh)
	want(1, w.Now())
}

// A list that is too old is signed anew once, however many servers are asked for it.
func TestAnOldListIsSignedOnce(t *testing.T) {
	t.Parallel()
	one, w := newIssuer(t, Settings{})
	all := []*Issuer{one}
	for range 4 {
		all = append(all, open(t, Issuer{Name: one.Name, Accounts: one.Accounts, Clock: w}))
	}
	issueFor(t, one, "www.example.org", begin)
	first := numberOf(listOf(t, one, "internal-1.crl"))
	w.pass(listFresh + time.Hour)
	var wait sync.WaitGroup
	numbers := make([]int64, len(all))
	for n, i := range all {
		wait.Go(func() { numbers[n] = numberOf(listOf(t, i, "internal-1.crl")) })
	}
	wait.Wait()
	_, rev, err := one.Accounts.Read(t.Context(), one.account("revoked", "1"))
	must.Do(t, err)
	for _, n := range numbers {
		if n <= first || n != numbers[0] || rev != 2 {
			t.Errorf("lists %v after %d, written %d times; want one more for all", numbers, first, rev)
		}
	}
}

// Data restored from a backup sign no list under a number that was used after it.
func TestNumbersAfterARestore(t *testing.T) {
	t.Parallel()
	i, w := newIssuer(t, Settings{})
	_, p := issueFor(t, i, "www.example.org", begin)
	listOf(t, i, "internal-1.crl")
	row := i.account("revoked", "1")
	saved, _, err := i.Accounts.Read(t.Context(), row)
	must.Do(t, err)
	for range 3 {
		_, q := issueFor(t, i, "www.example.org", w.Now())
		revoke(t, i, q, 1, w.Now())
	}
	used := listOf(t, i, "internal-1.crl")
	if len(used.RevokedCertificateEntries) != 3 {
		t.Fatalf("%d entries", len(used.RevokedCertificateEntries))
	}
	_, rev, err := i.Accounts.Read(t.Context(), row)
	if err == nil {
		err = i.Accounts.Write(t.Context(), row, saved, rev)
	}
	must.Do(t, err)
	w.pass(time.Minute)
	revoke(t, i, p, 1, w.Now())
	if l := listOf(t, i, "internal-1.crl"); numberOf(l) <= numberOf(used) || len(l.RevokedCertificateEntries) != 1 {
		t.Errorf("number %v with %d entries after the restore, %v was used before", l.Number, len(l.RevokedCertificateEntries), used.Number)
	}
}

func certificateOf(t *testing.T, i *Issuer, name string) *x509.Certificate {
	t.Helper()
	kind, body, err := i.File(t.Context(), name)
	if err != nil || kind != typeCert {
		t.Fatalf("%s: %q, %v", name, kind, err)
	}
	c, err := x509.ParseCertificate(body)
	must.Do(t, err)
	return c
}

func TestFile(t *testing.T) {
	t.Parallel()
	i, w := newIssuer(t, Settings{})
	counted := &counting{Accounts: i.Accounts}
	i.Accounts = counted
	for _, name := range []string{"internal.pem", "internal-1.crl", "internal-1.crt", "internal-root1.crt"} {
		if _, _, err := i.File(t.Context(), name); !errors.Is(err, vault.ErrNotFound) {
			t.Errorf("%s before anything was issued: %v, want none", name, err)
		}
	}
	if counted.reads != 1 || counted.writes != 0 {
		t.Errorf("strangers cost %d reads and %d writes, want 1 and 0", counted.reads, counted.writes)
	}
	issueFor(t, i, "www.example.org", begin)
	counted.reads, counted.writes = 0, 0
	got := map[string]string{}
	for range 100 {
		for _, name := range []string{"internal.pem", "internal-1.crl", "internal-1.crt", "internal-root1.crl", "internal-root1.crt"} {
			kind, body, err := i.File(t.Context(), name)
			if err != nil || len(body) == 0 {
				t.Fatalf("%s: %v", name, err)
			}
			got[name] = kind
		}
		for _, name := range []string{"", "internal", "internal.", "internal.crt", "internal-1", "internal-1.pem", "internal-2.crl", "internal-root1", "INTERNAL.pem",
			"internal-.crl", "internal-1.crl.crl", "internal1.crl", "internal-../1.crl", "other.pem", "internal--1.crl", "internal-root.crl", "internal-1crl"} {
			if _, _, err := i.File(t.Context(), name); !errors.Is(err, vault.ErrNotFound) {
				t.Fatalf("%q: %v, want none", name, err)
			}
		}
	}
	want := map[string]string{"internal.pem": typeBundle, "internal-1.crl": typeList, "internal-1.crt": typeCert, "internal-root1.crl": typeList, "internal-root1.crt": typeCert}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("content types (-want +got):\n%s", diff)
	}
	if counted.reads != 3 || counted.writes != 2 {
		t.Errorf("files cost %d reads and %d writes, want 3 (all authorities, two lists) and 2 (two first lists)", counted.reads, counted.writes)
	}
	w.pass(publishedFor) // and then only what may have changed is read
	if _, _, err := i.File(t.Context(), "internal-1.crl"); err != nil || counted.reads != 5 || counted.writes != 2 {
		t.Errorf("after a while: %d reads, %d writes, %v; want 5 and 2", counted.reads, counted.writes, err)
	}
}
