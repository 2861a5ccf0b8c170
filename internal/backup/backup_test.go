package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"certwright/internal/account"
	"certwright/internal/must"
	"certwright/internal/seal"
	"certwright/internal/store/sqlstore"
	"certwright/internal/trust"
	"certwright/internal/vault"
)

// newFolder makes a data folder as a server does, with a sealed row, and
// returns the store, which is open until the test's end.
func newFolder(t *testing.T) (data string, store *sqlstore.Store) {
	t.Helper()
	data = t.TempDir()
	store, err := sqlstore.Open(context.Background(), filepath.Join(data, sqlstore.File))
	must.Do(t, err)
	t.Cleanup(func() { store.Close() })
	write(t, data, store, "sealed", 0)
	if _, err := trust.Open(data); err != nil {
		t.Fatal(err)
	}
	return data, store
}

func write(t *testing.T, data string, store vault.Store, text string, rev int64) {
	t.Helper()
	k, _, err := seal.Open(t.Context(), store, filepath.Join(data, seal.File))
	if err == nil {
		err = account.Book{Store: store, Sealer: k}.Write(t.Context(), "test", []byte(text), rev)
	}
	must.Do(t, err)
}

// sealedIn opens the row in a data folder.
func sealedIn(t *testing.T, data string) string {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), filepath.Join(data, sqlstore.File))
	must.Do(t, err)
	defer store.Close()
	k, _, err := seal.Open(t.Context(), store, filepath.Join(data, seal.File))
	must.Do(t, err)
	text, _, err := account.Book{Store: store, Sealer: k}.Read(t.Context(), "test")
	must.Do(t, err)
	return string(text)
}

func take(t *testing.T, r Request) Report {
	t.Helper()
	if r.To == "" {
		r.To = t.TempDir()
	}
	made, err := Take(t.Context(), r)
	must.Do(t, err)
	return made
}

func list(t *testing.T, dir string) (names []string) {
	t.Helper()
	all, err := os.ReadDir(dir)
	must.Do(t, err)
	for _, f := range all {
		names = append(names, f.Name())
	}
	return names
}

func modeOf(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	must.Do(t, err)
	return info.Mode().Perm()
}

// A backup has what was acknowledged before it, and nothing that came after it.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	data, store := newFolder(t)
	backups := t.TempDir()
	told := map[string]bool{}
	made := take(t, Request{Data: data, To: backups, WithKeyset: true, Program: "1.2", Progress: func(doing string, part, whole float64) {
		told[doing] = part <= whole
	}})
	write(t, data, store, "later", 1)
	if !made.Keyset || !made.Opened || made.Schema == 0 || len(made.Missing) > 0 || modeOf(t, made.File) != 0o600 || !slices.Equal(list(t, backups), []string{filepath.Base(made.File)}) {
		t.Errorf("%+v, mode %o, %v", made, modeOf(t, made.File), list(t, backups))
	}
	if fmt.Sprint(told) != "map[copying:true reading back:true writing:true]" {
		t.Errorf("told %v", told)
	}
	to := t.TempDir()
	done, err := Restore(t.Context(), Restoration{From: made.File, Data: to})
	if err != nil || !done.Keyset || !done.Opened || !done.Made.Equal(made.Made) || done.Aside != "" {
		t.Fatalf("%+v, %v", done, err)
	}
	if got := list(t, to); !slices.Equal(got, []string{ManifestFile, trust.KeyFile, trust.CAFile, sqlstore.File, seal.File}) {
		t.Errorf("restored %v", got)
	}
	for name, want := range map[string]fs.FileMode{trust.KeyFile: 0o600, trust.CAFile: 0o644, sqlstore.File: 0o600, seal.File: 0o600} {
		if got := modeOf(t, filepath.Join(to, name)); got != want {
			t.Errorf("%s has mode %o", name, got)
		}
	}
	for _, name := range []string{trust.KeyFile, trust.CAFile, seal.File} {
		a, err := os.ReadFile(filepath.Join(data, name))
		b, err2 := os.ReadFile(filepath.Join(to, name))
		if !bytes.Equal(a, b) || err != nil || err2 != nil {
			t.Errorf("%s differs (%v, %v)", name, err, err2)
		}
	}
	if got := sealedIn(t, to); got != "sealed" {
		t.Errorf("the row says %q", got)
	}
	if at, err := Restored(to); err != nil || !at.Equal(made.Made) {
		t.Errorf("restored from %v, %v", at, err)
	}
	if _, err := Restored(to); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("said a second time: %v", err)
	}
}

