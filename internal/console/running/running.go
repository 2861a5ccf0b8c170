// Package running are the console's pages for those who run the server: issuers and
// authorities, what is deleted, notices, the server itself, and of a development
// server its mail and its clock. Begin with Pages.
package running

import (
	"context"
	"errors"
	"net/http"
	"time"

	"certwright/internal/access"
	"certwright/internal/admin"
	"certwright/internal/console/pages"
	"certwright/internal/console/view"
	"certwright/internal/service"
	"certwright/internal/vault"
)

// Means are what the pages show and do. All are required but those of a
// development server.
type Means struct {
	Dev      bool
	Service  *service.Service
	Health   func(context.Context) []view.Health
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
	Clock   func() (now time.Time, offset time.Duration)                            // a development server's
	Advance func(context.Context, time.Duration) error                              // a development server's
}

func (m Means) check() error {
	if m.Service == nil || m.Health == nil || m.Notices == nil || m.Queues == nil || m.Test == nil || m.Rollover == nil || m.Providers == nil || m.Facts == nil ||
		m.Dev && (m.Outbox == nil || m.Clock == nil || m.Advance == nil) {
		return errors.New("console: every means is required")
	}
	return nil
}

// A room is the means with the console around them.
type room struct {
	Means
	pages.Host
}

// Pages are those of who runs a server.
func Pages(means Means) ([]pages.Page, error) {
	if err := means.check(); err != nil {
		return nil, err
	}
	page := func(path, word string, do vault.Action, routes func(m *room) map[string]pages.Handler) pages.Page {
		return pages.Page{Path: path, Word: word, Do: do, Routes: func(h pages.Host) map[string]pages.Handler { return routes(&room{means, h}) }}
	}
	all := []pages.Page{
		page("/ui/issuers", "Issuers and CAs", "", func(m *room) map[string]pages.Handler {
			return map[string]pages.Handler{"GET /ui/issuers": m.issuers, "POST /ui/issuers": m.addIssuer, "POST /ui/issuers/rollover": m.rollover, "POST /ui/issuers/{vault}/{name}/{do}": m.doIssuer}
		}),
		page("/ui/deleted", "Deleted", "", func(m *room) map[string]pages.Handler {
			return map[string]pages.Handler{"GET /ui/deleted": m.deleted, "POST /ui/deleted/{vault}/{kind}/{name}/{do}": m.doDeleted}
		}),
		page("/ui/notices", "Notices", "", func(m *room) map[string]pages.Handler {
			return map[string]pages.Handler{"GET /ui/notices": m.notices, "POST /ui/notices/resend": m.resend, "POST /ui/notices/test": m.test, "POST /ui/notices/contacts": m.saveContacts}
		}),
		page("/ui/server", "Server", access.ReadOperations, func(m *room) map[string]pages.Handler { return map[string]pages.Handler{"GET /ui/server": m.server} }),
	}
	if means.Dev {
		all = append(all, page("/ui/mail", "Captured mail", "", func(m *room) map[string]pages.Handler {
			return map[string]pages.Handler{"GET /ui/mail": m.mail, "GET /ui/mail/{at}": m.mailFrame}
		}), page("/ui/clock", "Clock", "", func(m *room) map[string]pages.Handler {
			return map[string]pages.Handler{"GET /ui/clock": m.clock, "POST /ui/clock": m.moveClock}
		}))
	}
	return all, nil
}

// mostVaults is how many vaults a page goes through.
const mostVaults = 200

// vaults are those that a person may do something in.
func (m *room) vaults(r *http.Request, do vault.Action) (mine []string, err error) {
	all, err := m.Service.Operator.Vaults(r.Context(), "", mostVaults)
	for _, name := range all {
		if m.May(r.Context(), m.Who(r), do, vault.Ref{Vault: name, Kind: vault.Certificates}) {
			mine = append(mine, name)
		}
	}
	return mine, err
}
