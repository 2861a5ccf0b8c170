package year_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
	"certwright/internal/vault"
)

// The ladder of docs/renewal.md is the one that is climbed.
func TestLadderIsDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/renewal.md")
	must.Do(t, err)
	row := regexp.MustCompile(`(?m)^\| next try after \|(.*)\|$`).FindSubmatch(page)
	if row == nil {
		t.Fatal("the page has no ladder")
	}
	var schedule vault.Schedule
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, cell := range strings.Split(string(row[1]), "|") {
		want, err := time.ParseDuration(strings.ReplaceAll(cell, " ", ""))
		must.Do(t, err)
		if schedule = schedule.Failed(now, now.Add(365*day)); !schedule.Retry.Equal(now.Add(want)) {
			t.Errorf("try %d comes after %v, the page says %v", schedule.Tries, schedule.Retry.Sub(now), want)
		}
	}
	if last := schedule.Failed(now, now.Add(365*day)); last.Retry.Sub(now) != 32*time.Hour || schedule.Tries != 6 {
		t.Errorf("after %d tries the wait is %v", schedule.Tries, last.Retry.Sub(now))
	}
	if near := schedule.Failed(now, now.Add(8*time.Hour)); near.Retry.Sub(now) != 2*time.Hour {
		t.Errorf("with 8 hours left the wait is %v, want a quarter", near.Retry.Sub(now))
	}
	if end := schedule.Failed(now, now.Add(time.Minute)); end.Retry.Sub(now) != time.Minute {
		t.Errorf("with a minute left the wait is %v", end.Retry.Sub(now))
	}
}
