package schedule

import (
	"hash/maphash"
	"sync"
	"time"

	"certwright/internal/vault"
)

const (
	checkupsLast = 7 * 24 * time.Hour // how long at least, by the server's clock
	checkupsMost = 2_000_000          // of a generation; about 20 bytes each
)

// checkups are the objects that were found well, each with the revision that it
// had: only another one is worth looking at. Of an object eight bytes are kept,
// so that there is room for all of a large database. What is not found again is
// forgotten with its generation. The zero value knows none.
type checkups struct {
	mu        sync.Mutex
	seed      maphash.Seed
	now, past map[uint64]struct{}
	since     time.Time // of the generation
}

// well reports whether an object was found well with its revision.
func (c *checkups) well(o vault.Revised, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now == nil || now.Sub(c.since).Abs() >= checkupsLast || len(c.now) >= checkupsMost {
		c.turn(now)
	}
	id := c.id(o)
	if _, is := c.now[id]; is {
		return true
	}
	_, is := c.past[id]
	if is {
		c.now[id] = struct{}{}
	}
	return is
}

// found keeps that an object is well.
func (c *checkups) found(o vault.Revised) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now == nil { // nobody asked yet
		c.turn(time.Time{})
	}
	c.now[c.id(o)] = struct{}{}
}

// turn begins another generation.
func (c *checkups) turn(now time.Time) {
	if c.now == nil {
		c.seed = maphash.MakeSeed()
	}
	c.now, c.past, c.since = map[uint64]struct{}{}, c.now, now
}

func (c *checkups) id(o vault.Revised) uint64 {
	var h maphash.Hash
	h.SetSeed(c.seed)
	for _, part := range []string{o.Vault, string(o.Kind), o.Name} {
		_, _ = h.WriteString(part)
		_ = h.WriteByte(0)
	}
	maphash.WriteComparable(&h, o.Rev)
	return h.Sum64()
}
