package logs

import (
	"testing"
	"testing/synctest"
	"time"

	"certwright/internal/api"
)

func TestFewStrangers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		seen := map[int]int{}
		observe := FewStrangers(func(o api.Observation) { seen[o.Status]++ })
		for range 1000 {
			observe(api.Observation{Status: 401})
			observe(api.Observation{Status: 200})
			observe(api.Observation{Status: 403})
		}
		if seen[401] != strangersMost || seen[200] != 1000 || seen[403] != 1000 {
			t.Errorf("seen by status: %v", seen)
		}
		time.Sleep(time.Minute)
		observe(api.Observation{Status: 401})
		if seen[401] != strangersMost+1 {
			t.Error("a later one is not shown")
		}
	})
}
