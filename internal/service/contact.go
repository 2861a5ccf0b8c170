package service

import (
	"context"

	"certwright/internal/vault"
)

const manageContacts vault.Action = "certificates/managecontacts"

// maxContacts bounds the list of a vault: every mail is one for each contact.
const maxContacts = 500

// GetContacts returns whom the vault tells about its certificates.
func (s *Service) GetContacts(ctx context.Context, who vault.Caller, vaultName string) ([]vault.Contact, error) {
	if err := s.enter(ctx, who, manageContacts, vault.Ref{Vault: vaultName, Kind: vault.Certificates}); err != nil {
		return nil, err
	}
	var c []vault.Contact
	err := s.Store.View(ctx, func(r vault.Reader) (err error) {
		c, err = r.Contacts(vaultName)
		c, err = one(c, err, vault.NoContacts())
		return err
	})
	return c, err
}

// PutContacts replaces the whole list.
func (s *Service) PutContacts(ctx context.Context, who vault.Caller, vaultName string, c []vault.Contact) ([]vault.Contact, error) {
	if err := s.enter(ctx, who, manageContacts, vault.Ref{Vault: vaultName, Kind: vault.Certificates}); err != nil {
		return nil, err
	}
	if len(c) > maxContacts {
		return nil, vault.Bad("contacts holds more than %d contacts.", maxContacts)
	}
	return c, s.Store.Update(ctx, func(tx vault.Tx) error { return tx.PutContacts(vaultName, c) })
}

// DeleteContacts removes the list and returns it.
func (s *Service) DeleteContacts(ctx context.Context, who vault.Caller, vaultName string) ([]vault.Contact, error) {
	if err := s.enter(ctx, who, manageContacts, vault.Ref{Vault: vaultName, Kind: vault.Certificates}); err != nil {
		return nil, err
	}
	var c []vault.Contact
	err := s.Store.Update(ctx, func(tx vault.Tx) (err error) {
		c, err = tx.Contacts(vaultName)
		if c, err = one(c, err, vault.NoContacts()); err != nil {
			return err
		}
		return tx.DeleteContacts(vaultName)
	})
	return c, err
}
