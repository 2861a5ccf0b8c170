package seal_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"certwright/internal/must"
	"certwright/internal/seal"
)

// The keys of rows are the same at every opening, and a rotation adds one.
func TestRowKeys(t *testing.T) {
	t.Parallel()
	path, store := folder(t)
	k, _, err := seal.Open(t.Context(), store, path)
	must.Do(t, err)
	first, err := k.RowKeys()
	must.Do(t, err)
	if len(first.Keys) != 1 || len(first.Keys[first.Primary]) != 32 {
		t.Fatalf("%d keys, the primary one of %d bytes", len(first.Keys), len(first.Keys[first.Primary]))
	}
	must.Do(t, k.Rotate(t.Context()))
	k, _, err = seal.Open(t.Context(), store, path)
	must.Do(t, err)
	second, err := k.RowKeys()
	must.Do(t, err)
	if len(second.Keys) != 2 || second.Primary == first.Primary || !bytes.Equal(second.Keys[first.Primary], first.Keys[first.Primary]) {
		t.Errorf("after a rotation: %d keys, primary %d, before %d", len(second.Keys), second.Primary, first.Primary)
	}
	if bytes.Equal(second.Keys[second.Primary], first.Keys[first.Primary]) {
		t.Error("two data keys give the same key")
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(verb, second); !strings.Contains(text, "[row keys]") {
			t.Errorf("%s shows %s", verb, text)
		}
	}
}
