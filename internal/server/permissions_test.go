package server

import (
	"sync"
	"sync/atomic"
	"testing"

	"certwright/internal/access"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// TestPermissionsReplacedUnderLoad replaces the permissions while callers ask: who
// may under both the old and the new ones is never refused, who may under neither
// is never let in, and what changes is in force as soon as it is put there.
func TestPermissionsReplacedUnderLoad(t *testing.T) {
	t.Parallel()
	give := func(subjects ...string) *live {
		var s access.Settings
		for _, name := range subjects {
			s.Assignments = append(s.Assignments, access.Assignment{Role: "Key Vault Reader", To: access.Principal{Issuer: "corp", Subject: name}, On: "/"})
		}
		table, err := access.New(s, []access.Vault{{Name: "web"}}, access.Surroundings{})
		must.Do(t, err)
		return &live{may: table, end: func() {}}
	}
	s := &Server{ctx: t.Context()}
	s.enter(give("always", "even"))
	may := func(subject string) bool {
		return liveAccess{s}.Authorize(t.Context(), vault.Caller{Issuer: "corp", Subject: subject}, "keys/get", vault.Ref{Vault: "web", Kind: vault.Keys, Name: "k"}) == nil
	}
	var asked, wrong atomic.Int64
	var done atomic.Bool
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for !done.Load() {
				if !may("always") || may("never") {
					wrong.Add(1)
				}
				asked.Add(1)
			}
		})
	}
	for i := 0; i < 1000 || asked.Load() < 1000; i++ {
		if i%2 == 0 {
			s.enter(give("always", "even"))
		} else {
			s.enter(give("odd", "always"))
		}
		if may("even") != (i%2 == 0) || may("odd") != (i%2 == 1) {
			t.Errorf("round %d: what was put in force is not", i)
		}
	}
	done.Store(true)
	callers.Wait()
	if wrong.Load() > 0 {
		t.Errorf("%d of %d decisions fell into a gap", wrong.Load(), asked.Load())
	}
}
