package service

import (
	"context"

	"certwright/internal/engine"
	"certwright/internal/schedule"
	"certwright/internal/vault"
)

// Get returns whom the vault tells about its certificates.
func (s *Contacts) Get(ctx context.Context, who vault.Caller, vaultName string) ([]vault.Contact, error) {
	if err := s.enter(ctx, who, manageContacts, vault.Ref{Vault: vaultName, Kind: vault.Certificates}); err != nil {
		return nil, err
	}
	var c []vault.Contact
	err := s.Store.View(ctx, func(r vault.Reader) (err error) {
		c, err = r.Contacts(vaultName)
		c, err = engine.One(c, err, vault.NoContacts())
		return err
	})
	return c, err
}

// Put replaces the whole list. Who is the first to be told gets what
// nobody was there to get.
func (s *Contacts) Put(ctx context.Context, who vault.Caller, vaultName string, c []vault.Contact) ([]vault.Contact, error) {
	if err := s.enter(ctx, who, manageContacts, vault.Ref{Vault: vaultName, Kind: vault.Certificates}); err != nil {
		return nil, err
	}
	if err := vault.CheckContacts(c); err != nil {
		return nil, err
	}
	now := s.Now()
	err := engine.Update(ctx, s.Store, func(tx vault.Tx) error {
		was, _, err := engine.Found(tx.Contacts(vaultName))
		if err != nil {
			return err
		}
		if len(vault.Addresses(was)) == 0 && len(c) > 0 {
			if err := engine.SetJob(tx, vault.JobOwed, schedule.ContactsRef(vaultName), now); err != nil {
				return err
			}
		}
		return tx.PutContacts(vaultName, c)
	})
	s.Poke()
	return c, err
}

// Delete removes the list and returns it.
func (s *Contacts) Delete(ctx context.Context, who vault.Caller, vaultName string) ([]vault.Contact, error) {
	if err := s.enter(ctx, who, manageContacts, vault.Ref{Vault: vaultName, Kind: vault.Certificates}); err != nil {
		return nil, err
	}
	var c []vault.Contact
	err := s.Store.Update(ctx, func(tx vault.Tx) (err error) {
		c, err = tx.Contacts(vaultName)
		if c, err = engine.One(c, err, vault.NoContacts()); err != nil {
			return err
		}
		return tx.DeleteContacts(vaultName)
	})
	return c, err
}
