package sqlstore_test

import (
	"context"
	"os"
	"testing"

	"go.uber.org/goleak"

	"certwright/internal/store/sqlstore"
)

// openFile names, to a child process, a database to open and to do nothing with.
const openFile = "CERTWRIGHT_OPEN_FILE"

// TestMain also is the programs that the crash tests kill, and the one whose files may not grow.
func TestMain(m *testing.M) {
	if path := os.Getenv(crashFile); path != "" {
		writeUntilKilled(path)
	}
	if path := os.Getenv(failFile); path != "" {
		writeUntilRefused(path)
	}
	if path := os.Getenv(openFile); path != "" {
		if _, err := sqlstore.Open(context.Background(), path); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}