// Without the keyset a backup is restored all the same, and it is said.
func TestKeysetApart(t *testing.T) {
	t.Parallel()
	data, _ := newFolder(t)
	other, _ := newFolder(t)
	made := take(t, Request{Data: data})
	if made.Keyset || !made.Opened {
		t.Errorf("%+v", made)
	}
	if text, err := os.ReadFile(made.File); err != nil || bytes.Contains(text, []byte("primaryKeyId")) {
		t.Errorf("the keyset is in it (%v)", err)
	}
	to := t.TempDir()
	if done, err := Restore(t.Context(), Restoration{From: made.File, Data: to}); err != nil || done.Keyset || done.Opened {
		t.Errorf("%+v, %v", done, err)
	}
	to = t.TempDir()
	_, err := Restore(t.Context(), Restoration{From: made.File, Data: to, Keyset: filepath.Join(other, seal.File)})
	if !errors.Is(err, seal.ErrForeign) || len(list(t, to)) > 0 {
		t.Errorf("with another's keyset: %v, %v", err, list(t, to))
	}
	if done, err := Restore(t.Context(), Restoration{From: made.File, Data: to, Keyset: filepath.Join(data, seal.File)}); err != nil || !done.Opened {
		t.Errorf("with its own: %+v, %v", done, err)
	}
	if got := sealedIn(t, to); got != "sealed" {
		t.Errorf("the row says %q", got)
	}

	to = t.TempDir() // a keyset that waits for its database
	text, err := os.ReadFile(filepath.Join(data, seal.File))
	if err == nil {
		err = os.WriteFile(filepath.Join(to, seal.File), text, 0o600)
	}
	must.Do(t, err)
	if done, err := Restore(t.Context(), Restoration{From: made.File, Data: to}); err != nil || !done.Opened || sealedIn(t, to) != "sealed" {
		t.Errorf("%+v, %v", done, err)
	}
}

// What is in the folder stays as it is, or is put aside whole.
func TestRestoreOverData(t *testing.T) {
	t.Parallel()
	data, _ := newFolder(t)
	made := take(t, Request{Data: data, WithKeyset: true})
	to, store := newFolder(t) // with rows in its log
	write(t, to, store, "theirs", 1)
	before := list(t, to)
	_, err := Restore(t.Context(), Restoration{From: made.File, Data: to})
	if err == nil || !strings.Contains(err.Error(), "is not empty") || !slices.Equal(list(t, to), before) {
		t.Fatalf("%v, %v", err, list(t, to))
	}
	done, err := Restore(t.Context(), Restoration{From: made.File, Data: to, Replace: true})
	if err != nil || filepath.Dir(done.Aside) != to || modeOf(t, done.Aside) != 0o700 {
		t.Fatalf("%+v, %v", done, err)
	}
	if got := list(t, to); !slices.Equal(got, []string{ManifestFile, trust.KeyFile, trust.CAFile, sqlstore.File, seal.File, filepath.Base(done.Aside)}) {
		t.Errorf("in the folder is %v", got)
	}
	if got := sealedIn(t, to); got != "sealed" {
		t.Errorf("restored, the row says %q", got)
	}
	if got := sealedIn(t, done.Aside); got != "theirs" {
		t.Errorf("aside, the row says %q", got)
	}
}

