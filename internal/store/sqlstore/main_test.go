package sqlstore_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain also is the program that the crash test kills, and the one whose files may not grow.
func TestMain(m *testing.M) {
	if path := os.Getenv(crashFile); path != "" {
		writeUntilKilled(path)
	}
	if path := os.Getenv(failFile); path != "" {
		writeUntilRefused(path)
	}
	goleak.VerifyTestMain(m)
}
