package service

import (
	"context"
	"errors"
	"strings"
	"time"

	"certwright/internal/engine"
	"certwright/internal/order"
	"certwright/internal/vault"
)

// enterIssuer checks the permission for an issuer resource and its name.
func (s *Issuers) enterIssuer(ctx context.Context, who vault.Caller, do vault.Action, vaultName, name string) error {
	if name != "" {
		if err := vault.CheckIssuerName(name); err != nil {
			return err
		}
	}
	return s.Access.Authorize(ctx, who, do, vault.Ref{Vault: vaultName, Kind: vault.Certificates})
}

// List returns one page of a vault's issuers in ascending order of name.
func (s *Issuers) List(ctx context.Context, who vault.Caller, vaultName string, in ListInput) (Page[vault.IssuerConfig], error) {
	if err := s.enterIssuer(ctx, who, listIssuers, vaultName, ""); err != nil {
		return Page[vault.IssuerConfig]{}, err
	}
	var rows []vault.IssuerConfig
	err := s.Store.View(ctx, func(r vault.Reader) (err error) {
		rows, err = r.Issuers(vaultName, in.After, in.Limit+1)
		return err
	})
	key := func(c vault.IssuerConfig) string { return vault.Ref{Name: c.Name}.Key() }
	return page(rows, in.Limit, s.Settings(vaultName), key), err
}

// Get returns an issuer; its password stays sealed.
func (s *Issuers) Get(ctx context.Context, who vault.Caller, vaultName, name string) (vault.IssuerConfig, error) {
	if err := s.enterIssuer(ctx, who, getIssuers, vaultName, name); err != nil {
		return vault.IssuerConfig{}, err
	}
	var c vault.IssuerConfig
	err := s.Store.View(ctx, func(r vault.Reader) (err error) {
		c, err = r.Issuer(vaultName, name)
		c, err = engine.One(c, err, vault.NoIssuer())
		return err
	})
	return c, err
}

// Put makes an issuer or replaces it whole.
func (s *Issuers) Put(ctx context.Context, who vault.Caller, vaultName, name string, in IssuerInput) (vault.IssuerConfig, error) {
	if err := s.enterIssuer(ctx, who, setIssuers, vaultName, name); err != nil {
		return vault.IssuerConfig{}, err
	}
	now := s.Now()
	return s.putIssuer(ctx, vaultName, name, func(was vault.IssuerConfig, exists bool) (vault.IssuerConfig, error) {
		next := vault.IssuerConfig{Vault: vaultName, Name: name, Enabled: true, Created: now}
		if exists {
			next.Name, next.Created = was.Name, was.Created
		}
		if in.Provider == nil || *in.Provider == "" {
			return next, vault.Bad("provider is missing.")
		}
		return s.applyIssuer(next, in, now)
	})
}

// Update changes the members of an issuer that were sent. Running orders
// see them at their next step.
func (s *Issuers) Update(ctx context.Context, who vault.Caller, vaultName, name string, in IssuerInput) (vault.IssuerConfig, error) {
	if err := s.enterIssuer(ctx, who, setIssuers, vaultName, name); err != nil {
		return vault.IssuerConfig{}, err
	}
	now := s.Now()
	return s.putIssuer(ctx, vaultName, name, func(was vault.IssuerConfig, exists bool) (vault.IssuerConfig, error) {
		if !exists {
			return was, vault.NoIssuerNamed(name)
		}
		return s.applyIssuer(was, in, now)
	})
}

func (s *Issuers) putIssuer(ctx context.Context, vaultName, name string, next func(vault.IssuerConfig, bool) (vault.IssuerConfig, error)) (vault.IssuerConfig, error) {
	var c vault.IssuerConfig
	err := engine.Update(ctx, s.Store, func(tx vault.Tx) error {
		was, exists, err := engine.Found(tx.Issuer(vaultName, name))
		if err != nil {
			return err
		}
		if c, err = next(was, exists); err != nil {
			return err
		}
		if c.Enabled {
			if err := engine.SetJob(tx, vault.JobMend, order.IssuerRef(vaultName, c.Name), c.Updated); err != nil {
				return err
			}
		}
		return tx.PutIssuer(c)
	})
	if err == nil {
		s.Poke()
	}
	return c, err
}

// applyIssuer sets the members that were sent and asks the provider whether the result will do.
func (s *Issuers) applyIssuer(c vault.IssuerConfig, in IssuerInput, now time.Time) (vault.IssuerConfig, error) {
	if in.Provider != nil {
		if has := c.Credentials; has != nil && !strings.EqualFold(c.Provider, *in.Provider) {
			kept := *has
			kept.Password = nil // it was given for another authority, which alone may see it
			c.Credentials = &kept
		}
		c.Provider = *in.Provider
	}
	if in.Enabled != nil {
		c.Enabled = *in.Enabled
	}
	if in.Organization != nil {
		c.Organization = in.Organization.apply(c.Organization)
		if err := vault.CheckAdmins(c.Organization.Admins); err != nil {
			return c, err
		}
	}
	c.Updated = now
	if err := s.applyCredentials(&c, in); err != nil {
		return c, err
	}
	provider := s.Orders.Issuers.Find(c.Provider)
	if provider == nil {
		return c, vault.NoProvider(c.Provider)
	}
	if v, ok := provider.(vault.Validator); ok {
		return c, v.ValidateIssuer(c)
	}
	return c, nil
}

// apply returns the organization with the sent members set.
func (in *OrganizationInput) apply(was *vault.Organization) *vault.Organization {
	next := vault.Organization{}
	if was != nil {
		next = *was
	}
	if in.ID != nil {
		next.ID = *in.ID
	}
	if in.Admins != nil {
		next.Admins = *in.Admins
	}
	return &next
}

// applyCredentials seals a password that was sent; it is never given back.
func (s *Issuers) applyCredentials(c *vault.IssuerConfig, in IssuerInput) error {
	if !in.Credentials {
		return nil
	}
	creds := vault.Credentials{}
	if c.Credentials != nil {
		creds = *c.Credentials
	}
	if in.AccountID != nil {
		creds.AccountID = *in.AccountID
	}
	if in.Password != nil {
		sealed, err := s.Sealer.Seal([]byte(in.Password.Reveal()), vault.IssuerBinding(c.Vault, c.Name))
		if err != nil {
			return err
		}
		creds.Password = sealed
	}
	c.Credentials = &creds
	return nil
}

// Delete removes an issuer and returns it. Orders that run keep the
// snapshot they took, so nothing blocks it (docs/issuers/index.md).
func (s *Issuers) Delete(ctx context.Context, who vault.Caller, vaultName, name string) (vault.IssuerConfig, error) {
	if err := s.enterIssuer(ctx, who, deleteIssuers, vaultName, name); err != nil {
		return vault.IssuerConfig{}, err
	}
	var c vault.IssuerConfig
	err := s.Store.Update(ctx, func(tx vault.Tx) (err error) {
		if c, err = tx.Issuer(vaultName, name); err != nil {
			return err
		}
		return tx.DeleteIssuer(vaultName, name)
	})
	if errors.Is(err, vault.ErrNotFound) {
		err = vault.NoIssuer()
	}
	return c, err
}
