package seal_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"certwright/internal/files"
	"certwright/internal/must"
	"certwright/internal/seal"
	"certwright/internal/store/sqlstore"
	"certwright/internal/vault"
)

// folder returns the path of a keyset file that is not there, and a new database.
func folder(t *testing.T) (string, *sqlstore.Store) {
	t.Helper()
	dir := t.TempDir()
	s, err := sqlstore.Open(t.Context(), filepath.Join(dir, "certwright.db"))
	must.Do(t, err)
	t.Cleanup(func() { s.Close() })
	return filepath.Join(dir, "keyset.json"), s
}

func open(t *testing.T, store vault.Store, path string, wantCreated bool) *seal.Keyset {
	t.Helper()
	k, created, err := seal.Open(t.Context(), store, path)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	if created != wantCreated {
		t.Errorf("created %v, want %v", created, wantCreated)
	}
	return k
}

// keysIn returns the keys as the file spells them.
func keysIn(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	must.Do(t, err)
	keys := []string{}
	for _, m := range regexp.MustCompile(`"value": *"([^"]+)"`).FindAllStringSubmatch(string(text), -1) {
		keys = append(keys, m[1])
	}
	if len(keys) == 0 {
		t.Fatalf("no key found in the keyset file")
	}
	return keys
}

func TestOpenMakesAndFinds(t *testing.T) {
	t.Parallel()
	path, store := folder(t)
	first := open(t, store, path, true)
	stat, err := os.Stat(path)
	must.Do(t, err)
	if mode := stat.Mode().Perm(); mode != 0o600 && runtime.GOOS != "windows" {
		t.Errorf("mode %04o, want 0600", mode)
	}
	sealed, err := first.Seal([]byte(marker), place)
	must.Do(t, err)
	again := open(t, store, path, false)
	if got, err := again.Open(sealed, place); err != nil || string(got) != marker {
		t.Errorf("after a restart: %q, %v", got, err)
	}
	left, err := filepath.Glob(path + "?*")
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		spoil func(t *testing.T, path string)
		want  error
		hint  string
	}{
		{"lost", func(t *testing.T, path string) { os.Remove(path) }, seal.ErrLost, "from a backup"},
		{"another database's", func(t *testing.T, path string) {
			other, store := folder(t)
			open(t, store, other, true)
			os.Rename(other, path)
		}, seal.ErrForeign, "another database"},
		{"readable by the group", func(t *testing.T, path string) { os.Chmod(path, 0o640) }, files.ErrExposed, "chmod 600"},
		{"readable by all", func(t *testing.T, path string) { os.Chmod(path, 0o604) }, files.ErrExposed, "chmod 600"},
		{"executable", func(t *testing.T, path string) { os.Chmod(path, 0o700) }, files.ErrExposed, "chmod 600"},
		{"empty", func(t *testing.T, path string) { os.Truncate(path, 0) }, seal.ErrMalformed, "from a backup"},
		{"cut short", func(t *testing.T, path string) { os.Truncate(path, 100) }, seal.ErrMalformed, "from a backup"},
		{"no keyset", func(t *testing.T, path string) { os.WriteFile(path, []byte("{}"), 0o600) }, seal.ErrMalformed, "from a backup"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.want == files.ErrExposed && runtime.GOOS == "windows" {
				t.Skip("Windows has no such permission bits")
			}
			path, store := folder(t)
			open(t, store, path, true)
			keys := keysIn(t, path)
			tt.spoil(t, path)
			before, _ := os.ReadFile(path)
			_, _, err := seal.Open(t.Context(), store, path)
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if _, hint, ok := strings.Cut(err.Error(), "\nhint: "); !ok || !strings.Contains(hint, tt.hint) {
				t.Errorf("no hint with %q in: %v", tt.hint, err)
			}
			for _, key := range keys {
				if strings.Contains(err.Error(), key) {
					t.Error("the error shows a key")
				}
			}
			if after, _ := os.ReadFile(path); string(after) != string(before) {
				t.Error("Open changed the file that it refused")
			}
		})
	}
}

