package ca

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"certwright/internal/vault"
)

// An Announcer tells people and programs of a new root, and has it on the disk
// when it returns. It may be called again for the same root after a crash.
type Announcer func(ctx context.Context, root vault.NewRoot) error

// leastNotice is how long before it is needed a root is made and announced, or
// longer where leaves are: an order must come by meanwhile.
const leastNotice = 90 * 24 * time.Hour

// roots are an issuer's roots: made, and announced before they are needed.
type roots struct{ *Issuer }

// notice is how long before its first use a root is announced: at least twice
// the longest leaf's life, and no more than a quarter of an issuing CA's.
func (i roots) notice() time.Duration {
	return min(max(leastNotice, 2*i.Settings.longest()), time.Duration(i.Settings.issuingYears())*365*24*time.Hour/4)
}

// foresee makes and announces the root of the issuing CA after the one that
// signs now, where no root there is would outlive that, once it is near.
func (i roots) foresee(ctx context.Context, l members, a member, now time.Time) (notes []string, err error) {
	next := a.Certificate.NotAfter.Add(-i.Settings.longest())
	if now.Before(next.Add(-i.notice())) {
		return nil, nil
	}
	if root, ok := i.rootOf(l, next); ok && l.known(root) {
		return nil, nil
	}
	i.making.Lock()
	defer i.making.Unlock()
	for {
		if l, err = i.load(ctx); err != nil {
			return notes, err
		}
		_, said, err := i.rootFor(ctx, l, now, next)
		notes = append(notes, said...)
		if !errors.Is(err, vault.ErrStale) {
			return notes, err
		}
	}
}

// rootOf returns the root that an issuing CA of a time is made under.
func (i roots) rootOf(l members, at time.Time) (member, bool) {
	return l.rootUntil(at, at.AddDate(i.Settings.issuingYears(), 0, 0).Add(-slack))
}

// rootFor returns the root that an issuing CA of a time is made under. Where
// there is none it is made now; one that was not announced yet is announced first.
func (i roots) rootFor(ctx context.Context, l members, now, at time.Time) (root member, notes []string, err error) {
	root, ok := i.rootOf(l, at)
	if !ok {
		if root, err = i.newRoot(l.root, now); err != nil {
			return root, nil, err
		}
		if err = i.save(ctx, l.with(root, now)); err != nil {
			return root, nil, err
		}
		notes = append(notes, fmt.Sprintf("Made the root %s (%s), which clients must trust.", root.Certificate.Subject.CommonName, i.file(root.name+".crt")))
		if l, err = i.load(ctx); err != nil {
			return root, notes, err
		}
	}
	if i.Announce == nil || l.known(root) {
		return root, notes, nil
	}
	if err = i.Announce(ctx, i.announcement(l, root, now, at)); err != nil {
		return root, notes, fmt.Errorf("announce the root %s: %w", root.Certificate.Subject.CommonName, err)
	}
	return root, notes, i.save(ctx, l.withAnnounced(root, now))
}

// announcement is what is to be known of a root.
func (i roots) announcement(l members, root member, now, from time.Time) vault.NewRoot {
	sum := sha256.Sum256(root.Certificate.Raw)
	roots := 0
	for _, a := range l.all {
		if a.root() {
			roots++
		}
	}
	return vault.NewRoot{Provider: i.Name, CommonName: root.Certificate.Subject.CommonName, File: i.file(root.name + ".crt"), Roots: i.slug() + ".pem",
		Thumbprint: strings.ToUpper(hex.EncodeToString(sum[:])), Expires: root.Certificate.NotAfter, From: from, First: roots == 1, Made: now}
}
