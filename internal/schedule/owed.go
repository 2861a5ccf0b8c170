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
	return vault.Ref{Vault: vaultName, Kind: vault.VaultJobs, Name: "contacts"}
}

// SendOwed is the handler of JobOwed: it writes the mails that fell due while a vault
// had no contacts, as far as they are still true. It looks at a page of
// certificates at a time; each mail is written in the transaction that marks it.
func (s *Scheduler) SendOwed(ctx context.Context, l vault.Lease) error {
	now := s.Now()
	if err := s.eachOwed(ctx, l.Ref.Vault, func(ref vault.Ref) error {
		return s.edit(ctx, ref, func(tx vault.Tx, o *vault.Object) error { return s.payOwed(tx, o, now) })
	}); err != nil {
		return err
	}
	if err := s.EachOrder(ctx, vault.InProgress, l.Ref.Vault, func(o vault.Object) error {
		if !mailOwed(o) {
			return nil
		}
		return s.edit(ctx, o.Ref, func(tx vault.Tx, o *vault.Object) error { return s.askAgain(tx, o, now) })
	}); err != nil {
		return err
	}
	return s.Drop(ctx, l)
}

// edit is Edit for an object that may have gone away.
func (s *Scheduler) edit(ctx context.Context, ref vault.Ref, edit func(vault.Tx, *vault.Object) error) error {
	_, _, err := engine.Found(ref, s.Edit(ctx, ref, edit))
	return err
}

// eachOwed finds the certificates of a vault whose contacts are owed mail.
func (s *Scheduler) eachOwed(ctx context.Context, vaultName string, do func(vault.Ref) error) error {
	return s.EachObject(ctx, vaultName, func(o vault.Object) error {
		if o.Kind != vault.Certificates || len(o.Schedule.Owed) == 0 {
			return nil
		}
		return do(o.Ref)
	})
}

// mailOwed reports whether an order asks for an approval of which nobody was told.
func mailOwed(o vault.Object) bool {
	return o.InProgress() && o.Operation.WantsApproval && o.Operation.MailOwed
}

// payOwed writes what the contacts of a certificate are owed, if it is still so.
// Of a late renewal only the last word is said.
func (s *Scheduler) payOwed(tx vault.Tx, o *vault.Object, now time.Time) error {
	c, err := s.CurrentOf(tx, *o)
	if err != nil || !c.Exists() {
		return err // one that is deleted is told of once it is recovered and due
	}
	owed := c.Schedule.Owed
	c.Schedule.Owed = nil
	for _, what := range owed {
		if what == vault.MilestoneLate && slices.Contains(owed, vault.MilestoneLast) {
			continue
		}
		text, still, err := s.letterOf(c, what)
		if err != nil {
			return err
		}
		if !still {
			continue
		}
		if err := s.mustMail(tx, &c, what, text, now); err != nil {
			return err
		}
	}
	o.Schedule = c.Schedule
	return nil
}

// letterOf is the mail about something that was due for a version;
// still: it is true yet.
func (s *Scheduler) letterOf(c Current, what string) (text letter, still bool, err error) {
	switch what {
	case vault.EmailContacts:
		return expiresMail(c.Version), true, nil
	case vault.MilestoneFailed:
		if op := c.Operation; op != nil && op.Failure != nil && op.Status == vault.Failed && op.Renewal {
			return failedMail(c.Version, *op, c.Schedule.Retry), true, nil
		}
		return letter{}, false, nil
	case vault.MilestoneLate, vault.MilestoneLast:
		if !renewal.Wanted(c.Object, c.Version) {
			return letter{}, false, nil
		}
		return lateMail(c, hitchOf(c), what == vault.MilestoneLast), true, nil
	}
	return letter{}, false, fmt.Errorf("there is no mail about %q", what)
}

// askAgain asks for an approval by the mail that nobody was there to get.
func (s *Scheduler) askAgain(tx vault.Tx, o *vault.Object, now time.Time) error {
	if !mailOwed(*o) {
		return nil
	}
	v, err := replaces(tx, *o)
	if err != nil {
		return err
	}
	op, err := s.mailApproval(tx, v, *o.Operation, now)
	o.Operation = &op
	return err
}
