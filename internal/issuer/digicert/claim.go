package digicert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"certwright/internal/vault"
)

// A claim says that an order may have left the house. It is written down, on
// the disk, before the order is sent, and only one process can write it: the
// saved state alone could not tell the first run of a step from its repetition
// after a crash. Claims lie in 256 rows per provider, by the first digits of
// the request id, and go away once the order's number is saved.
type claim struct {
	At    time.Time `json:"at"`
	Times int       `json:"times"` // how often it was sent, at most
}

// oldClaims are forgotten: no order is placed for so long.
const oldClaims = 400 * 24 * time.Hour

// claimTries bounds how often a row that others write is read again.
const claimTries = 8

type claims map[string]claim

// A claimStore is the claims on orders as a step reads and writes them.
type claimStore struct{ *step }

func (s claimStore) claimRow() string {
	return "digicert/" + s.Name + "/placing/" + s.order.ID[:min(2, len(s.order.ID))]
}

func (s claimStore) readClaims(ctx context.Context) (claims, int64, error) {
	plain, rev, err := s.Accounts.Read(ctx, s.claimRow())
	if errors.Is(err, vault.ErrNotFound) {
		return claims{}, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read the claims on orders: %w", err)
	}
	all := claims{}
	if err := json.Unmarshal(plain, &all); err != nil {
		return nil, 0, fmt.Errorf("read the claims on orders: %w", err)
	}
	return all, rev, nil
}

// claimed returns this order's claim; Times is 0 if there is none.
func (s claimStore) claimed(ctx context.Context) (claim, error) {
	all, _, err := s.readClaims(ctx)
	return all[s.order.ID], err
}

var errClaimed = errors.New("another process is placing this order just now")

// stake writes the claim that follows old, which must still stand.
func (s claimStore) stake(ctx context.Context, old claim) error {
	next := claim{At: s.order.Now.UTC(), Times: old.Times + 1}
	return s.changeClaim(ctx, func(all claims) error {
		if all[s.order.ID].Times != old.Times {
			return errClaimed
		}
		all[s.order.ID] = next
		return nil
	})
}

// withdraw takes the claim back, since the order surely was not taken or its
// number is saved. That it fails is no harm: the order is looked for then.
func (s claimStore) withdraw(ctx context.Context) {
	_ = s.changeClaim(ctx, func(all claims) error {
		if _, ok := all[s.order.ID]; !ok {
			return errUnchanged
		}
		delete(all, s.order.ID)
		return nil
	})
}

var errUnchanged = errors.New("nothing to change")

// changeClaim reads, changes and writes the row until no other was faster.
func (s claimStore) changeClaim(ctx context.Context, change func(claims) error) error {
	for range claimTries {
		all, rev, err := s.readClaims(ctx)
		if err != nil {
			return err
		}
		if err := change(all); err != nil {
			return err
		}
		for id, c := range all {
			if s.order.Now.Sub(c.At) > oldClaims {
				delete(all, id)
			}
		}
		err = s.Accounts.Write(ctx, s.claimRow(), encode(all), rev)
		if err == nil || !errors.Is(err, vault.ErrStale) {
			return err
		}
	}
	return errClaimed
}
