package server

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"certwright/internal/clientenv"
	"certwright/internal/config"
	"certwright/internal/folder"
	"certwright/internal/must"
)

func TestSecondStartKeepsEverything(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "new", "data")
	s := startIn(t, data, Options{})
	token := []string{"Authorization", "Bearer x"}
	ask(t, client(t, s), "POST", s.Ready.IPURL+"/certificates/web/create?api-version=7.4", createSelf, token...)
	before := ask(t, client(t, s), "GET", s.Ready.IPURL+"/certificates/web/?api-version=7.4", "", token...)
	stop(t, s)
	files := keptFiles(t, data)
	s = startIn(t, data, Options{})
	defer stop(t, s)
	if diff := cmp.Diff(files, keptFiles(t, data)); diff != "" {
		t.Errorf("files changed (-before +after):\n%s", diff)
	}
	after := ask(t, client(t, s), "GET", s.Ready.IPURL+"/certificates/web/?api-version=7.4", "", token...)
	port := regexp.MustCompile(`127\.0\.0\.1:\d+`)
	if a, b := port.ReplaceAllString(before.body, ""), port.ReplaceAllString(after.body, ""); after.status != 200 || a != b {
		t.Errorf("certificate before\n%s\nafter\n%s", a, b)
	}
}

// keptFiles reads what a restart must not change.
func keptFiles(t *testing.T, data string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, name := range []string{"ca.pem", "ca-key.pem", "ca-bundle.pem", "truststore.p12", folder.IssuingCAFile, folder.KeysetFile} {
		b, err := os.ReadFile(filepath.Join(data, name))
		must.Do(t, err)
		found[name] = string(b)
	}
	return found
}

func TestFilesArePrivate(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	s := startIn(t, data, Options{})
	defer stop(t, s)
	for name, want := range map[string]fs.FileMode{
		".": 0o700, "ca-key.pem": 0o600, folder.KeysetFile: 0o600, folder.DatabaseFile: 0o600, folder.LockFile: 0o600, clientenv.RunFile: 0o600,
		"ca.pem": 0o644, "ca-bundle.pem": 0o644, "truststore.p12": 0o644, folder.IssuingCAFile: 0o644,
	} {
		info, err := os.Stat(filepath.Join(data, name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, mode %v, want %v", name, err, info.Mode().Perm(), want)
		}
	}
}

func TestSecondServerIsRefused(t *testing.T) {
	t.Parallel()
	s := run(t)
	_, err := Start(t.Context(), config.Config{Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0", Data: s.Ready.Data}, Options{})
	want := fmt.Sprintf("the data folder %s is in use by process %d\nhint: ", s.Ready.Data, os.Getpid())
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Fatalf("got %v, want %s", err, want)
	}
	if r, err := clientenv.ReadRun(s.Ready.Data); err != nil || r != s.Ready {
		t.Errorf("the refused server changed run.json: %+v, %v", r, err)
	}
	if got := ask(t, client(t, s), "GET", s.Ready.HTTPURL+"/readyz", ""); got.status != 200 {
		t.Errorf("the first server: %d", got.status)
	}
}

func TestEphemeralLeavesNothing(t *testing.T) {
	t.Parallel()
	s, err := Start(t.Context(), config.Config{Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0", Ephemeral: true, Data: "/nowhere/at/all"}, Options{})
	must.Do(t, err)
	if info, err := os.Stat(s.Ready.Data); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, mode %v", err, info.Mode())
	}
	stop(t, s)
	if _, err := os.Stat(s.Ready.Data); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is left: %v", err)
	}
}

func TestKeysetOfAnotherServer(t *testing.T) {
	t.Parallel()
	one, two := t.TempDir(), t.TempDir()
	stop(t, startIn(t, one, Options{}))
	stop(t, startIn(t, two, Options{}))
	foreign, err := os.ReadFile(filepath.Join(two, folder.KeysetFile))
	must.Do(t, err)
	must.Do(t, os.WriteFile(filepath.Join(one, folder.KeysetFile), foreign, 0o600))
	if _, err := Start(t.Context(), config.Config{Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0", Data: one}, Options{}); err == nil || !strings.Contains(err.Error(), "\nhint: ") {
		t.Errorf("got %v", err)
	}
}
