package service

import (
	"context"
	"errors"
	"maps"
	"math"
	"math/rand/v2"
	"time"

	"certwright/internal/vault"
)

// planLife puts the job of the next thing that falls due in the life of an
// object's current version, or withdraws it where nothing does.
func (s *Service) planLife(tx vault.Tx, head vault.Object, v vault.Version, l vault.Life, busy bool) error {
	due, ok := nextDeed(head.Deeds(v, l, busy, s.Settings(head.Vault)))
	if !ok {
		return tx.DeleteJob(vault.JobLife, head.Ref)
	}
	return tx.PutJob(vault.Job{Kind: vault.JobLife, Ref: head.Ref, Due: due})
}

// nextDeed is when the first of them falls due, in whole seconds as the clock is
// read: a job that comes earlier would find nothing due, again and again.
func nextDeed(deeds []vault.Deed) (due time.Time, ok bool) {
	for _, d := range deeds {
		if !ok || d.Due.Before(due) {
			due, ok = d.Due, true
		}
	}
	if last := time.Unix(0, math.MaxInt64); due.After(last) { // a store keeps no later one; nothing comes of it then
		due = last.Add(-time.Second).UTC()
	}
	return due.Add(time.Second - 1).Truncate(time.Second), ok
}

// replanLife is planLife for an object as it stands in the transaction.
func (s *Service) replanLife(tx vault.Tx, ref vault.Ref) error {
	at, err := s.ageOf(tx, ref)
	if err != nil || !at.ok {
		return err
	}
	return s.planLife(tx, at.head, at.version, at.life, at.busy)
}

// An age is what the life of an object's current version depends on.
type age struct {
	ok      bool // there is a current version
	head    vault.Object
	version vault.Version
	life    vault.Life
	op      vault.Operation // zero where there is none
	busy    bool            // op is in progress
}

func (s *Service) ageOf(r vault.Reader, ref vault.Ref) (a age, err error) {
	head, there, err := found(r.Object(ref))
	if err != nil || !there {
		return a, err
	}
	a.head = head
	if head.Deletion != nil { // nothing falls due but its purge
		return a, nil
	}
	if head.Kind == vault.Certificates {
		if a.op, there, err = found(r.Operation(head.Ref)); err != nil {
			return a, err
		}
		a.busy = there && a.op.Status == vault.InProgress
	}
	if head.Pending || head.Latest == "" {
		return a, nil
	}
	if a.version, err = r.Version(head.Ref, head.Latest); err != nil {
		return a, err
	}
	if a.life, _, err = found(r.Life(head.Ref)); err != nil {
		return a, err
	}
	a.life = a.life.Of(head.Latest)
	a.ok = true
	return a, nil
}

// changed reports whether what is due or what a renewal carries on may be
// something else than it was: a version is edited without its head.
func (a age) changed(was age) bool {
	now, then := a.version.Attributes, was.version.Attributes
	return a.head.Rev != was.head.Rev || a.version.ID != was.version.ID || a.busy != was.busy ||
		now.Enabled != then.Enabled || !now.Expires.Equal(then.Expires) || !maps.Equal(a.version.Tags, was.version.Tags)
}

// Live is the handler of JobLife: it does what is due in the life of an
// object's current version. Each thing is done in the transaction that marks
// it done, so that none is lost or done twice.
func (s *Service) Live(ctx context.Context, l vault.Lease) error {
	for {
		err := s.live(ctx, l)
		switch {
		case errors.Is(err, vault.ErrStale):
			return nil // the job was withdrawn
		case !errors.Is(err, errChanged):
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		}
	}
}

func (s *Service) live(ctx context.Context, l vault.Lease) error {
	var a age
	err := s.Store.View(ctx, func(r vault.Reader) (err error) {
		a, err = s.ageOf(r, l.Ref)
		return err
	})
	if err != nil {
		return err
	}
	if !a.ok {
		return s.drop(ctx, l)
	}
	now := s.now()
	due := dueNow(a.head.Deeds(a.version, a.life, a.busy, s.Settings(l.Ref.Vault)), now)
	if due[vault.AskIssuer] {
		return s.askWhen(ctx, l, a, now)
	}
	var next *plan
	if due[vault.AutoRenew] {
		if next, err = s.planRenewal(ctx, a); err != nil {
			var refusal *vault.Error
			if !errors.As(err, &refusal) {
				return err
			}
			return s.renewalRefused(ctx, l, a, refusal, now)
		}
	}
	err = s.change(ctx, a.head.Ref, func(tx vault.Tx) error {
		if err := tx.Finish(l); err != nil {
			return err
		}
		return s.liveIn(tx, a, next, due, now)
	})
	if err == nil && next != nil {
		s.Log.Info("renewal began", "vault", a.head.Vault, "certificate", a.head.Name, "version", a.version.ID, "request", next.op.RequestID, "expires", a.version.Attributes.Expires)
		s.Poke()
	}
	return err
}

