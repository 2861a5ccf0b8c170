package sqlstore_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"certwright/internal/store/sqlstore"
	"certwright/internal/vault"
)

// crashFile names, to a child process, the database to write to; crashRounds,
// to the test, how often to kill it.
const (
	crashFile   = "CERTWRIGHT_CRASH_FILE"
	crashRounds = "CERTWRIGHT_CRASH_ROUNDS"
	crashLines  = 60 // acknowledged rows of a round before the kill
)

// writeUntilKilled writes whole objects from several goroutines and prints the
// name of each that was acknowledged.
func writeUntilKilled(path string) {
	s, err := sqlstore.Open(context.Background(), path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var out sync.Mutex
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			for n := 0; ; n++ {
				name := fmt.Sprintf("p%d-w%d-n%d", os.Getpid(), w, n)
				if err := s.Update(context.Background(), func(tx vault.Tx) error { return putWhole(tx, name) }); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				out.Lock()
				fmt.Println(name)
				out.Unlock()
			}
		})
	}
	all.Wait()
}

// putWhole writes a head, three versions and a job in one transaction, and counts it.
func putWhole(tx vault.Tx, name string) error {
	for _, kind := range []vault.Kind{vault.Certificates, vault.Keys, vault.Secrets} {
		if _, err := tx.PutObject(vault.Object{Ref: ref(name).As(kind), Latest: "1"}); err != nil {
			return err
		}
		v := vault.Version{Ref: ref(name).As(kind), ID: "1", Secret: &vault.SecretBody{Value: make(vault.Sealed, 3000)}}
		if err := tx.PutVersion(v); err != nil {
			return err
		}
	}
	text, err := tx.Setting("count")
	if err != nil && err != vault.ErrNotFound {
		return err
	}
	count, _ := strconv.Atoi(text)
	if err := tx.PutSetting("count", strconv.Itoa(count+1)); err != nil {
		return err
	}
	return tx.PutJob(vault.Job{Kind: vault.JobIssue, Ref: ref(name), Due: noon})
}

// Killed at any point, the database is whole: what was acknowledged is there,
// and what is there is there with all its parts.
func TestKilledProcessLosesNothing(t *testing.T) {
	t.Parallel()
	rounds := 5
	if n, err := strconv.Atoi(os.Getenv(crashRounds)); err == nil {
		rounds = n
	}
	path := filepath.Join(t.TempDir(), "certwright.db")
	acknowledged := []string{}
	for range rounds {
		acknowledged = append(acknowledged, killedWhileWriting(t, path)...)
		checkWhole(t, path, acknowledged)
	}
	if len(acknowledged) < rounds*crashLines {
		t.Errorf("only %d rows were acknowledged", len(acknowledged))
	}
}

// killedWhileWriting runs the child, kills it once it has written some, and
// returns what it acknowledged.
func killedWhileWriting(t *testing.T, path string) []string {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), crashFile+"="+path)
	var talk strings.Builder
	child.Stderr = &talk
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	names := []string{}
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil { // a line cut off is not an acknowledgement
			break
		}
		names = append(names, strings.TrimSpace(line))
		if len(names) == crashLines {
			if err := child.Process.Kill(); err != nil {
				t.Error(err)
			}
		}
	}
	child.Wait()
	if talk.Len() > 0 || len(names) < crashLines {
		t.Fatalf("the child ended by itself after %d rows: %s", len(names), talk.String())
	}
	return names
}

func checkWhole(t *testing.T, path string, acknowledged []string) {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), path)
	if err != nil {
		t.Fatalf("Open after a kill: %v", err)
	}
	defer s.Close()
	if err := s.IntegrityCheck(t.Context()); err != nil {
		t.Error(err)
	}
	err = s.View(t.Context(), func(r vault.Reader) error {
		for _, name := range acknowledged {
			if _, err := r.Object(ref(name)); err != nil {
				t.Errorf("acknowledged %s: %v", name, err)
			}
		}
		list, err := r.Objects(vault.ObjectsPage{Vault: "web", Kind: vault.Certificates, Limit: 1 << 30})
		if err != nil {
			return err
		}
		for _, e := range list {
			for _, kind := range []vault.Kind{vault.Certificates, vault.Keys, vault.Secrets} {
				if v, err := r.Version(e.Ref.As(kind), "1"); err != nil || len(v.Secret.Value) != 3000 {
					t.Errorf("half a transaction: %s %s: %v", e.Name, kind, err)
				}
			}
			if _, err := r.Job(vault.JobIssue, e.Ref); err != nil {
				t.Errorf("half a transaction: job of %s: %v", e.Name, err)
			}
		}
		if count, err := r.Setting("count"); err != nil || count != strconv.Itoa(len(list)) {
			t.Errorf("counted %s (%v), there are %d", count, err, len(list))
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