// A backup that is not whole, or not a backup, changes nothing.
func TestDamagedBackups(t *testing.T) {
	t.Parallel()
	data, _ := newFolder(t)
	whole, err := os.ReadFile(take(t, Request{Data: data, WithKeyset: true}).File)
	must.Do(t, err)
	spoiled := map[string][]byte{"empty": nil, "another file": []byte(strings.Repeat("no backup ", 1000))}
	for n := range 20 {
		at := len(whole) * n / 20
		spoiled[fmt.Sprintf("cut at %d", at)] = whole[:at]
	}
	for _, at := range []int{512 + 10, len(whole) / 2, bytes.Index(whole, []byte(`"schema"`)) + 12} {
		flipped := bytes.Clone(whole)
		flipped[at] ^= 1
		spoiled[fmt.Sprintf("another bit at %d", at)] = flipped
	}
	spoiled["a path"] = archiveOf(t, &tar.Header{Typeflag: tar.TypeReg, Name: "../" + sqlstore.File, Mode: 0o600})
	spoiled["a link"] = archiveOf(t, &tar.Header{Typeflag: tar.TypeSymlink, Name: sqlstore.File, Linkname: "/etc/passwd"})
	spoiled["twice"] = archiveOf(t, &tar.Header{Typeflag: tar.TypeReg, Name: sqlstore.File}, &tar.Header{Typeflag: tar.TypeReg, Name: sqlstore.File})
	spoiled["no database"] = archiveOf(t, &tar.Header{Typeflag: tar.TypeReg, Name: ManifestFile})
	for name, text := range spoiled {
		from, to := filepath.Join(t.TempDir(), "b.tar"), t.TempDir()
		must.Do(t, os.WriteFile(from, text, 0o600))
		_, err := Restore(t.Context(), Restoration{From: from, Data: to})
		if !errors.Is(err, ErrDamaged) && !strings.Contains(fmt.Sprint(err), "newer program") || len(list(t, to)) > 0 {
			t.Errorf("%s: %v, %v", name, err, list(t, to))
		}
	}
}

func archiveOf(t *testing.T, headers ...*tar.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, h := range headers {
		must.Do(t, w.WriteHeader(h))
	}
	must.Do(t, w.Close())
	return out.Bytes()
}

