package clientenv

import (
	"os"
	"path/filepath"
	"testing"

	"certwright/internal/must"
)

func among(data string) (found Listed, ok bool) {
	for _, l := range Lists() {
		if l.Data == data {
			return l, true
		}
	}
	return found, false
}

func TestLists(t *testing.T) {
	runtime := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", runtime)
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	forget := List("/data/one", false)
	defer List("/data/two", true)()
	if l, ok := among("/data/one"); !ok || l.Throwaway {
		t.Errorf("%+v", Lists())
	}
	if l, ok := among("/data/two"); !ok || !l.Throwaway {
		t.Errorf("%+v", Lists())
	}
	forget()
	if _, ok := among("/data/one"); ok {
		t.Errorf("it is listed after its end: %+v", Lists())
	}
	l, _ := among("/data/two")
	l.Forget()
	if _, ok := among("/data/two"); ok {
		t.Errorf("it is listed though it was forgotten: %+v", Lists())
	}
	// what others could have put there is not believed
	List("/data/three", false)
	must.Do(t, os.Chmod(filepath.Join(runtime, "certwright"), 0o755))
	if _, ok := among("/data/three"); ok {
		t.Error("a folder that is open to others is believed")
	}
	List("/data/four", false)()
	must.Do(t, os.RemoveAll(filepath.Join(runtime, "certwright")))
	must.Do(t, os.Symlink(t.TempDir(), filepath.Join(runtime, "certwright")))
	List("/data/five", false)
	if _, ok := among("/data/five"); ok {
		t.Error("a link is believed")
	}
}
