package schedule

import (
	"context"
	"fmt"
	"slices"
	"time"

	"certwright/internal/engine"
	"certwright/internal/renewal"
	"certwright/internal/vault"
)

// ContactsRef is where the job about a vault's contacts is.
func ContactsRef(vaultName string) vault.Ref {
	return vault.Ref{Vault: vaultName, Kind: vault.Lists, Name: "contacts"}
}

// SendOwed is the handler of JobOwed: it writes the mails that fell due while a vault
// had no contacts, as far as they are still true. It looks at a page of
// certificates at a time; each mail is written in the transaction that marks it.
func (s *Scheduler) SendOwed(ctx context.Context, l vault.Lease) error {
	now := s.Now()
	if err := s.eachOwed(ctx, l.Ref.Vault, func(ref vault.Ref) error {
		return s.Change(ctx, ref, func(tx vault.Tx) error { return s.payOwed(tx, ref, now) })
	}); err != nil {
		return err
	}
	if err := s.eachMailOwed(ctx, l.Ref.Vault, func(ref vault.Ref) error {
		return s.Change(ctx, ref, func(tx vault.Tx) error { return s.askAgain(tx, ref, now) })
	}); err != nil {
		return err
	}
	return s.Drop(ctx, l)
}

// eachOwed finds the certificates of a vault whose contacts are owed mail.
func (s *Scheduler) eachOwed(ctx context.Context, vaultName string, do func(vault.Ref) error) error {
	for after := (vault.Ref{Vault: vaultName}); after != (vault.Ref{}); {
		var owed []vault.Ref
		err := s.Store.View(ctx, func(r vault.Reader) error {
			owed = nil
			heads, err := r.Heads(after, engine.PageSize)
			if err != nil {
				return err
			}
			if after = (vault.Ref{}); len(heads) == engine.PageSize {
				after = heads[len(heads)-1].Ref
			}
			for _, h := range heads {
				if h.Vault != vaultName || h.Kind != vault.Certificates { // they come first in a vault
					after = vault.Ref{}
					return nil
				}
				schedule, ok, err := engine.Found(r.Schedule(h.Ref))
				if err != nil {
					return err
				}
				if ok && len(schedule.Owed) > 0 {
					owed = append(owed, h.Ref)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := engine.Each(owed, do); err != nil {
			return err
		}
	}
	return nil
}

// eachMailOwed finds the orders of a vault that ask for an approval of which
// nobody was told.
func (s *Scheduler) eachMailOwed(ctx context.Context, vaultName string, do func(vault.Ref) error) error {
	return s.EachUnderway(ctx, vaultName, func(op vault.Operation) error {
		if !op.Asks || !op.MailOwed {
			return nil
		}
		return do(op.Ref)
	})
}

// payOwed writes what the contacts of a certificate are owed, if it is still so.
// Of a late renewal only the last word is said.
func (s *Scheduler) payOwed(tx vault.Tx, ref vault.Ref, now time.Time) error {
	c, err := s.Current(tx, ref)
	if err != nil || !c.Exists {
		return err // one that is deleted is told of once it is recovered and due
	}
	owed := c.Schedule.Owed
	c.Schedule.Owed = nil
	schedule := c.Schedule
	for _, what := range owed {
		if what == vault.MilestoneLate && slices.Contains(owed, vault.MilestoneLast) {
			continue
		}
		text, still, err := s.letterOf(tx, c, what)
		if err != nil {
			return err
		}
		if !still {
			continue
		}
		if schedule, err = s.mustMail(tx, c.Version, schedule, what, text, now); err != nil {
			return err
		}
	}
	return tx.PutSchedule(c.Head.Ref, schedule)
}

// letterOf is the mail about something that was due for a version;
// still: it is true yet.
func (s *Scheduler) letterOf(r vault.Reader, c Current, what string) (text letter, still bool, err error) {
	switch what {
	case vault.EmailContacts:
		return expiresMail(c.Version), true, nil
	case vault.MilestoneFailed:
		if c.Operation.Failure == nil || c.Operation.Status != vault.Failed || !c.Operation.Renewal {
			return letter{}, false, nil
		}
		return failedMail(c.Version, c.Operation, c.Schedule.Retry), true, nil
	case vault.MilestoneLate, vault.MilestoneLast:
		if !renewal.Wanted(c.Head, c.Version) {
			return letter{}, false, nil
		}
		h, err := hitchOf(r, c)
		return lateMail(c, h, what == vault.MilestoneLast), true, err
	}
	return letter{}, false, fmt.Errorf("there is no mail about %q", what)
}

// askAgain asks for an approval by the mail that nobody was there to get.
func (s *Scheduler) askAgain(tx vault.Tx, ref vault.Ref, now time.Time) error {
	op, ok, err := engine.Found(tx.Operation(ref))
	if err != nil || !ok || op.Status != vault.InProgress || !op.Asks || !op.MailOwed {
		return err
	}
	v, err := replaces(tx, op)
	if err != nil {
		return err
	}
	if op, err = s.mailApproval(tx, v, op, now); err != nil || op.MailOwed {
		return err
	}
	_, err = tx.PutOperation(op)
	return err
}
