package check

import (
	"context"
	"errors"
	"os"

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
	case *vault.Object:
		c.opens("object "+row.Ref.String(), row.Seals())
	case *vault.Version:
		c.opens("version "+vault.Binding(row.Ref, row.ID), row.Seals())
	case *vault.IssuerConfig:
		c.opens("issuer "+row.Vault+"/"+row.Name, row.Seals())
	case *vault.Account:
		c.opens("account "+row.ID, row.Seals())
	}
}

// opens tells of seals that do not open.
func (c *checker) opens(what string, all []vault.SealedValue) {
	if c.keyset == nil {
		return
	}
	for _, s := range all {
		c.report.Seals++
		plain, err := c.keyset.Open(*s.Value, s.Binding)
		clear(plain)
		if err != nil {
			c.fault(what, s.Part+" cannot be opened with this keyset", anew)
		}
	}
}
