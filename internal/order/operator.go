package order

import (
	"context"
	"strings"
	"time"

	"certwright/internal/engine"
	"certwright/internal/vault"
)

// An Operator does what operators want of orders at the side door, which has its
// own guard: the methods ask for no permission of the vault's.
type Operator struct{ *Orders }

// Vaults lists the names of the vaults that hold anything, in order, after one.
func (s *Operator) Vaults(ctx context.Context, after string, limit int) (names []string, err error) {
	err = s.Store.View(ctx, func(r vault.Reader) (err error) {
		names, err = r.Vaults(after, limit)
		return err
	})
	return names, err
}

// Decide puts an operator's word on an operation that asks for one. requestID
// names the operation; "" means the one that is there.
func (s *Operator) Decide(ctx context.Context, ref vault.Ref, requestID string, approved bool, message string) (op vault.Operation, err error) {
	now := s.Now()
	word := "Approved by an operator"
	if !approved {
		word = "Rejected by an operator"
	}
	if message = vault.Clip(message, 500); message != "" {
		word += ": " + message
	} else {
		word += "."
	}
	err = s.editOperation(ctx, ref, requestID, vault.NoPending, func(_ vault.Tx, o *vault.Object, was vault.Operation) error {
		if op, err = was.Decide(vault.Approval{At: now, Approved: approved, Message: message}); err != nil {
			return err
		}
		op = op.Noted(now, word)
		o.Operation = &op
		o.SetJob(vault.JobIssue, now)
		return nil
	})
	if err == nil {
		s.Poke()
	}
	return op, err
}

// Revoke asks the issuer that made a version to revoke its certificate; "" is
// the current version, and the certificate may be a soft-deleted one. reason is
// of RFC 5280 section 5.3.1.
func (s *Operator) Revoke(ctx context.Context, ref vault.Ref, id string, reason int) (v vault.Version, err error) {
	var cfg vault.IssuerConfig
	err = s.Store.View(ctx, func(r vault.Reader) error {
		head, err := r.Object(ref)
		if head, err = engine.One(head, err, vault.NoSuchObject(ref)); err != nil {
			return err
		}
		if v, err = engine.Version(r, head, id); err != nil {
			return err
		}
		cfg, err = maker(r, v)
		return err
	})
	if err != nil {
		return v, err
	}
	now := s.Now()
	rev := vault.Revocation{Issuer: cfg, Ref: v.Certificate.IssuerRef, Chain: leafFirst(v.Certificate), Reason: reason, Now: now}
	if rev.Password, err = s.Issuers.password(cfg); err != nil {
		return v, err
	}
	if err := s.Issuers.revoke(ctx, rev); err != nil {
		return v, err
	}
	if err := s.noteRevoked(ctx, v, reason, now); err != nil {
		return v, err
	}
	s.Log.Info("certificate revoked", "vault", v.Vault, "certificate", v.Name, "version", v.ID, "issuer", cfg.Name, "reason", reason)
	return v, nil
}

// noteRevoked writes a revocation into the history that people read; there is
// none where no operation is left.
func (s *Operator) noteRevoked(ctx context.Context, v vault.Version, reason int, now time.Time) error {
	return s.Edit(ctx, v.Ref, func(_ vault.Tx, o *vault.Object) error {
		if o.Operation != nil {
			op := o.Operation.Noted(now, vault.NoteRevoked(v.ID, vault.RevocationReasons[reason]))
			o.Operation = &op
		}
		return nil
	})
}

// maker is the issuer that made a version. One that was deleted since, or has
// another provider now, is known by its name and provider only.
func maker(r vault.Reader, v vault.Version) (vault.IssuerConfig, error) {
	c := v.Certificate
	switch {
	case c == nil:
		return vault.IssuerConfig{}, vault.NothingToRevoke()
	case c.IssuerName == "":
		return vault.IssuerConfig{}, vault.NotRevocable("no issuer of this server made it; it signed itself, was merged or imported.")
	}
	cfg, ok, err := engine.Found(r.Issuer(v.Vault, c.IssuerName))
	if err == nil && (!ok || !strings.EqualFold(cfg.Provider, c.Provider)) {
		cfg = vault.IssuerConfig{Vault: v.Vault, Name: c.IssuerName, Provider: c.Provider}
	}
	return cfg, err
}
