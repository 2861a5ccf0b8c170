package check

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"certwright/internal/seal"
	"certwright/internal/vault"
)

// open opens the keyset, which rows are proved under and seals are opened with.
func (c *checker) open(ctx context.Context, rows vault.Reader) (keys vault.RowKeys, err error) {
	what, keks := c.path(seal.File), c.KEKs
	if len(keks) > 0 {
		what = "keyset"
	} else {
		keks = []seal.KEK{seal.NewFile(what)}
	}
	c.keyset, err = seal.Read(ctx, snapshot{rows: rows}, keks)
	switch {
	case err == nil:
		return c.keyset.RowKeys()
	case errors.Is(err, vault.ErrNotFound):
		c.fault(what, "the database has no data keys: nothing sealed could be checked", restore)
	case len(c.KEKs) == 0 && errors.Is(err, os.ErrNotExist):
		c.missing(rows)
	default:
		c.failed(what, err, restore)
	}
	return keys, err
}

// missing tells that there is no keyset file, and what there might be in its place.
func (c *checker) missing(rows vault.Reader) {
	wraps, err := seal.WrappedBy(rows)
	if others := slices.DeleteFunc(wraps, seal.IsFile); err == nil && len(others) > 0 {
		c.fault("keyset", "the data keys are wrapped by "+strings.Join(others, " and ")+": nothing sealed could be checked", "name the configuration with --config")
		return
	}
	c.fault(c.path(seal.File), "the keyset file is missing: nothing sealed could be checked", "put it back from where a copy is kept")
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
