package admin

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"certwright/internal/must"
	"certwright/internal/seal"
	"certwright/internal/vault"
)

// keysetOfTests remembers what was done to it.
type keysetOfTests struct {
	done []string
	fail error
}

func (k *keysetOfTests) Status(context.Context) (KeysetStatus, error) {
	return KeysetStatus{Status: seal.Status{Wraps: []string{"file:1"}}, Change: "none"}, nil
}
func (k *keysetOfTests) Rotate(context.Context) error {
	k.done = append(k.done, "rotate")
	return k.fail
}
func (k *keysetOfTests) Rewrap(context.Context) error {
	k.done = append(k.done, "rewrap")
	return k.fail
}
func (k *keysetOfTests) Check(context.Context) ([]KEKCheck, error) {
	return []KEKCheck{{KEK: "file:1"}, {KEK: "exec:kms", Error: "it hangs"}}, nil
}

// Changes of the keyset answer how it is then; why one did not happen is told.
func TestKeyset(t *testing.T) {
	t.Parallel()
	h := newHandler()
	keys := &keysetOfTests{}
	h.Keyset = keys
	for _, call := range []struct{ method, path string }{{"GET", "/admin/keyset"}, {"POST", "/admin/keyset/rotate"}, {"POST", "/admin/keyset/rewrap"}} {
		w := ask(h, call.method, call.path, "")
		var s KeysetStatus
		if must.Do(t, json.Unmarshal(w.Body.Bytes(), &s)); w.Code != 200 || len(s.Wraps) != 1 || s.Change != "none" {
			t.Errorf("%s %s: %d %s", call.method, call.path, w.Code, w.Body)
		}
	}
	if strings.Join(keys.done, " ") != "rotate rewrap" {
		t.Errorf("done: %q", keys.done)
	}
	if w := ask(h, "POST", "/admin/keyset/check", ""); w.Code != 200 || strings.TrimSpace(w.Body.String()) != `[{"kek":"file:1"},{"kek":"exec:kms","error":"it hangs"}]` {
		t.Errorf("check: %d %s", w.Code, w.Body)
	}
	for fail, want := range map[error]int{errors.New("bao is sealed"): 409, vault.ErrStale: 500} {
		keys.fail = fail
		if w := ask(h, "POST", "/admin/keyset/rewrap", ""); w.Code != want || want == 409 && !strings.Contains(w.Body.String(), "bao is sealed") {
			t.Errorf("%v: %d %s", fail, w.Code, w.Body)
		}
	}
}
