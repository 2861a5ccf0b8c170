package upgrade

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"certwright/conformance/process"
	"certwright/internal/must"
)

// root is the folder of the repository.
func root(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../..")
	must.Do(t, err)
	return path
}

// this builds the program as it stands.
func this(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("CERTWRIGHT"); path != "" {
		return path
	}
	return process.Build(t)
}

// previous builds the program of the commit that testdata/previous.txt names, out
// of the repository's own objects.
func previous(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("testdata/previous.txt")
	must.Do(t, err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	commit := lines[len(lines)-1]
	git := exec.Command("git", "-C", root(t), "archive", commit)
	var said bytes.Buffer
	git.Stderr = &said
	packed, err := git.Output()
	if err != nil {
		why := fmt.Sprintf("NOT PROVED: the build before this one, %s, is not among the objects of this clone, or git is not there: %v %s", commit, err, said.String())
		if _, none := os.Stat(filepath.Join(root(t), ".git")); none == nil || os.Getenv("CI") == "true" {
			t.Fatal(why + "\nhint: git fetch --unshallow")
		}
		t.Skip(why) // the files of a release, without their history
	}
	folder := t.TempDir()
	must.Do(t, unpack(folder, packed))
	return compile(t, folder)
}

func compile(t *testing.T, folder string, args ...string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "certwright")
	c := exec.Command("go", append(append([]string{"build", "-buildvcs=false"}, args...), "-o", path, "./cmd/certwright")...)
	c.Dir = folder
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("build in %s: %v\n%s", folder, err, out)
	}
	return path
}

func unpack(folder string, packed []byte) error {
	for all := tar.NewReader(bytes.NewReader(packed)); ; {
		h, err := all.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		path := filepath.Join(folder, filepath.FromSlash(h.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		text, err := io.ReadAll(all)
		if err != nil {
			return err
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return err
		}
	}
}

// next builds the program as it may be after this one: its schema has one more
// migration, which adds, and its records one more member at many levels. It
// returns the version of its schema as well.
func next(t *testing.T) (program string, schema int64) {
	t.Helper()
	store := filepath.Join(root(t), "internal", "store")
	folder, replaced := t.TempDir(), map[string]string{}
	put := func(path, text string) {
		to := filepath.Join(folder, fmt.Sprint(len(replaced)))
		must.Do(t, os.WriteFile(to, []byte(text), 0o600))
		replaced[path] = to
	}
	for _, engine := range []string{"postgres", "sqlite"} {
		files, err := filepath.Glob(filepath.Join(store, "sqlstore", "migrations", engine, "*.sql"))
		must.Do(t, err)
		_, err = fmt.Sscanf(filepath.Base(files[len(files)-1]), "%d_", &schema)
		must.Do(t, err)
		put(filepath.Join(store, "sqlstore", "migrations", engine, fmt.Sprintf("%05d_next.sql", schema+1)), fmt.Sprintf(added, schema))
	}
	put(filepath.Join(store, "record", "next.go"), nextRecord)
	for file, structs := range map[string][]string{"object": {"objectRecord"}, "policy": {"policyRecord"}, "operation": {"operationRecord"},
		"schedule": {"scheduleRecord"}, "issuer": {"issuerRecord", "organizationRecord"}, "version": {"keyRecord"}} {
		path := filepath.Join(store, "record", file+".go")
		text, err := os.ReadFile(path)
		must.Do(t, err)
		for _, name := range structs {
			head := "type " + name + " struct {\n"
			if !strings.Contains(string(text), head) {
				t.Fatalf("%s has no %s to add a member to", path, name)
			}
			text = []byte(strings.Replace(string(text), head, head+"\tNext nextRecord `json:\"next\"`\n", 1))
		}
		put(path, string(text))
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replaced})
	must.Do(t, err)
	file := filepath.Join(folder, "overlay.json")
	must.Do(t, os.WriteFile(file, overlay, 0o600))
	return compile(t, root(t), "-overlay", file), schema + 1
}

// added is a migration that adds, of a version that the one before may use.
const added = `-- +goose Up
ALTER TABLE objects ADD COLUMN next TEXT;
ALTER TABLE versions ADD COLUMN next BIGINT NOT NULL DEFAULT 1;
CREATE TABLE nexts (id BIGINT PRIMARY KEY);
INSERT INTO settings (key, value) VALUES ('schema.min_reader', '%d') ON CONFLICT (key) DO UPDATE SET value = excluded.value;
`

// nextRecord is the member that is added: it is always written.
const nextRecord = `package record

type nextRecord struct{}

func (nextRecord) MarshalJSON() ([]byte, error) { return []byte("{\"by\":[\"next\"]}"), nil }

func (*nextRecord) UnmarshalJSON([]byte) error { return nil }
`
