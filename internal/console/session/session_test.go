package session

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

func TestSession(t *testing.T) {
	t.Parallel()
	now, access := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC), "one"
	at := sqltest.Accounts(t)
	b := &Book{Accounts: at, Now: func() time.Time { return now }, Access: func() string { return access }}
	ann := vault.Caller{Issuer: "certwright", Subject: "ann", Name: "Ann"}
	begin := func() string {
		id, err := b.Begin(t.Context(), ann, "secret", now)
		must.Do(t, err)
		return id
	}
	gone := func(what, id string) {
		t.Helper()
		if _, err := b.Find(t.Context(), id); !errors.Is(err, ErrNone) {
			t.Errorf("%s: %v", what, err)
		}
	}
	id := begin()
	s, err := b.Find(t.Context(), id)
	must.Do(t, err)
	text, _, err := at.Read(t.Context(), row)
	must.Do(t, err)
	if s.Who.Name != "Ann" || strings.Contains(string(text), id) {
		t.Errorf("session %+v in %s", s, text)
	}
	gone("another id", id[1:])
	for range 20 { // used all the time, it lasts twelve hours
		now = now.Add(29 * time.Minute)
		_, err := b.Find(t.Context(), id)
		must.Do(t, err)
	}
	now = now.Add(3 * time.Hour)
	gone("after three idle hours", id)
	id = begin()
	for range 25 {
		now = now.Add(29 * time.Minute)
		_, _ = b.Find(t.Context(), id)
	}
	gone("after twelve hours", id)
	id = begin()
	now = now.Add(Idle - time.Minute)
	if !b.Lasts(t.Context(), id) || b.Lasts(t.Context(), id[1:]) {
		t.Error("whether it lasts is not known")
	}
	now = now.Add(time.Minute)
	if b.Lasts(t.Context(), id) {
		t.Error("being asked whether it lasts, it lasts")
	}
	id = begin()
	other := *b
	_, err = other.Find(t.Context(), id) // of another server of the database
	must.Do(t, err)
	must.Do(t, other.End(t.Context(), id))
	gone("signed out at another server", id)
	rescue, err := b.Begin(t.Context(), vault.Caller{Issuer: vault.RecoveryIssuer, Subject: "recovery"}, "link", now)
	must.Do(t, err)
	id = begin()
	now = now.Add(15 * time.Minute)
	gone("with the recovery token, after a quarter of an hour", rescue)
	_, err = b.Find(t.Context(), id)
	must.Do(t, err)
	access = "two"
	gone("after the permissions changed", id)
}

func TestLink(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	b := &Book{Accounts: sqltest.Accounts(t), Now: func() time.Time { return now }, Access: func() string { return "" }}
	token, err := b.Link(t.Context(), vault.Caller{Subject: "ann"})
	must.Do(t, err)
	who, err := b.Redeem(t.Context(), token)
	if err != nil || who.Subject != "ann" {
		t.Errorf("%+v %v", who, err)
	}
	if _, err := b.Redeem(t.Context(), token); !errors.Is(err, ErrNone) {
		t.Errorf("used twice: %v", err)
	}
	late, err := b.Link(t.Context(), vault.Caller{Subject: "ann"})
	must.Do(t, err)
	now = now.Add(LinkTime)
	if _, err := b.Redeem(t.Context(), late); !errors.Is(err, ErrNone) {
		t.Errorf("after five minutes: %v", err)
	}
}

// However many sign in, the row stays small, and who came last stays.
func TestMost(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	b := &Book{Accounts: sqltest.Accounts(t), Now: func() time.Time { return now }, Access: func() string { return "" }}
	var first, last string
	for i := range most + 5 {
		now = now.Add(time.Millisecond)
		id, err := b.Begin(t.Context(), vault.Caller{Subject: fmt.Sprint(i / 2)}, "secret", now)
		must.Do(t, err)
		if i == 0 {
			first = id
		}
		last = id
	}
	if _, err := b.Find(t.Context(), first); !errors.Is(err, ErrNone) {
		t.Errorf("the first: %v", err)
	}
	_, err := b.Find(t.Context(), last)
	must.Do(t, err)
	if r, _, err := b.read(t.Context()); err != nil || len(r.Sessions) != most {
		t.Errorf("%d sessions (%v)", len(r.Sessions), err)
	}
}

