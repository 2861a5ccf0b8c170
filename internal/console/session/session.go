// Package session keeps who is signed in to the console: one sealed row for all
// servers of a database, with the hashes of what browsers hold, never that
// itself. It knows no HTTP. Begin with Book.
package session

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"certwright/internal/vault"
)

// How long things last.
const (
	Idle     = 30 * time.Minute // without a request
	Absolute = 12 * time.Hour   // at most
	Recovery = 15 * time.Minute // of who came with the recovery token of a start, which lasts as long
	LinkTime = 5 * time.Minute  // for a link to be opened
	touched  = time.Minute      // between notes of a session being used

	most  = 300 // sessions, and links, at a time: the oldest go
	each  = 20  // of these of one person
	tries = 5   // at a row that others write at the same time
	row   = "console/sessions"
)

// ErrNone says that there is no such session, or link, any more.
var ErrNone = errors.New("there is no such session")

// A Session is somebody who is signed in.
type Session struct {
	Who    vault.Caller
	How    string // by which way
	Began  time.Time
	Shown  time.Time // when he showed who he is: by a session elsewhere maybe long before; zero: nobody knows
	Used   time.Time // to within a minute
	Access string    // what was in force of permissions and sign-in then
}

// A link signs in who opens it, once.
type link struct {
	Who    vault.Caller
	Made   time.Time
	Access string // as a session's
}

type rows struct {
	Sessions map[string]Session
	Links    map[string]link
}

// A Book keeps sessions. Every field is required.
type Book struct {
	Accounts vault.Accounts
	Now      func() time.Time // real time
	// Access names what is in force of permissions and sign-in: with another, every
	// session of before has ended.
	Access func() string
}

// Begin signs somebody in who showed at some time who he is, and returns what his
// browser is to hold.
func (b *Book) Begin(ctx context.Context, who vault.Caller, how string, shown time.Time) (id string, err error) {
	id = rand.Text() + rand.Text()
	now := b.now()
	return id, b.change(ctx, func(r *rows) error {
		room(r.Sessions, func(s Session) bool { return same(s.Who, who) }, func(s Session) time.Time { return s.Used })
		r.Sessions[hashOf(id)] = Session{Who: who, How: how, Began: now, Shown: later(shown, vault.Ahead(b.Accounts)), Used: now, Access: b.Access()}
		return nil
	})
}

// Find returns the session that a browser holds; ErrNone if it has ended.
func (b *Book) Find(ctx context.Context, id string) (Session, error) {
	now := b.now()
	r, _, err := b.read(ctx)
	if err != nil {
		return Session{}, err
	}
	s, ok := r.Sessions[hashOf(id)]
	if !ok || !b.lasts(s, now) {
		return Session{}, ErrNone
	}
	if now.Sub(s.Used) >= touched {
		err = b.change(ctx, func(r *rows) error {
			if is, ok := r.Sessions[hashOf(id)]; ok {
				is.Used = now
				r.Sessions[hashOf(id)] = is
			}
			return nil
		})
		if vault.IsStorageFault(err) || errors.Is(err, vault.ErrStale) { // he is signed in all the same
			err = nil
		}
	}
	return s.by(-vault.Ahead(b.Accounts)), err
}

// Lasts reports whether a session goes on, without making it go on longer: for what
// a page has open that nobody need look at. Where that cannot be known it does.
func (b *Book) Lasts(ctx context.Context, id string) bool {
	r, _, err := b.read(ctx)
	if err != nil {
		return true
	}
	s, ok := r.Sessions[hashOf(id)]
	return ok && b.lasts(s, b.now())
}

// now is real time by the clock that servers share, which the row has all times by.
func (b *Book) now() time.Time { return b.Now().Add(vault.Ahead(b.Accounts)) }

// by is a session by a clock that is so far ahead.
func (s Session) by(ahead time.Duration) Session {
	s.Began, s.Shown, s.Used = later(s.Began, ahead), later(s.Shown, ahead), later(s.Used, ahead)
	return s
}

// later is a time so much later; what is not known stays so.
func later(t time.Time, d time.Duration) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(d)
}

// End signs out.
func (b *Book) End(ctx context.Context, id string) error {
	return b.change(ctx, func(r *rows) error {
		delete(r.Sessions, hashOf(id))
		return nil
	})
}

// Link returns what a link needs that signs somebody in once.
func (b *Book) Link(ctx context.Context, who vault.Caller) (token string, err error) {
	token = rand.Text() + rand.Text()
	return token, b.change(ctx, func(r *rows) error {
		room(r.Links, func(l link) bool { return same(l.Who, who) }, func(l link) time.Time { return l.Made })
		r.Links[hashOf(token)] = link{who, b.now(), b.Access()}
		return nil
	})
}

// Redeem uses a link up and returns whom it signs in; ErrNone if it was used, is
// too old, or permissions and sign-in are others than when it was made.
func (b *Book) Redeem(ctx context.Context, token string) (who vault.Caller, err error) {
	return who, b.change(ctx, func(r *rows) error {
		l, ok := r.Links[hashOf(token)]
		if !ok {
			return ErrNone
		}
		delete(r.Links, hashOf(token))
		who = l.Who
		return nil
	})
}

func (b *Book) lasts(s Session, now time.Time) bool {
	if s.Who.Issuer == vault.RecoveryIssuer && now.Sub(s.Began) >= Recovery {
		return false
	}
	return now.Sub(s.Began) < Absolute && now.Sub(s.Used) < Idle && s.Access == b.Access()
}

// change reads the row, edits it and writes it, again while others are faster.
// What has ended is left out.
func (b *Book) change(ctx context.Context, edit func(*rows) error) error {
	for range tries {
		r, rev, err := b.read(ctx)
		if err != nil {
			return err
		}
		b.prune(&r)
		if err := edit(&r); err != nil {
			return err
		}
		text, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if err = b.Accounts.Write(ctx, row, text, rev); !errors.Is(err, vault.ErrStale) {
			return err
		}
	}
	return fmt.Errorf("write the sessions: %w", vault.ErrStale)
}

func (b *Book) read(ctx context.Context) (r rows, rev int64, err error) {
	text, rev, err := b.Accounts.Read(ctx, row)
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if errors.Is(err, vault.ErrNotFound) {
		err = nil
	}
	if r.Sessions == nil {
		r.Sessions = map[string]Session{}
	}
	if r.Links == nil {
		r.Links = map[string]link{}
	}
	return r, rev, err
}

// prune removes what has ended, and of too many the oldest.
func (b *Book) prune(r *rows) {
	now := b.now()
	for id, s := range r.Sessions {
		if !b.lasts(s, now) {
			delete(r.Sessions, id)
		}
	}
	for id, l := range r.Links {
		if now.Sub(l.Made) >= LinkTime || l.Access != b.Access() {
			delete(r.Links, id)
		}
	}
}

func same(a, b vault.Caller) bool {
	return a.Issuer == b.Issuer && a.Tenant == b.Tenant && a.Subject == b.Subject
}

// room makes room for one more: the oldest of that person goes where he has too
// many, so that nobody signs others out, and else the oldest of all.
func room[T any](all map[string]T, his func(T) bool, at func(T) time.Time) {
	own := 0
	for _, v := range all {
		if his(v) {
			own++
		}
	}
	if own < each && len(all) < most {
		return
	}
	oldest, when := "", time.Time{}
	for id, v := range all {
		if (own < each || his(v)) && (oldest == "" || at(v).Before(when)) {
			oldest, when = id, at(v)
		}
	}
	delete(all, oldest)
}

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
