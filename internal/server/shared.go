package server

import (
	"context"
	"errors"
	"time"

	"certwright/internal/account"
	"certwright/internal/config"
	"certwright/internal/feed"
	"certwright/internal/files"
	"certwright/internal/folder"
	"certwright/internal/store/sqlstore"
	"certwright/internal/vault"
)

// What is different where several servers share one database: nothing of it lies
// in the data folder, what the others wrote is looked for, and what this one knows
// of a row is compared with the row.

// lookAgain is how long what another server wrote may go unnoticed by the worker
// and by who listens to events.
const lookAgain = time.Second

// openDatabase opens the database of the folder, which must be the one that it
// had last, or the one that servers share.
func (s *storage) openDatabase(ctx context.Context, past folder.Past) (*sqlstore.Store, error) {
	if s.config.Shared() {
		return sqlstore.OpenPostgres(ctx, s.config.Store)
	}
	return sqlstore.Open(ctx, s.folder.File(folder.DatabaseFile), past.Accept)
}

// holdFolder refuses a database in the folder that others can read, and locks it.
func (s *storage) holdFolder() error {
	if s.config.Shared() {
		if files.Size(s.folder.File(folder.DatabaseFile)) >= 0 {
			return errors.New("store: the data folder has a database of its own, and the configuration names another\nhint: choose another folder with data, or leave store out")
		}
		return nil
	}
	return errors.Join(s.folder.Private(), s.folder.HoldDatabase())
}

// openAccounts opens the rows of what issuers and the token service must not
// forget: one for all that write them in this process.
func (s *storage) openAccounts() {
	book := account.Book{Store: s.store, Sealer: s.seal}
	if s.store.Shared() {
		shared := &account.Shared{Sole: account.Sole{Book: book}, Revision: s.store.AccountRevision, Fresh: s.fresh}
		s.accounts, s.stale = foldedAccounts{shared}, append(s.stale, shared.Stale)
		return
	}
	s.accounts = foldedAccounts{&account.Sole{Book: book}}
}

// sharedRows are the accounts, where other servers have them too; nil else.
func (s *storage) sharedRows() vault.Accounts {
	if s.store.Shared() {
		return s.accounts
	}
	return nil
}

// revision reads that of an object, where others may have written it.
func (s *storage) revision() func(context.Context, vault.Ref) (int64, error) {
	if s.store.Shared() {
		return s.store.Revision
	}
	return nil
}

// fresh reports whether it is known what other servers changed until a second ago,
// and whether that is enough here.
func (s *storage) fresh() bool { return s.feed != nil && s.feed.Fresh() }

// openFeed readies what follows the changes of others, where the configuration has
// it so.
func (s *storage) openFeed() {
	if s.config.Cache != config.CacheSecond {
		return
	}
	s.changes = s.store.Feed()
	s.feed = &feed.Follower{Next: s.changes.Next, Log: s.log, Told: func(c vault.Changes) {
		for _, stale := range s.stale {
			stale(c)
		}
	}}
}

// follow follows them until the server ends.
func (s *Server) follow() {
	if s.feed == nil {
		return
	}
	defer s.changes.Close()
	s.feed.Run(s.ctx)
}

// watchOthers looks for what other servers wrote. Where a later program made of
// the schema what this one would misread, the server ends.
func (s *Server) watchOthers() {
	if !s.store.Shared() {
		return
	}
	each(s.ctx, lookAgain, func() {
		s.worker.Poke()
		s.notices.stream.Poke()
		if err := s.store.Usable(s.ctx); errors.Is(err, sqlstore.ErrNewer) {
			s.listeners.fail(err)
		}
	})
}
