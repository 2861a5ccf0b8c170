package main

import (
	"errors"
	"fmt"
	"testing"

	"certwright/internal/client"
)

func TestExitCode(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]int{0: 1, 400: 4, 401: 4, 403: 4, 404: 3, 405: 4, 408: 1, 409: 5, 413: 4, 429: 1, 500: 1, 503: 1} {
		if got := exitCode(fmt.Errorf("ask: %w", &client.Error{Status: status})); got != want {
			t.Errorf("of an answer with %d: %d, want %d", status, got, want)
		}
	}
	if got := exitCode(fmt.Errorf("use: %w", exitError{exitUsage, &client.Error{Status: 404}})); got != exitUsage {
		t.Errorf("a code of its own gives way: %d", got)
	}
	if got := exitCode(errors.New("other")); got != exitFailed {
		t.Errorf("any error: %d", got)
	}
}
