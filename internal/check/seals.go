package check

import (
	"context"
	"errors"
	"os"

	"certwright/internal/account"
	"certwright/internal/seal"
	"certwright/internal/vault"
)

// open opens the keyset, which rows are proved under and seals are opened with.
func (c *checker) open(ctx context.Context, rows vault.Reader) (keys vault.RowKeys, err error) {
	path := c.path(seal.File)
	if _, err = os.Stat(path); err == nil { // else Open might make one
		if _, err = rows.Account(seal.DataKeys); err == nil {
			c.keyset, _, err = seal.Open(ctx, snapshot{rows: rows}, path)
		}
	}
	switch {
	case errors.Is(err, os.ErrNotExist):
		c.fault(path, "the keyset file is missing: nothing sealed could be checked", "put it back from where a copy is kept")
	case errors.Is(err, vault.ErrNotFound):
		c.fault(path, "the database has no data keys: nothing sealed could be checked", restore)
	case err != nil:
		c.failed(path, err, restore)
	default:
		return c.keyset.RowKeys()
	}
	return keys, err
}

// A snapshot is a Store of rows that are only read.
type snapshot struct {
	vault.Store
	rows vault.Reader
}

// View implements vault.Store.
func (s snapshot) View(_ context.Context, fn func(vault.Reader) error) error { return fn(s.rows) }

// row opens what is sealed in a row.
func (c *checker) row(row any) {
	switch row := row.(type) {
	case vault.Object:
		c.operation(row)
	case vault.Version:
		c.version("version "+vault.Binding(row.Ref, row.ID), row)
	case vault.IssuerConfig:
		if cred := row.Credentials; cred != nil {
			c.opens("issuer "+row.Vault+"/"+row.Name, "the password", cred.Password, vault.IssuerBinding(row.Vault, row.Name))
		}
	case vault.Account:
		if row.ID != seal.DataKeys && row.ID != seal.BackupKeys { // the keyset opened these
			c.opens("account "+row.ID, "what is sealed in it", row.Body, account.Binding(row.ID))
		}
	}
}

func (c *checker) operation(o vault.Object) {
	if o.Operation == nil {
		return
	}
	c.opens("object "+o.Ref.String(), "the key of its operation", o.Operation.Private, vault.Binding(o.Operation.Ref, o.Operation.RequestID))
	if v := o.Operation.Staged; v != nil {
		c.version("object "+o.Ref.String(), *v)
	}
}

func (c *checker) version(what string, v vault.Version) {
	if v.Key != nil {
		c.opens(what, "the private key", v.Key.Private, vault.Binding(v.Ref.As(vault.Keys), v.ID))
	}
	if v.Secret != nil {
		c.opens(what, "the secret's value", v.Secret.Value, vault.Binding(v.Ref.As(vault.Secrets), v.ID))
	}
}

// opens tells of a seal that does not open.
func (c *checker) opens(what, part string, sealed vault.Sealed, binding string) {
	if sealed == nil || c.keyset == nil {
		return
	}
	c.report.Seals++
	plain, err := c.keyset.Open(sealed, binding)
	clear(plain)
	if err != nil {
		c.fault(what, part+" cannot be opened with this keyset", anew)
	}
}