// A backup that cannot be made leaves nothing behind, and no file is written over.
func TestTakeRefuses(t *testing.T) {
	t.Parallel()
	data, _ := newFolder(t)
	backups := t.TempDir()
	there := filepath.Join(backups, "there.tar")
	must.Do(t, os.WriteFile(there, []byte("mine"), 0o600))
	ended, end := context.WithCancel(t.Context())
	end()
	for name, c := range map[string]struct {
		ctx  context.Context
		r    Request
		want string
	}{
		"over a file": {t.Context(), Request{Data: data, To: there}, "there already"},
		"no data":     {t.Context(), Request{Data: backups, To: backups}, "is not there\nhint: "},
		"no folder":   {t.Context(), Request{Data: data, To: filepath.Join(backups, "a", "b")}, "make the backup: "},
		"ended":       {ended, Request{Data: data, To: backups}, "context canceled"},
	} {
		if _, err := Take(c.ctx, c.r); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := list(t, backups); !slices.Equal(got, []string{"there.tar"}) {
		t.Errorf("left %v", got)
	}
	must.Do(t, os.Remove(filepath.Join(data, seal.File)))
	if _, err := Take(t.Context(), Request{Data: data, To: backups, WithKeyset: true}); err == nil || !strings.Contains(err.Error(), "keyset.json is not there") {
		t.Errorf("with a keyset that is gone: %v", err)
	}
	if made, err := Take(t.Context(), Request{Data: data, To: backups}); err != nil || made.Opened {
		t.Errorf("without it: %+v, %v", made, err)
	}
}

// Beside a keyset that does not open it, a database is no backup.
func TestTakeBesideAnotherKeyset(t *testing.T) {
	t.Parallel()
	data, _ := newFolder(t)
	other, _ := newFolder(t)
	text, err := os.ReadFile(filepath.Join(other, seal.File))
	if err == nil {
		err = os.WriteFile(filepath.Join(data, seal.File), text, 0o600)
	}
	must.Do(t, err)
	if _, err := Take(t.Context(), Request{Data: data, To: t.TempDir()}); !errors.Is(err, seal.ErrForeign) {
		t.Errorf("%v", err)
	}
}

// The TLS authority is not worth losing a backup for.
func TestTakeWithoutTheAuthority(t *testing.T) {
	t.Parallel()
	data, _ := newFolder(t)
	must.Do(t, os.Remove(filepath.Join(data, trust.CAFile)))
	made := take(t, Request{Data: data, WithKeyset: true})
	if !slices.Equal(made.Missing, []string{trust.CAFile}) {
		t.Errorf("%+v", made)
	}
	to := t.TempDir()
	if _, err := Restore(t.Context(), Restoration{From: made.File, Data: to}); err != nil || sealedIn(t, to) != "sealed" {
		t.Errorf("%v", err)
	}
}

// What reads an archive ends with the context.
func TestUnpackEnds(t *testing.T) {
	t.Parallel()
	ended, end := context.WithCancel(t.Context())
	end()
	_, err := unpack(ended, strings.NewReader(strings.Repeat("x", 4096)), func(int64) {}, func(string, io.Reader) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// One that is ended while it works leaves nothing either.
func TestTakeEnds(t *testing.T) {
	t.Parallel()
	data, _ := newFolder(t)
	for _, at := range []string{"copying", "writing", "reading back"} {
		backups := t.TempDir()
		ctx, end := context.WithCancel(t.Context())
		_, err := Take(ctx, Request{Data: data, To: backups, Progress: func(doing string, _, _ float64) {
			if doing == at {
				end()
			}
		}})
		if !errors.Is(err, context.Canceled) || len(list(t, backups)) > 0 {
			t.Errorf("ended while %s: %v, left %v", at, err, list(t, backups))
		}
		end()
	}
}

// What a killed backup or restore left is removed: there may be keys in it.
func TestLeftOvers(t *testing.T) {
	t.Parallel()
	data, _ := newFolder(t)
	backups, to := t.TempDir(), t.TempDir()
	old, fresh, theirs := filepath.Join(backups, workPrefix+"1"), filepath.Join(backups, workPrefix+"2"), filepath.Join(backups, "mine")
	for _, dir := range []string{old, fresh, theirs, filepath.Join(to, restorePrefix+"1")} {
		must.Do(t, os.Mkdir(dir, 0o700))
	}
	for _, dir := range []string{old, theirs} {
		must.Do(t, os.Chtimes(dir, time.Time{}, time.Now().Add(-2*leftOver)))
	}
	made := take(t, Request{Data: data, To: backups, WithKeyset: true})
	if got := list(t, backups); !slices.Equal(got, []string{filepath.Base(fresh), filepath.Base(made.File), "mine"}) {
		t.Errorf("there is %v", got)
	}
	if _, err := Restore(t.Context(), Restoration{From: made.File, Data: to}); err != nil || sealedIn(t, to) != "sealed" {
		t.Errorf("%v", err)
	}
}

// The folder of a server that was killed, with a log that nobody wrote back.
func TestTakeAfterAKill(t *testing.T) {
	t.Parallel()
	data, store := newFolder(t)
	write(t, data, store, "in the log", 1)
	killed := t.TempDir() // as the disk is while the store is open
	for _, name := range list(t, data) {
		text, err := os.ReadFile(filepath.Join(data, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(killed, name), text, modeOf(t, filepath.Join(data, name)))
		}
		must.Do(t, err)
	}
	before := list(t, killed)
	made := take(t, Request{Data: killed, WithKeyset: true})
	to := t.TempDir()
	if _, err := Restore(t.Context(), Restoration{From: made.File, Data: to}); err != nil {
		t.Fatal(err)
	}
	if got := sealedIn(t, to); got != "in the log" {
		t.Errorf("the row says %q", got)
	}
	if !slices.Equal(list(t, killed), before) {
		t.Errorf("the folder has %v", list(t, killed))
	}
}
