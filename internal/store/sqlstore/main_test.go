package sqlstore_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain also is the program that the crash test kills.
func TestMain(m *testing.M) {
	if path := os.Getenv(crashFile); path != "" {
		writeUntilKilled(path)
	}
	goleak.VerifyTestMain(m)
}
