package sqlstore_test

import (
	"context"
	"flag"
	"os"
	"testing"

	"go.uber.org/goleak"

	"certwright/internal/store/sqlstore"
)

// openFile names, to a child process, a database to open and to do nothing with.
const openFile = "CERTWRIGHT_OPEN_FILE"

// atOnce is how many tests run side by side: most wait for a database, or for a
// time-out of a minute, and leave the processors to the others.
const atOnce = "8"

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
	flag.Parse()
	_ = flag.Set("test.parallel", atOnce) // the flag is there: go test defines it
	goleak.VerifyTestMain(m)
}
