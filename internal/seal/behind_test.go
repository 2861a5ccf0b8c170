package seal

import (
	"errors"
	"testing"
	"time"

	"certwright/internal/must"
)

// A server that cannot follow a change of the keys ends sealing before the keys
// that it has are retired, and opens all the same.
func TestBehind(t *testing.T) {
	t.Parallel()
	k, err := New()
	must.Do(t, err)
	sealed, err := k.Seal([]byte("x"), "place")
	must.Do(t, err)
	for since, ends := range map[time.Duration]bool{29 * time.Second: false, 31 * time.Second: true} {
		k.behind.Store(time.Now().Add(-since).UnixNano())
		if _, err := k.Seal([]byte("x"), "place"); errors.Is(err, ErrBehind) != ends {
			t.Errorf("after %v: %v", since, err)
		}
		if _, err := k.Open(sealed, "place"); err != nil {
			t.Errorf("after %v: %v", since, err)
		}
	}
}