// Who signs in again and again, or has links made, signs nobody else out: his own go.
func TestMostOfOne(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	b := &Book{Accounts: sqltest.Accounts(t), Now: func() time.Time { return now }, Access: func() string { return "" }}
	ann, bob := vault.Caller{Issuer: "corp", Subject: "ann"}, vault.Caller{Issuer: "corp", Subject: "bob"}
	anns, err := b.Begin(t.Context(), ann, "secret", now)
	must.Do(t, err)
	link, err := b.Link(t.Context(), ann)
	must.Do(t, err)
	var bobs []string
	for range each + 5 {
		now = now.Add(time.Millisecond)
		id, err := b.Begin(t.Context(), bob, "secret", now)
		must.Do(t, err)
		bobs = append(bobs, id)
		_, err = b.Link(t.Context(), bob)
		must.Do(t, err)
	}
	for i, want := range map[int]error{0: ErrNone, 4: ErrNone, 5: nil, each + 4: nil} {
		if _, err := b.Find(t.Context(), bobs[i]); !errors.Is(err, want) {
			t.Errorf("bob's session %d: %v, want %v", i, err, want)
		}
	}
	_, err = b.Find(t.Context(), anns)
	must.Do(t, err)
	_, err = b.Redeem(t.Context(), link)
	must.Do(t, err)
	if r, _, err := b.read(t.Context()); err != nil || len(r.Sessions) != each+1 || len(r.Links) != each {
		t.Errorf("%d sessions, %d links (%v)", len(r.Sessions), len(r.Links), err)
	}
}

// crowded are rows that somebody else is always faster to write.
type crowded struct{ vault.Accounts }

func (crowded) Write(context.Context, string, []byte, int64) error { return vault.ErrStale }

// Who is signed in stays so while it cannot be noted that he did something.
func TestCrowdedRow(t *testing.T) {
	t.Parallel()
	now, rows := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC), sqltest.Accounts(t)
	b := &Book{Accounts: rows, Now: func() time.Time { return now }, Access: func() string { return "" }}
	id, err := b.Begin(t.Context(), vault.Caller{Subject: "ann"}, "secret", now)
	must.Do(t, err)
	now = now.Add(2 * touched)
	b.Accounts = crowded{rows}
	if s, err := b.Find(t.Context(), id); err != nil || s.Who.Subject != "ann" {
		t.Errorf("%+v %v", s, err)
	}
	if err := b.End(t.Context(), id); !errors.Is(err, vault.ErrStale) {
		t.Errorf("signed out without a word on it: %v", err)
	}
}

// A session lasts as long at a server whose clock is wrong, which ends nobody else's,
// and takes nobody for somebody who just showed who he is.
func TestServersWhoseClocksDiffer(t *testing.T) {
	t.Parallel()
	now, rows := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC), sqltest.Accounts(t)
	at := func(ahead time.Duration) *Book {
		return &Book{Accounts: sqltest.Dated{Accounts: rows, By: -ahead}, Now: func() time.Time { return now.Add(ahead) }, Access: func() string { return "" }}
	}
	right, wrong := at(0), at(2*time.Hour)
	ann := vault.Caller{Subject: "ann"}
	id, err := right.Begin(t.Context(), ann, "secret", right.Now())
	must.Do(t, err)
	s, err := wrong.Find(t.Context(), id)
	must.Do(t, err)
	if !s.Shown.Equal(wrong.Now()) || !s.Began.Equal(wrong.Now()) {
		t.Errorf("by its clock he was there %v ago", wrong.Now().Sub(s.Shown))
	}
	other, err := wrong.Begin(t.Context(), ann, "secret", wrong.Now())
	must.Do(t, err)
	if s, err := right.Find(t.Context(), other); err != nil || !s.Shown.Equal(right.Now()) {
		t.Errorf("he showed himself %v ago (%v)", right.Now().Sub(s.Shown), err)
	}
	_, err = right.Find(t.Context(), id)
	must.Do(t, err)
	never, err := wrong.Begin(t.Context(), ann, "single sign-on", time.Time{})
	must.Do(t, err)
	if s, err := right.Find(t.Context(), never); err != nil || !s.Shown.IsZero() {
		t.Errorf("he never did: %v (%v)", s.Shown, err)
	}
	now = now.Add(Idle)
	for _, b := range []*Book{right, wrong} {
		if _, err := b.Find(t.Context(), other); !errors.Is(err, ErrNone) {
			t.Errorf("after an idle half hour: %v", err)
		}
	}
}
