package schedule

import (
	"fmt"
	"testing"
	"time"

	"certwright/internal/vault"
)

// What was found well is known with its revision alone, for a week at least, of
// however many objects; what is not found again is forgotten.
func TestCheckups(t *testing.T) {
	t.Parallel()
	const many = 50_000 // more than were kept once
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	one := func(i int) vault.Revised {
		return vault.Revised{Ref: vault.Ref{Vault: "v", Kind: vault.Certificates, Name: fmt.Sprint(i)}, Rev: int64(i)}
	}
	var c checkups
	c.found(one(0))
	if !c.well(one(0), noon) {
		t.Error("what was found first is not known")
	}
	for i := range many {
		c.found(one(i))
	}
	others := []vault.Revised{one(many), {Ref: one(3).Ref, Rev: 4}, {Ref: one(3).As(vault.Keys), Rev: 3}, {Ref: vault.Ref{Vault: "v3", Kind: vault.Certificates}, Rev: 3}}
	for day := range 30 {
		now := noon.Add(time.Duration(day) * 24 * time.Hour)
		for i := range many {
			if kept := i%2 == 0 || day < 7; kept && !c.well(one(i), now) {
				t.Fatalf("day %d: %d is not known", day, i)
			}
		}
		for _, o := range others {
			if c.well(o, now) {
				t.Errorf("day %d: %v is known", day, o)
			}
		}
	}
	if c.well(one(1), noon.Add(30*24*time.Hour)) || len(c.past) > many/2 {
		t.Errorf("%d of %d are kept that were not found for weeks", len(c.past), many)
	}
}
