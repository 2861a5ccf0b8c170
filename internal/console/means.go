package console

import (
	"context"
	"errors"
	"time"

	"certwright/internal/admin"
	"certwright/internal/console/view"
	"certwright/internal/vault"
)

// Means are what the pages of those who run the server show and do. All are
// required but those of a development server.
type Means struct {
	Notices  admin.Notices
	Queues   func(context.Context) ([]view.Queue, error)
	Test     func(ctx context.Context, sink, to string) error // hands a receiver a test message
	Rollover func(ctx context.Context, provider string) error
	// Providers are the authorities, with the orders of the vaults that somebody sees.
	Providers func(ctx context.Context, sees func(vaultName string) bool) []view.Provider
	// Played reports whether a provider that the configuration does not name is played.
	Played bool
	Facts  func(context.Context) []view.Facts

	Outbox  func(ctx context.Context, after int64, limit int) (admin.Outbox, error) // a development server's
	Advance func(context.Context, time.Duration) error                              // a development server's
}

func (m Means) check(dev bool) error {
	if m.Notices == nil || m.Queues == nil || m.Test == nil || m.Rollover == nil || m.Providers == nil || m.Facts == nil || dev && (m.Outbox == nil || m.Advance == nil) {
		return errors.New("console: every means is required")
	}
	return nil
}

// mostVaults is how many vaults a page goes through.
const mostVaults = 200

// vaults are those that a person may do something in.
func (c *Console) vaults(ctx context.Context, who vault.Caller, do vault.Action) ([]string, error) {
	all, err := c.Service.Operator.Vaults(ctx, "", mostVaults)
	if err != nil {
		return nil, err
	}
	var mine []string
	for _, name := range all {
		if c.may(ctx, who, do, vault.Ref{Vault: name, Kind: vault.Certificates}) {
			mine = append(mine, name)
		}
	}
	return mine, nil
}
