package server

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"certwright/internal/backup"
	"certwright/internal/config"
	"certwright/internal/folder"
	"certwright/internal/must"
	"certwright/internal/seal"
)

// earlier restores the data folder that an earlier program made, whose row of
// data keys is one wrap and nothing else, and returns a backup of its secret.
func earlier(t *testing.T) (data, blob string) {
	t.Helper()
	packed, err := os.Open("testdata/keyset-1.tar.gz")
	must.Do(t, err)
	defer packed.Close()
	text, err := gzip.NewReader(packed)
	must.Do(t, err)
	archive := filepath.Join(t.TempDir(), "earlier.tar")
	whole, err := io.ReadAll(text)
	must.Do(t, err)
	must.Do(t, os.WriteFile(archive, whole, 0o600))
	data = filepath.Join(t.TempDir(), "data")
	must.Do(t, os.Mkdir(data, 0o700))
	_, err = backup.Restore(t.Context(), backup.Restoration{From: archive, Data: data})
	must.Do(t, err)
	b, err := os.ReadFile("testdata/keyset-1-blob.json")
	must.Do(t, err)
	return data, string(b)
}

func withKEKs(t *testing.T, data string, keks ...seal.KEKSettings) config.Config {
	t.Helper()
	return config.Config{Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0", Data: data, Keyset: seal.Settings{KEKs: keks}}
}

func fileKEK(path string) seal.KEKSettings {
	return seal.KEKSettings{Kind: "file", Settings: &seal.FileSettings{Path: path}}
}

func begin(t *testing.T, c config.Config) *Server {
	t.Helper()
	s, err := Start(t.Context(), c, Options{})
	must.Do(t, err)
	return s
}

const bearer, version = "Bearer x", "?api-version=7.4"

// api asks for something of a vault, and returns the answer's JSON.
func onVault(t *testing.T, s *Server, vault, method, path, body string) (status int, said map[string]any) {
	t.Helper()
	got := ask(t, client(t, s), method, s.Ready.IPURL+path+version, body, "Authorization", bearer, "Host", vault+".vault.localhost")
	if err := json.Unmarshal([]byte(got.body), &said); err != nil {
		t.Fatalf("%s %s: %d %q", method, path, got.status, got.body)
	}
	return got.status, said
}

func holdsSecret(t *testing.T, s *Server, vault, name, want string) {
	t.Helper()
	if status, said := onVault(t, s, vault, "GET", "/secrets/"+name, ""); status != http.StatusOK || said["value"] != want {
		t.Errorf("secret %s of %s: %d %v", name, vault, status, said)
	}
}

// What an earlier program left opens: its data keys, its values, and its backups
// also when the keyset file that they were made under is gone.
func TestKeysOfAnEarlierProgram(t *testing.T) {
	t.Parallel()
	const plain = "sealed by an earlier program"
	data, blob := earlier(t)
	s := begin(t, withKEKs(t, data))
	holdsSecret(t, s, "default", "old", plain)
	if status, said := onVault(t, s, "one", "POST", "/secrets/restore", blob); status != http.StatusOK {
		t.Errorf("restore: %d %v", status, said)
	}
	holdsSecret(t, s, "one", "old", plain)
	stop(t, s)

	old, fresh := filepath.Join(data, folder.KeysetFile), filepath.Join(t.TempDir(), "fresh.json")
	must.Do(t, seal.MakeFile(fresh))
	rewrapped(t, withKEKs(t, data, fileKEK(fresh), fileKEK(old)))
	rewrapped(t, withKEKs(t, data, fileKEK(fresh)))
	must.Do(t, os.Remove(old))
	s = begin(t, withKEKs(t, data, fileKEK(fresh)))
	defer stop(t, s)
	if status, said := onVault(t, s, "two", "POST", "/secrets/restore", blob); status != http.StatusOK {
		t.Errorf("restore without the old file: %d %v", status, said)
	}
	holdsSecret(t, s, "two", "old", plain)
}

// rewrapped wraps the data keys by those of a configuration, with no server there.
func rewrapped(t *testing.T, c config.Config) {
	t.Helper()
	keys := openKeys(t, c)
	must.Do(t, keys.Rewrap(t.Context()))
	must.Do(t, keys.Close())
}

func openKeys(t *testing.T, c config.Config) *Keys {
	t.Helper()
	keys, err := OpenKeys(t.Context(), c, slog.New(slog.DiscardHandler))
	must.Do(t, err)
	return keys
}

// A change of the data key that is cut short after any of its steps goes on, and
// at its end all is under the new key and readable.
func TestRotateCutShortAnywhere(t *testing.T) {
	t.Parallel()
	for steps := range 6 {
		t.Run(fmt.Sprint("after step ", steps), func(t *testing.T) {
			t.Parallel()
			data, _ := earlier(t)
			c := withKEKs(t, data)
			keys := openKeys(t, c)
			old := keys.keeper.keys.Primary()
			must.Do(t, keys.keeper.Rotate(t.Context()))
			for range steps {
				_, err := keys.keeper.step(t.Context())
				must.Do(t, err)
			}
			must.Do(t, keys.Close()) // as a kill would have it: a step is one write, or a pass that keeps its place
			keys = openKeys(t, c)
			if steps > 3 {
				must.Do(t, keys.Close())
			} else {
				must.Do(t, keys.Rotate(t.Context()))
				must.Do(t, keys.Close())
			}
			keys = openKeys(t, c)
			status, err := keys.Status(t.Context())
			must.Do(t, err)
			must.Do(t, keys.Close())
			primary := status.Keys[len(status.Keys)-1]
			if status.Change != "none" || len(status.Keys) != 2 || status.Keys[0].State != "retired" || primary.State != "primary" || primary.ID == old {
				t.Fatalf("%+v", status)
			}
			if status.Values[old] != 0 || status.Values[primary.ID] < 5 {
				t.Errorf("values %v", status.Values)
			}
			s := begin(t, c)
			defer stop(t, s)
			holdsSecret(t, s, "default", "old", "sealed by an earlier program")
			if altered := s.store.Altered(); altered != 0 {
				t.Errorf("%d rows are taken for altered", altered)
			}
		})
	}
}

// A running server changes its data key when the side door says so, and serves
// meanwhile; the next change destroys what the last retired.
func TestRotateWhileServing(t *testing.T) {
	t.Parallel()
	s := run(t)
	if status, said := onVault(t, s, "web", "PUT", "/secrets/a", `{"value":"before"}`); status != 200 {
		t.Fatalf("%d %v", status, said)
	}
	first := s.seal.Primary()
	if got := ask(t, http.DefaultClient, "POST", s.Ready.HTTPURL+"/admin/keyset/rotate", ""); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	for until := time.Now().Add(time.Minute); s.seal.Primary() == first; {
		if time.Now().After(until) {
			t.Fatal("the new key is not used")
		}
		_, err := s.keeper.step(t.Context()) // what its own does as well
		must.Do(t, err)
	}
	holdsSecret(t, s, "web", "a", "before")
	if status, said := onVault(t, s, "web", "PUT", "/secrets/b", `{"value":"after"}`); status != 200 {
		t.Fatalf("%d %v", status, said)
	}
	if state, _ := s.seal.State(); state != seal.Resealing {
		t.Errorf("the old key is retired while values may be on their way: %v", state)
	}
	k := s.newKeeper()
	k.grace = 0
	for range 3 {
		_, err := k.step(t.Context())
		must.Do(t, err)
	}
	if state, _ := s.seal.State(); state != seal.Rests {
		t.Errorf("the old key is not retired: %v", state)
	}
	holdsSecret(t, s, "web", "a", "before")
	holdsSecret(t, s, "web", "b", "after")
	must.Do(t, k.Rotate(t.Context()))
	if keys := s.seal.Status().Keys; len(keys) != 2 || keys[0].ID == first {
		t.Errorf("what was retired is not destroyed: %+v", keys)
	}
	if got := ask(t, http.DefaultClient, "GET", s.Ready.HTTPURL+"/metrics", ""); !strings.Contains(got.body, `certwright_sealed_values{key="`) {
		t.Error("the metrics do not show the keys")
	}
}

// identity is a program that wraps nothing, for as long as no file down is there.
func identity(t *testing.T) (kek seal.KEKSettings, down string) {
	t.Helper()
	if _, err := os.Stat("/bin/sh"); err != nil {
		t.Skip("there is no shell to play a program with")
	}
	dir := t.TempDir()
	script, down := filepath.Join(dir, "kms.sh"), filepath.Join(dir, "down")
	must.Do(t, os.WriteFile(script, []byte("#!/bin/sh\n[ -e \"$1\" ] && { echo the network is gone >&2; exit 1; }\n"+`sed 's/.*"data":"\([^"]*\)".*/{"data":"\1"}/'`+"\n"), 0o700))
	return seal.KEKSettings{Kind: "exec", Settings: &seal.ExecSettings{Command: []string{"/bin/sh", script, down}, Name: "kms"}}, down
}

// A key-encryption key that cannot be used keeps a server from starting until it
// can, and one that runs from nothing but changes of keys.
func TestKEKThatIsDown(t *testing.T) {
	t.Parallel()
	kek, down := identity(t)
	c := withKEKs(t, filepath.Join(t.TempDir(), "data"), kek)
	s := begin(t, c)
	if status, said := onVault(t, s, "web", "PUT", "/secrets/a", `{"value":"v"}`); status != 200 {
		t.Fatalf("%d %v", status, said)
	}
	must.Do(t, os.WriteFile(down, nil, 0o600))
	holdsSecret(t, s, "web", "a", "v")
	status, said := onVault(t, s, "web", "POST", "/secrets/a/backup", "")
	if status != 200 {
		t.Errorf("backup: %d %v", status, said)
	}
	if status, said := onVault(t, s, "other", "POST", "/secrets/restore", fmt.Sprintf(`{"value":%q}`, said["value"])); status != 200 {
		t.Errorf("restore: %d %v", status, said)
	}
	for _, what := range []string{"rotate", "rewrap"} {
		if got := ask(t, http.DefaultClient, "POST", s.Ready.HTTPURL+"/admin/keyset/"+what, ""); got.status != http.StatusConflict || !strings.Contains(got.body, "the network is gone") {
			t.Errorf("%s: %d %s", what, got.status, got.body)
		}
	}
	holdsSecret(t, s, "other", "a", "v")
	stop(t, s)

	if _, err := os.Stat(filepath.Join(c.Data, folder.KeysetFile)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a keyset file was made: %v", err)
	}
	var said2 strings.Builder
	ctx, end := context.WithCancel(t.Context())
	_, err := Start(ctx, c, Options{Log: slog.New(slog.NewTextHandler(hook{&said2, end}, nil))})
	if !errors.Is(err, seal.ErrUnavailable) || !strings.Contains(said2.String(), "sealed: ") || !strings.Contains(said2.String(), "the network is gone") {
		t.Errorf("the start: %v; it said %s", err, said2.String())
	}
	if _, err := os.Stat(filepath.Join(c.Data, folder.KeysetFile)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a keyset file was made: %v", err)
	}
	c.HTTP = freeAddress(t)
	var before []string // asked of the side door while the start waits
	s, err = Start(t.Context(), c, Options{Waiting: func(why string, again time.Duration) {
		before = append(before, why)
		if len(before) < 2 { // the listener comes after the first word
			return
		}
		for path, want := range map[string]int{"/healthz": 200, "/readyz": 503, "/metrics": 503} {
			if got := ask(t, http.DefaultClient, "GET", "http://"+c.HTTP+path, ""); got.status != want || path == "/readyz" && !strings.Contains(got.body, "sealed") {
				t.Errorf("%s while sealed: %d %s", path, got.status, got.body)
			}
		}
		must.Do(t, os.Remove(down))
	}})
	must.Do(t, err)
	defer stop(t, s)
	if len(before) != 2 || !strings.Contains(before[0], "sealed: ") || !strings.Contains(before[0], "the network is gone") {
		t.Errorf("said %q", before)
	}
	holdsSecret(t, s, "web", "a", "v")
	if got := ask(t, http.DefaultClient, "GET", "http://"+c.HTTP+"/readyz", ""); got.status != 200 {
		t.Errorf("/readyz afterwards: %d", got.status)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must.Do(t, err)
	defer l.Close()
	return l.Addr().String()
}

// A hook writes, and ends what waits.
type hook struct {
	to  *strings.Builder
	end context.CancelFunc
}

func (h hook) Write(p []byte) (int, error) {
	if strings.Contains(string(p), "sealed: ") {
		h.end()
	}
	return h.to.Write(p)
}

// The time between two tries grows to half a minute, and the first that works ends it.
func TestPatiently(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &storage{log: slog.New(slog.DiscardHandler)}
		began, tries := time.Now(), 0
		must.Do(t, s.patiently(t.Context(), func() error {
			if tries++; tries < 8 {
				return fmt.Errorf("down: %w", seal.ErrUnavailable)
			}
			return nil
		}))
		if took := time.Since(began); took != (1+2+4+8+16+30+30)*time.Second {
			t.Errorf("%d tries took %v", tries, took)
		}
		if err := s.patiently(t.Context(), func() error { return seal.ErrForeign }); !errors.Is(err, seal.ErrForeign) {
			t.Errorf("what does not pass: %v", err)
		}
	})
}
