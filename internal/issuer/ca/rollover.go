package ca

import (
	"context"
	"errors"
	"fmt"
	"time"

	"certwright/internal/vault"
)

// A lacking says why there is nobody to sign; its text is for the order's user.
type lacking struct{ text string }

func (l lacking) Error() string { return l.text }

// current returns the issuing CA that signs now, and makes it, with a root
// where there is none, at first use and when the one there is would not outlive
// the longest leaf. notes say what was made. An error that is a lacking does
// not pass by itself.
func (i *Issuer) current(ctx context.Context, now time.Time) (a member, notes []string, err error) {
	if len(i.imported) > 0 {
		a, err = i.importedNow(ctx, now)
		return a, nil, err
	}
	l, err := i.load(ctx)
	if err != nil {
		return a, nil, err
	}
	if a, ok := l.issuing(i.recipe(), now, now.Add(i.Settings.longest())); ok {
		notes, err = roots{i}.foresee(ctx, l, a, now)
		return a, notes, err
	}
	i.making.Lock() // one at a time, so that orders side by side do not all make one
	defer i.making.Unlock()
	return i.provide(ctx, now, false)
}

// provide makes an issuing CA, unless there is one meanwhile that will do and
// anew is false: under the oldest root that outlives it, or a new one.
func (i *Issuer) provide(ctx context.Context, now time.Time, anew bool) (a member, notes []string, err error) {
	for {
		l, err := i.load(ctx)
		if err != nil {
			return a, nil, err
		}
		if a, ok := l.issuing(i.recipe(), now, now.Add(i.Settings.longest())); ok && !anew {
			return a, notes, nil
		}
		root, said, err := roots{i}.rootFor(ctx, l, now, now)
		notes = append(notes, said...)
		if errors.Is(err, vault.ErrStale) {
			continue
		}
		if err != nil {
			return a, notes, err
		}
		if l, err = i.load(ctx); err != nil {
			return a, notes, err
		}
		if a, ok := l.issuing(i.recipe(), now, now.Add(i.Settings.longest())); ok && !anew {
			return a, notes, nil // another process made it while the root was sought
		}
		if a, err = i.newIssuing(l.next, root, now); err != nil {
			return a, notes, err
		}
		if err = i.save(ctx, l.with(a, now)); !errors.Is(err, vault.ErrStale) {
			return a, append(notes, fmt.Sprintf("Made the issuing CA %s (%s).", a.Certificate.Subject.CommonName, i.file(a.name+".crt"))), err
		}
	}
}

// slack keeps a root of the same years as its issuing CA from being made anew
// with every one.
const slack = 24 * time.Hour

// Rollover makes a new issuing CA, which signs from now on; the old one keeps
// its list of revoked certificates until it expires. Where there is none yet it
// makes the first. For an imported issuing CA it is a refusal: that one is
// rolled over by other files.
func (i *Issuer) Rollover(ctx context.Context) error {
	if len(i.imported) > 0 {
		return vault.Bad("The issuing CA of %s is imported; put the new one into its files and restart.", i.Name)
	}
	i.making.Lock()
	defer i.making.Unlock()
	_, _, err := i.provide(ctx, i.Clock.Now(), true)
	return err
}
