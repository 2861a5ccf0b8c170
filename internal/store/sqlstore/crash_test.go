package sqlstore_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"certwright/internal/store/sqlstore"
	"certwright/internal/store/storetest"
	"certwright/internal/vault"
)

// crashFile names, to a child process, the database to write to; crashRounds,
// to the test, how often to kill it.
const (
	crashFile   = "CERTWRIGHT_CRASH_FILE"
	crashRounds = "CERTWRIGHT_CRASH_ROUNDS"
	crashLines  = 60 // acknowledged rows of a round before the kill
)

// writeUntilKilled writes whole objects from several goroutines, purges a third of
// them again, and prints the name of each that was acknowledged, with a "-"
// before it of one that was purged.
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
				do := func(line string, fn func(vault.Tx) error) {
					if err := s.Update(context.Background(), fn); err != nil {
						fmt.Fprintln(os.Stderr, err)
						os.Exit(1)
					}
					out.Lock()
					fmt.Println(line)
					out.Unlock()
				}
				do(name, func(tx vault.Tx) error { return putWhole(tx, name) })
				if n%3 == 0 {
					do("-"+name, func(tx vault.Tx) error { return errors.Join(storetest.Purge(tx, ref(name)), count(tx, -1)) })
				}
			}
		})
	}
	all.Wait()
}

// wholeVersion is the version that putWhole writes.
func wholeVersion(name string) vault.Version {
	return vault.Version{Ref: ref(name), ID: "1", Certificate: &vault.CertificateBody{Leaf: make([]byte, 1000), Subject: "CN=" + name},
		Key: &vault.KeyBody{Private: make(vault.Sealed, 500)}, Secret: &vault.SecretBody{Value: make(vault.Sealed, 3000)}}
}

// putWhole writes an object with a version, a job and a message in one
// transaction, and counts it.
func putWhole(tx vault.Tx, name string) error {
	o := vault.Object{Ref: ref(name), Latest: "1"}
	o.SetJob(vault.JobIssue, noon)
	errs := []error{tx.PutObject(&o), tx.PutVersion(wholeVersion(name)), tx.Append(vault.Message{Ref: o.Ref}), count(tx, 1)}
	if strings.HasSuffix(name, "6") { // more than a purge removes at once
		for n := range 120 {
			errs = append(errs, tx.PutVersion(vault.Version{Ref: o.Ref, ID: fmt.Sprint("further-", n), Secret: &vault.SecretBody{}}))
		}
	}
	return errors.Join(errs...)
}

// count adds to how many objects there are.
func count(tx vault.Tx, by int) error {
	text, err := tx.Setting("count")
	if err != nil && err != vault.ErrNotFound {
		return err
	}
	n, _ := strconv.Atoi(text)
	return tx.PutSetting("count", strconv.Itoa(n+by))
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
	db := raw(t, path)
	defer db.Close()
	var strays int // what hangs on nothing, and nobody will remove
	if err := db.QueryRow(`SELECT (SELECT count(*) FROM versions WHERE object NOT IN (SELECT id FROM objects UNION SELECT object FROM purged))
+ (SELECT count(*) FROM bodies WHERE id NOT IN (SELECT body FROM versions)) + (SELECT count(*) FROM versions WHERE body NOT IN (SELECT id FROM bodies))`).Scan(&strays); err != nil || strays != 0 {
		t.Errorf("%d versions and bodies without an owner (%v)", strays, err)
	}
	err = s.View(t.Context(), func(r vault.Reader) error {
		purged := map[string]bool{}
		for _, line := range acknowledged {
			name, gone := strings.CutPrefix(line, "-")
			purged[name] = purged[name] || gone
		}
		for name, gone := range purged {
			_, err := r.Object(ref(name))
			if there := err == nil; gone && there || !gone && !there && !maybePurged(name) {
				t.Errorf("acknowledged %s, purged %v: %v", name, gone, err)
			}
		}
		list, err := r.Objects(vault.ObjectsPage{Vault: "web", Kind: vault.Certificates, Limit: 1 << 30})
		if err != nil {
			return err
		}
		for _, e := range list {
			o, err := r.Object(e.Ref)
			if err != nil || !o.Jobs[vault.JobIssue].Equal(noon) {
				t.Errorf("half a transaction: jobs %v of %s: %v", o.Jobs, e.Name, err)
			}
			for _, kind := range []vault.Kind{vault.Certificates, vault.Keys, vault.Secrets} {
				v, err := r.Version(e.Ref.As(kind), "1")
				if diff := cmp.Diff(wholeVersion(e.Name).As(kind), v); diff != "" || err != nil {
					t.Errorf("half a transaction: %s of %s: %v (-want +got):\n%s", e.Name, kind, err, diff)
				}
			}
		}
		if count, err := r.Setting("count"); err != nil || count != strconv.Itoa(len(list)) {
			t.Errorf("counted %s (%v), there are %d", count, err, len(list))
		}
		messages, err := r.Count("", vault.Delivered, 1<<30)
		if err != nil || messages < len(list) {
			t.Errorf("%d messages of %d objects (%v)", messages, len(list), err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// maybePurged reports whether the child may have purged an object when it was
// killed, before it could say so.
func maybePurged(name string) bool {
	n, err := strconv.Atoi(name[strings.LastIndex(name, "-n")+2:])
	return err == nil && n%3 == 0
}
