package service

import (
	"context"
	"slices"
	"time"

	"certwright/internal/vault"
)

// contactsRef is where the job about a vault's contacts is.
func contactsRef(vaultName string) vault.Ref {
	return vault.Ref{Vault: vaultName, Kind: vault.Lists, Name: "contacts"}
}

// Hear is the handler of JobHear: it writes the mails that fell due while a vault
// had no contacts, as far as they are still true. It looks at a page of
// certificates at a time; each mail is written in the transaction that marks it.
func (s *Service) Hear(ctx context.Context, l vault.Lease) error {
	now := s.now()
	if err := s.eachOwed(ctx, l.Ref.Vault, func(ref vault.Ref) error {
		return s.change(ctx, ref, func(tx vault.Tx) error { return s.payOwed(tx, ref, now) })
	}); err != nil {
		return err
	}
	if err := s.eachUnheard(ctx, l.Ref.Vault, func(ref vault.Ref) error {
		return s.change(ctx, ref, func(tx vault.Tx) error { return s.askAgain(tx, ref, now) })
	}); err != nil {
		return err
	}
	return s.drop(ctx, l)
}

// eachOwed finds the certificates of a vault whose contacts are owed mail.
func (s *Service) eachOwed(ctx context.Context, vaultName string, do func(vault.Ref) error) error {
	for after := (vault.Ref{Vault: vaultName}); after != (vault.Ref{}); {
		var owed []vault.Ref
		err := s.Store.View(ctx, func(r vault.Reader) error {
			owed = nil
			heads, err := r.Heads(after, sweepPage)
			if err != nil {
				return err
			}
			if after = (vault.Ref{}); len(heads) == sweepPage {
				after = heads[len(heads)-1].Ref
			}
			for _, h := range heads {
				if h.Vault != vaultName || h.Kind != vault.Certificates { // they come first in a vault
					after = vault.Ref{}
					return nil
				}
				life, ok, err := found(r.Life(h.Ref))
				if err != nil {
					return err
				}
				if ok && len(life.Owed) > 0 {
					owed = append(owed, h.Ref)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := each(owed, do); err != nil {
			return err
		}
	}
	return nil
}

// eachUnheard finds the orders of a vault that ask for an approval of which
// nobody was told.
func (s *Service) eachUnheard(ctx context.Context, vaultName string, do func(vault.Ref) error) error {
	return s.eachUnderway(ctx, vaultName, func(op vault.Operation) error {
		if !op.Asks || !op.Unheard {
			return nil
		}
		return do(op.Ref)
	})
}

// eachUnderway goes through the operations in progress of a vault.
func (s *Service) eachUnderway(ctx context.Context, vaultName string, do func(vault.Operation) error) error {
	for after := (vault.Ref{}); ; {
		page, next, err := s.underwayAfter(ctx, vaultName, after, sweepPage)
		if err != nil {
			return err
		}
		if err := each(page, do); err != nil {
			return err
		}
		if after = next; after == (vault.Ref{}) {
			return nil
		}
	}
}

func each[T any](list []T, do func(T) error) error {
	for _, t := range list {
		if err := do(t); err != nil {
			return err
		}
	}
	return nil
}

// payOwed writes what the contacts of a certificate are owed, if it is still so.
// Of a late renewal only the last word is said.
func (s *Service) payOwed(tx vault.Tx, ref vault.Ref, now time.Time) error {
	a, err := s.ageOf(tx, ref)
	if err != nil || !a.ok {
		return err // one that is deleted is told of once it is recovered and due
	}
	owed := a.life.Owed
	a.life.Owed = nil
	life := a.life
	for _, what := range owed {
		if what == vault.DidLate && slices.Contains(owed, vault.DidLast) {
			continue
		}
		text, still, err := s.letterOf(tx, a, what)
		if err != nil {
			return err
		}
		if !still {
			continue
		}
		if life, err = s.owed(tx, a.version, life, what, text, now); err != nil {
			return err
		}
	}
	return tx.PutLife(a.head.Ref, life)
}

// letterOf is the mail about something that was due in the life of a version;
// still: it is true yet.
func (s *Service) letterOf(r vault.Reader, a age, what string) (text letter, still bool, err error) {
	switch what {
	case vault.EmailContacts:
		return expiresMail(a.version), true, nil
	case vault.DidFailure:
		if a.op.Failure == nil || a.op.Status != vault.Failed || !a.op.Renewal {
			return letter{}, false, nil
		}
		return failedMail(a.version, a.op, a.life.Retry), true, nil
	}
	if !a.head.Renews(a.version) {
		return letter{}, false, nil
	}
	h, err := hitchOf(r, a)
	return lateMail(a, h, what == vault.DidLast), true, err
}

// askAgain asks for an approval by the mail that nobody was there to get.
func (s *Service) askAgain(tx vault.Tx, ref vault.Ref, now time.Time) error {
	op, ok, err := found(tx.Operation(ref))
	if err != nil || !ok || op.Status != vault.InProgress || !op.Asks || !op.Unheard {
		return err
	}
	v, err := asking(tx, op)
	if err != nil {
		return err
	}
	if op, err = s.mailAsked(tx, v, op, now); err != nil || op.Unheard {
		return err
	}
	_, err = tx.PutOperation(op)
	return err
}
