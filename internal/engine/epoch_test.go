package engine

import (
	"context"
	"errors"
	"testing"

	"certwright/internal/vault"
)

// While it is known what others wrote, an epoch is counted here and costs no read;
// when it is not, the row is asked. Neither is ever taken for the other.
func TestEpochs(t *testing.T) {
	t.Parallel()
	web, other := vault.Ref{Vault: "web", Kind: vault.Secrets, Name: "Shop"}, vault.Ref{Vault: "web", Kind: vault.Keys, Name: "other"}
	rev, reads, fresh := int64(1), 0, true
	var away error
	d := &Deps{Revision: func(context.Context, vault.Ref) (int64, error) { reads++; return rev, away }, Fresh: func() bool { return fresh }}
	seen := map[uint64]bool{}
	was := d.Epoch(t.Context(), web)
	want := func(change bool, after int) {
		t.Helper()
		now := d.Epoch(t.Context(), web)
		if change == (now == was) || change && seen[now] || reads != after {
			t.Errorf("epoch %d after %d, %d reads; want another: %v, and %d", now, was, reads, change, after)
		}
		seen[was], was = true, now
	}
	want(false, 0)
	d.Stale(vault.Changes{Names: []string{"web/shop"}})
	want(true, 0)
	want(false, 0)
	d.Stale(vault.Changes{Accounts: []string{"token/keys"}})
	want(false, 0)
	d.epochs.bump(web.As(vault.Certificates)) // what this process itself wrote
	want(true, 0)
	d.Stale(vault.Changes{All: true})
	want(true, 0)
	fresh = false
	want(true, 1)
	want(false, 2)
	rev++
	want(true, 3)
	away = errors.New("away")
	want(true, 4)
	want(true, 5)
	away, fresh = nil, true
	d.Stale(vault.Changes{All: true}) // as a feed that begins anew says
	want(true, 5)
	_ = d.Epoch(t.Context(), other)
	if d.Revision = nil; d.Epoch(t.Context(), web) >= counted {
		t.Error("a server by itself counts otherwise")
	}
}
