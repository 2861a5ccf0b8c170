package kill_test

import (
	"context"
	"database/sql"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"certwright/conformance/ledger"
	"certwright/conformance/process"
	"certwright/internal/must"

	_ "modernc.org/sqlite"
)

const hands = 6

// TestKill kills the server in the middle of a mixed load, restarts it on the
// same folder, and judges what it finds; again for every round.
func TestKill(t *testing.T) {
	rounds := 2
	if s := os.Getenv("KILL_ROUNDS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("KILL_ROUNDS: %v", err)
		}
		rounds = n
	}
	program, folder := process.Build(t), filepath.Join(t.TempDir(), "data")
	facts, names := ledger.New(), 0
	p := process.Start(t, process.Program{Path: program, Folder: folder})
	for i, body := range map[string]map[string]any{"own": {"provider": "Internal"}, "prompt": played(""), "slow": played("delay=3s"), "flaky": played("fail=2")} {
		if r, err := p.Send(t.Context(), "PUT", "/certificates/issuers/"+i, body); err != nil || r.Status != 200 {
			t.Fatalf("issuer %s: %d %v", i, r.Status, err)
		}
	}
	for round := range rounds {
		load(t, p, facts, round)
		p = process.Start(t, process.Program{Path: program, Folder: folder})
		whole(t, folder)
		names += facts.Names()
		if wrong := facts.Judge(t.Context(), p); len(wrong) > 0 {
			t.Fatalf("round %d: %s\nthe server said:\n%s", round+1, strings.Join(wrong, "\n"), tail(p.Said()))
		}
	}
	t.Logf("%d rounds, %d names looked at, nothing lost, nothing stuck", rounds, names)
}

// played is an issuer that plays a script.
func played(script string) map[string]any {
	return map[string]any{"provider": "Test", "credentials": map[string]any{"account_id": script}}
}

// load lets the hands work and kills the server at a random moment.
func load(t *testing.T, p *process.Process, facts *ledger.Ledger, round int) {
	t.Helper()
	brings, err := ledger.Bring()
	must.Do(t, err)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var busy sync.WaitGroup
	for i := range hands {
		h := &ledger.Hand{Server: p, Ledger: facts, Prefix: fmt.Sprintf("r%d-h%d", round, i), Brings: brings, Issuers: []string{"own", "prompt", "slow", "flaky"},
			Renews: "own", Random: mathrand.New(mathrand.NewPCG(uint64(round), uint64(i)))}
		busy.Go(func() { h.Work(ctx) })
	}
	time.Sleep(time.Duration(200+mathrand.IntN(1300)) * time.Millisecond)
	p.Kill()
	stop()
	busy.Wait()
}

// whole asks SQLite whether the file is.
func whole(t *testing.T, folder string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(folder, "certwright.db")+"?mode=ro")
	must.Do(t, err)
	defer db.Close()
	var verdict string
	if err := db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity_check: %s %v", verdict, err)
	}
}

func tail(s string) string {
	return s[max(0, len(s)-3000):]
}
