package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"certwright/internal/clientenv"
	"certwright/internal/config"
	"certwright/internal/feed"
	"certwright/internal/files"
	"certwright/internal/folder"
	"certwright/internal/seal"
	"certwright/internal/store/sqlstore"
	"certwright/internal/trust"
	"certwright/internal/vault"
)

// A storage is all that a server keeps: its data folder, the database, the keys
// that its rows are sealed with, its clock and the TLS authority.
type storage struct {
	config  config.Config
	options Options
	log     *slog.Logger

	folder  *folder.Folder
	marked  bool // mark.json is ours
	marking sync.WaitGroup
	store   *sqlstore.Store
	seal    *seal.Keyset
	keeper  *keeper
	clock   *keptClock
	trust   *trust.Authority

	accounts vault.Accounts
	changes  *sqlstore.Feed        // nil: nobody follows what other servers change
	feed     *feed.Follower        // of changes
	stale    []func(vault.Changes) // told of them
}

// openData opens everything that lies in the data folder. The TLS authority
// comes before the keyset: where the latter is, the folder was used.
func (s *storage) openData(ctx context.Context) (err error) {
	past, err := s.hold()
	if err != nil {
		return err
	}
	if err := s.openBoth(ctx, past); err != nil {
		return err
	}
	if err := s.unseal(ctx, past); err != nil {
		return err
	}
	s.openFeed()
	s.openAccounts()
	s.keeper.rows = s.sharedRows()
	if s.clock, err = s.openClock(ctx); err != nil {
		return err
	}
	if s.config.Production {
		if err := s.clock.refuseMoved(); err != nil {
			return err
		}
	}
	s.tellRestored()
	return nil
}

// hold takes the data folder for this process, and tells what it shows of the
// database that belongs there.
func (s *storage) hold() (past folder.Past, err error) {
	if s.folder, err = openFolder(s.config); err != nil {
		return past, err
	}
	past.Anew = s.options.NewDatabase
	if !s.config.Shared() {
		if past, err = folder.ReadPast(s.folder, s.options.NewDatabase); err != nil {
			return past, err
		}
	}
	return past, s.holdFolder()
}

// openAlone opens the database, and nothing else.
func (s *storage) openAlone(ctx context.Context) (past folder.Past, err error) {
	if past, err = s.hold(); err != nil {
		return past, err
	}
	s.store, err = s.openDatabase(ctx, past)
	return past, err
}

// openTrust opens the TLS authority. A folder that was used has one, which
// clients trust: another is made only where that is meant.
func (s *storage) openTrust(past folder.Past) (err error) {
	if past.Used && !s.options.NewCA && !(s.options.NewDatabase && past.Gone) {
		s.trust, err = trust.Reopen(s.folder.Path)
		return err
	}
	if s.trust, err = trust.Open(s.folder.Path); err != nil {
		return err
	}
	switch {
	case s.options.NewCA && !s.trust.Made:
		return fmt.Errorf("the TLS authority %s is there and can be used\nhint: start without --new-ca; to replace it, move it and %s away first", s.trust.Path(trust.CAFile), trust.KeyFile)
	case past.Used && s.trust.Made:
		s.log.Warn("a new TLS authority was made: every client must be told to trust it", "file", s.trust.Path(trust.CAFile))
	}
	return nil
}

// openBoth opens the TLS authority and the database that belongs in the folder,
// and no other. In a new folder both take their time and are made side by side;
// in a used one the first that is refused keeps the second from being touched.
func (s *storage) openBoth(ctx context.Context, past folder.Past) (err error) {
	var beside sync.WaitGroup
	var untrusted error
	beside.Go(func() { untrusted = s.openTrust(past) })
	if past.Used {
		if beside.Wait(); untrusted != nil {
			return untrusted
		}
	}
	s.store, err = s.openDatabase(ctx, past)
	beside.Wait()
	return errors.Join(err, untrusted)
}

// unseal opens the keyset, by which the rows are proved from then on, and marks
// the database as the one that was here last.
func (s *storage) unseal(ctx context.Context, past folder.Past) (err error) {
	s.store.OnTrouble(s.tellTrouble)
	if err := s.openKeyset(ctx, past); err != nil {
		return err
	}
	if err := s.bind(ctx, past.Bound(s.store.Identity())); err != nil {
		return err
	}
	if err := s.patiently(ctx, func() error { return s.seal.OpenBackups(ctx) }); err != nil {
		return err
	}
	s.seal.OnChange(s.store.Prove)
	s.keeper = s.newKeeper()
	s.marking.Go(func() { s.mark(true) })
	return nil
}

// bind has every row of the database bear a seal under the keyset. One that an
// older program made gets them now, which can take a while, once.
func (s *storage) bind(ctx context.Context, bound bool) error {
	s.store.OnAltered(func(row string) {
		s.log.Error("a row of the database was altered by something else than this server, and is not used; put it back from a backup", "row", row)
	})
	keys, err := s.seal.RowKeys()
	if err != nil {
		return err
	}
	rows, err := s.store.Bind(ctx, keys, bound)
	switch {
	case vault.IsStorageFault(err):
		s.log.Warn("not all rows of the database bear a seal yet: rows that something else writes are not noticed before the next start", "error", err)
		return nil
	case err != nil:
		return err
	case rows > 1: // a new one has its data keys
		s.log.Info("the rows of the database were sealed", "rows", rows)
	}
	return nil
}

// mark keeps which database this is. A folder that is removed at the end needs
// none, and one that cannot be written is served all the same.
func (s *storage) mark(open bool) {
	if s.folder.Ephemeral || s.store.Shared() {
		return
	}
	s.marked = true
	if err := s.folder.Keep(s.store.Identity(), open, s.store.Bound()); err != nil {
		s.log.Warn("the mark of the database was not written: if the database is lost or replaced by an older one, nobody will notice", "error", err)
	}
}

// closeDatabase closes it and marks it closed, unless the log could not be
// written back.
func (s *storage) closeDatabase() error {
	if s.store == nil {
		return nil
	}
	s.marking.Wait()
	err := s.store.Close()
	if s.marked {
		s.mark(files.Size(s.folder.File(folder.DatabaseFile+"-wal")) > 0)
	}
	if err != nil {
		return fmt.Errorf("close the database: %w", err)
	}
	return nil
}

// close closes the database and gives the data folder back.
func (s *storage) close() error {
	err := s.closeDatabase()
	if s.folder != nil {
		err = errors.Join(err, s.folder.Close())
	}
	return err
}

// openFolder opens the data folder that the configuration names, this user's own
// or a temporary one.
func openFolder(c config.Config) (*folder.Folder, error) {
	if c.Ephemeral {
		return folder.Temporary()
	}
	path := c.Data
	if path == "" {
		var err error
		if path, err = clientenv.DefaultData(); err != nil {
			return nil, fmt.Errorf("open the data folder: %w\nhint: choose another one with --data", err)
		}
	}
	return folder.Open(path)
}
