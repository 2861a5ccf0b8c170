package process

import (
	"os"
	"strconv"
	"testing"
)

// Number is what an environment variable says of how large a run is to be, at
// least least; usual where it is not set.
func Number(t testing.TB, name string, usual, least int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least {
		t.Fatalf("%s=%s: want a number", name, text)
	}
	return n
}
