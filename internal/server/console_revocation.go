package server

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"certwright/internal/console/view"
	"certwright/internal/vault"
)

// revocation tells how the lists of revoked certificates are that built-in CAs
// hand out: their age, and until when they hold.
func (h health) revocation(ctx context.Context) (all []view.Health) {
	for _, name := range slices.Sorted(maps.Keys(withInternal(h.s.config.Providers))) {
		a, ok := h.s.issuers.issuer(name).(builtInCA)
		if !ok {
			continue
		}
		what := "Revoked certificates of " + name
		lists, err := a.Standing(ctx)
		now := h.s.clock.Now()
		signed, next := view.Moment{At: lists.Signed, Now: now}, view.Moment{At: lists.Next, Now: now}
		switch {
		case errors.Is(err, vault.ErrNotFound): // it has no authority yet
		case err != nil:
			h.s.log.Warn("a list of revoked certificates cannot be had", "provider", name, "error", err)
			all = append(all, ill("bad", what, "Their list cannot be read or signed anew: the log says why."))
		case !lists.Next.After(now):
			all = append(all, ill("bad", what, fmt.Sprintf("The list that is handed out ended %s: clients that ask for it refuse certificates.", next.From())))
		default:
			all = append(all, well(what, fmt.Sprintf("%d in %d lists; the oldest was signed %s, and holds until %s.", lists.Revoked, lists.Lists, signed.From(), next.Exact())))
		}
	}
	return all
}
