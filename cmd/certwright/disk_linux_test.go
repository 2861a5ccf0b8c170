package main

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A disk is a small one of its own, in memory.
type disk struct{ path string }

// newDisk mounts one, which only root may.
func newDisk(t *testing.T, size string) disk {
	t.Helper()
	d := disk{t.TempDir()}
	if err := syscall.Mount("none", d.path, "tmpfs", 0, "mode=0700,size="+size); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("mount a small disk: %v", err)
		}
		t.Skipf("SKIPPED: a full disk is not tried, since none can be mounted here (%v); the tests of sqlstore have a stand-in", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(d.path, syscall.MNT_DETACH) })
	return d
}

func (d disk) filler() string { return filepath.Join(d.path, "filler") }

// fill leaves no byte.
func (d disk) fill(t *testing.T) {
	t.Helper()
	f, err := os.OpenFile(d.filler(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{1 << 20, 4096, 1} {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}
}

// side answers a GET at the side door.
func (d *drill) side(t *testing.T, path string) (int, string) {
	t.Helper()
	answer, err := http.Get(d.ready.HTTPURL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// put writes a secret and returns the status.
func (d *drill) put(t *testing.T, name, value string) int {
	t.Helper()
	path := "/secrets/" + name
	r, err := http.NewRequest(http.MethodPut, d.ready.IPURL+path+"?api-version=7.4", strings.NewReader(`{"value":"`+value+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer x")
	r.Header.Set("Content-Type", "application/json")
	answer, err := d.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	switch answer.StatusCode {
	case http.StatusOK:
		d.known[path] = value
	case http.StatusServiceUnavailable:
		if answer.Header.Get("Retry-After") == "" || !strings.Contains(string(text), "its disk is full") {
			t.Errorf("%v %s", answer.Header, text)
		}
	default:
		t.Errorf("%s: %d %s", name, answer.StatusCode, text)
	}
	return answer.StatusCode
}

func (d *drill) readsAll(t *testing.T, known map[string]string) {
	t.Helper()
	for path, want := range known {
		if got := d.value(path); got != want {
			t.Errorf("%s is %q, was %.20q", path, got, want)
		}
	}
}

// refuses writes until one is refused, and looks how the server tells of it.
func (d *drill) refuses(t *testing.T, large string) {
	t.Helper()
	status := 0
	for n := 0; n < 100 && status != http.StatusServiceUnavailable; n++ {
		status = d.put(t, "large", large)
	}
	if status != http.StatusServiceUnavailable {
		t.Fatalf("nothing was refused on a full disk: %d", status)
	}
	if status, text := d.side(t, "/readyz"); status != http.StatusServiceUnavailable || text != "not ready: nothing can be written: its disk is full\n" {
		t.Errorf("/readyz: %d %s", status, text)
	}
	if status, _ := d.side(t, "/healthz"); status != http.StatusOK {
		t.Errorf("/healthz: %d", status)
	}
	if _, text := d.side(t, "/metrics"); !strings.Contains(text, "\ncertwright_store_writable 0\n") || strings.Contains(text, `certwright_store_failures_total{fault="full"} 0`) {
		t.Error("the metrics do not tell of it")
	}
}

// On a full disk writes are refused and reads go on, also after a kill and after
// a clean stop; when there is room again the server goes on by itself.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	small := newDisk(t, "12m")
	data := filepath.Join(small.path, "data")
	large := strings.Repeat("x", 20_000)
	d := newDrill(t, data)
	if status := d.put(t, "small", "kept"); status != http.StatusOK {
		t.Fatal(status)
	}
	if status, text, err := d.call(http.MethodPost, "/certificates/begun/create", selfSigned); err != nil || status != http.StatusAccepted {
		t.Fatalf("%d %s, %v", status, text, err)
	}
	small.fill(t)
	d.refuses(t, large)
	for range 20 {
		d.put(t, "large", large)
	}
	if status, text, err := d.call(http.MethodGet, "/certificates/begun/pending", ""); err != nil || status != http.StatusOK {
		t.Errorf("a pending operation: %d %s, %v", status, text, err)
	}
	d.readsAll(t, d.acknowledged())
	known := d.acknowledged()

	_ = d.Process.Kill()
	_ = d.Wait() // killed
	if n := strings.Count(d.talk.String(), "error:"); n != 1 || !strings.Contains(d.talk.String(), "the database cannot be written: its disk is full; what is stored is served") {
		t.Errorf("the log has %d errors:\n%s", n, d.talk)
	}
	small.fill(t) // the kernel gives back what a dead process held
	d = newDrill(t, data)
	d.readsAll(t, known)
	d.refuses(t, large)
	if err := d.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := d.Wait(); err != nil {
		t.Errorf("a clean stop: %v\n%s", err, d.talk)
	}
	small.fill(t)
	d = newDrill(t, data)
	d.readsAll(t, known)
	d.refuses(t, large)

	if err := os.Remove(small.filler()); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for status := 0; status != http.StatusOK; {
		select {
		case <-tick.C:
			status, _ = d.side(t, "/readyz")
		case <-t.Context().Done():
			t.Fatal("it never went on")
		}
	}
	if status := d.put(t, "large", large); status != http.StatusOK {
		t.Errorf("with room again: %d", status)
	}
	d.readsAll(t, known)
	if d.value("/secrets/begun") == "" {
		t.Error("the operation that was begun before has not ended")
	}

	// one that was filled by others while no server ran
	if err := d.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := d.Wait(); err != nil {
		t.Errorf("a clean stop: %v\n%s", err, d.talk)
	}
	small.fill(t)
	d = newDrill(t, data)
	d.readsAll(t, known)
	d.refuses(t, large)
}
