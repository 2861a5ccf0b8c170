package authority

import (
	"crypto/rand"
	"encoding/binary"
	"sync"
	"testing"
)

// Only what was noted is known, to the last bit and at the same border.
func TestKnown(t *testing.T) {
	t.Parallel()
	name := rand.Text()
	key, signed := []byte(name+" key"), []byte("what it signed")
	if Known(key, signed) {
		t.Fatal("known before it was noted")
	}
	Note(key, signed)
	if !Known(key, signed) {
		t.Error("not known")
	}
	for _, c := range [][2]string{{name + " key", "what it signee"}, {name + " kez", "what it signed"}, {name + " keyw", "hat it signed"},
		{name + " ke", "ywhat it signed"}, {"what it signed", name + " key"}, {"", name + " keywhat it signed"}} {
		if Known([]byte(c[0]), []byte(c[1])) {
			t.Errorf("%q is known", c)
		}
	}
}

// The latest thousand are known; how many there were before does not matter.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	const all = 5*mostKnown + 1
	number := func(i int) (d digest) {
		binary.BigEndian.PutUint64(d[:], uint64(i))
		return d
	}
	var m memory
	for i := range all {
		m.note(number(i))
	}
	for i := range all {
		if got, must := m.has(number(i)), i >= all-mostKnown; got != must && (must || i < all-2*mostKnown) {
			t.Fatalf("number %d of %d: remembered is %v", i, all, got)
		}
	}
	if n := len(m.now) + len(m.before); n > 2*mostKnown {
		t.Errorf("%d are remembered", n)
	}
}

// Many note and ask; the race detector looks on.
func TestMemoryIsShared(t *testing.T) {
	t.Parallel()
	var m memory
	var all sync.WaitGroup
	for by := range 8 {
		all.Go(func() {
			for i := range 100 {
				d := digest{byte(by), byte(i)}
				m.note(d)
				if !m.has(d) {
					t.Errorf("%x is forgotten", d[:2])
				}
			}
		})
	}
	all.Wait()
}