// A file without a database to it, as after a lost database, opens nothing; where
// a new database is meant, it is used, not replaced.
func TestOpenUsesTheFileForANewDatabase(t *testing.T) {
	t.Parallel()
	path, store := folder(t)
	first := open(t, store, path, true)
	blob, err := first.Backups().Seal([]byte(marker), place)
	must.Do(t, err)
	sealed, err := first.Seal([]byte(marker), place)
	must.Do(t, err)
	_, fresh := folder(t)
	if _, _, err := seal.Open(t.Context(), fresh, path); !errors.Is(err, seal.ErrEmptied) {
		t.Errorf("Open: %v", err)
	}
	second, created, err := seal.Opening{Store: fresh, KEKs: []seal.KEK{seal.NewFile(path)}, New: true}.Open(t.Context())
	if err != nil || created {
		t.Fatalf("Begin: %v, %v", created, err)
	}
	open(t, fresh, path, false)
	if got, err := second.Backups().Open(blob, place); err != nil || string(got) != marker {
		t.Errorf("a backup beside another database: %q, %v", got, err)
	}
	if _, err := second.Open(sealed, place); err == nil {
		t.Error("two databases have the same data key")
	}
}

func TestRotateSurvivesARestart(t *testing.T) {
	t.Parallel()
	path, store := folder(t)
	k := open(t, store, path, true)
	before, err := k.Seal([]byte(marker), place)
	must.Do(t, err)
	for range 2 {
		must.Do(t, k.Rotate(t.Context()))
	}
	after, err := k.Seal([]byte(marker), place)
	must.Do(t, err)
	again := open(t, store, path, false)
	for what, sealed := range map[string]vault.Sealed{"before": before, "after": after} {
		if _, err := again.Open(sealed, place); err != nil {
			t.Errorf("sealed %s the rotation: %v", what, err)
		}
	}
}

// A first start that is killed anywhere is made again, or ended, by the next.
func TestOpenAfterAKilledFirstStart(t *testing.T) {
	t.Parallel()
	path, store := folder(t)
	k := open(t, store, path, true)
	sealed, err := k.Seal([]byte(marker), place)
	must.Do(t, err)
	if err := os.Rename(path, path+".new"); err != nil { // before the file got its name
		t.Fatal(err)
	}
	k = open(t, store, path, false)
	if got, err := k.Open(sealed, place); err != nil || string(got) != marker {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	other, fresh := folder(t)
	if err := os.WriteFile(other+".new", []byte("half"), 0o600); err != nil { // before the database got its keys
		t.Fatal(err)
	}
	open(t, fresh, other, true)
	// what a rotation left is no way around a lost file
	must.Do(t, errors.Join(os.Remove(path), os.Rename(other, path+".new")))
	if _, _, err := seal.Open(t.Context(), store, path); !errors.Is(err, seal.ErrLost) {
		t.Errorf("another keyset under the file's first name: %v", err)
	}
}

// The file is a plain Tink keyset, so that Tink's own tools read it.
func TestFileIsATinkKeyset(t *testing.T) {
	t.Parallel()
	path, store := folder(t)
	open(t, store, path, true)
	text, err := os.ReadFile(path)
	must.Do(t, err)
	var shape struct {
		PrimaryKeyID uint32 `json:"primaryKeyId"`
		Key          []struct {
			KeyData struct {
				TypeURL string `json:"typeUrl"`
			} `json:"keyData"`
		} `json:"key"`
	}
	must.Do(t, json.Unmarshal(text, &shape))
	if shape.PrimaryKeyID == 0 || len(shape.Key) != 1 || !strings.HasSuffix(shape.Key[0].KeyData.TypeURL, "AesGcmKey") {
		t.Errorf("shape %+v", shape)
	}
}
