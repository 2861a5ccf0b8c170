package sqlstore_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"certwright/internal/must"
	"certwright/internal/store/sqlstore"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/store/storetest"
	"certwright/internal/vault"
)

// eachPostgres runs a test on each server that there is.
func eachPostgres(t *testing.T, test func(t *testing.T, server string)) {
	t.Helper()
	t.Parallel()
	for n, server := range sqltest.Postgres(t) {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			test(t, server)
		})
	}
}

// A settledStore is one whose reads come after all transactions of other tests on
// its server: what they hold back of the outbox is not this store's affair.
type settledStore struct {
	*sqlstore.Store
	sqltest.Schema
	mu sync.Mutex
}

func (s *settledStore) View(ctx context.Context, fn func(vault.Reader) error) error {
	s.mu.Lock()
	for early := true; early; {
		if err := s.Admin.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM outbox WHERE xid >= pg_snapshot_xmin(pg_current_snapshot()))").Scan(&early); err != nil {
			s.mu.Unlock()
			return err
		}
	}
	s.mu.Unlock()
	return s.Store.View(ctx, fn)
}

// postgresAt opens an empty store in a schema of its own on a server.
func postgresAt(t testing.TB, server string) *settledStore {
	t.Helper()
	schema := sqltest.NewSchema(t, server)
	s, err := sqlstore.OpenPostgres(t.Context(), schema.URL)
	must.Do(t, err)
	t.Cleanup(func() { must.Do(t, s.Close()) })
	return &settledStore{Store: s, Schema: schema}
}

func TestPostgresConformance(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		storetest.Run(t, func(t *testing.T) vault.Store {
			s := postgresAt(t, server)
			bound(t, s.Store)
			return s
		})
	})
}