func dueNow(deeds []vault.Deed, now time.Time) map[string]bool {
	due := map[string]bool{}
	for _, d := range deeds {
		if !d.Due.After(now) {
			due[d.What] = true
		}
	}
	return due
}

// liveIn does what was found due, if the object is still the one it was found for.
func (s *Service) liveIn(tx vault.Tx, was age, next *plan, due map[string]bool, now time.Time) error {
	a, err := s.ageOf(tx, was.head.Ref)
	if err != nil || !a.ok {
		return err
	}
	if a.changed(was) {
		return errChanged
	}
	if due[vault.FallsDue] || due[vault.AutoRenew] {
		a.life = a.life.Due(now)
	}
	life, err := s.warn(tx, a, due, now)
	if err != nil {
		return err
	}
	if next != nil {
		if err := next.store(tx); err != nil {
			return err
		}
		if !life.Did(vault.DidAnnounce) {
			life = life.Do(vault.DidAnnounce)
			if _, err := s.mail(tx, a.version, renewingMail(a.version, next.op), now); err != nil {
				return err
			}
		}
		if a.head, err = tx.Object(a.head.Ref); err != nil { // written by the plan
			return err
		}
	}
	if err := tx.PutLife(a.head.Ref, life); err != nil {
		return err
	}
	return s.planLife(tx, a.head, a.version, life, a.busy || next != nil)
}

// askWhen asks the issuer when the version should be renewed. One that cannot
// be asked is asked again in an hour; meanwhile the policy decides.
func (s *Service) askWhen(ctx context.Context, l vault.Lease, a age, now time.Time) error {
	next, err := s.suggested(ctx, a, now)
	if err != nil {
		return err
	}
	return s.Store.Update(ctx, func(tx vault.Tx) error {
		if err := tx.Finish(l); err != nil {
			return err
		}
		b, err := s.ageOf(tx, a.head.Ref)
		if err != nil || !b.ok {
			return err
		}
		if b.version.ID == a.version.ID {
			b.life.WindowStart, b.life.WindowEnd, b.life.Picked, b.life.AskAgain = next.WindowStart, next.WindowEnd, next.Picked, next.AskAgain
			if err := tx.PutLife(b.head.Ref, b.life); err != nil {
				return err
			}
		}
		return s.planLife(tx, b.head, b.version, b.life, b.busy)
	})
}

func (s *Service) suggested(ctx context.Context, a age, now time.Time) (vault.Life, error) {
	life := a.life
	life.AskAgain = time.Time{}
	if a.version.Certificate == nil || a.version.Certificate.IssuerName == "" {
		return life, nil
	}
	var cfg vault.IssuerConfig
	err := s.Store.View(ctx, func(r vault.Reader) (err error) {
		cfg, err = maker(r, a.version)
		return err
	})
	if err != nil {
		return life, err
	}
	suggester, ok := s.Issuers(cfg.Provider).(vault.Suggester)
	if !ok {
		return life, nil
	}
	i := vault.Issued{Issuer: cfg, Ref: a.version.Certificate.IssuerRef, Chain: leafFirst(a.version.Certificate), Now: now}
	if i.Password, err = s.password(cfg); err != nil {
		return life, err
	}
	within, stop := context.WithTimeout(ctx, stepTime)
	defer stop()
	began := realNow()
	said, err := suggester.Suggest(within, i)
	if !errors.Is(err, vault.ErrNotFound) {
		s.called(cfg.Provider, CallSuggest, began, vault.Progress{}, err)
	}
	switch {
	case ctx.Err() != nil:
		return life, ctx.Err()
	case errors.Is(err, vault.ErrNotFound):
		return life, nil
	case err != nil:
		s.Log.Warn("issuer could not be asked when to renew", "vault", a.head.Vault, "certificate", a.head.Name, "error", redactError(err, i.Password))
		life.AskAgain = now.Add(max(retryAfter(err, 12), time.Hour))
		return life, nil
	}
	return life.Suggested(said, now, rand.Float64()), nil
}

// leafFirst is the chain of a version with its own certificate in front.
func leafFirst(c *vault.CertificateBody) [][]byte {
	if c.PreserveOrder { // it may stand anywhere
		return append([][]byte{c.Leaf}, c.Chain...)
	}
	return c.Chain
}
