package main

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"certwright/internal/config"
	"certwright/internal/folder"
	"certwright/internal/must"
	"certwright/internal/server"
)

// A drill is a server that callers write to, and what it acknowledged.
type drill struct {
	*dev
	http *http.Client

	mu    sync.Mutex
	known map[string]string // path to what a GET must answer: the secret's value, of certificates with the key
}

func newDrill(t *testing.T, data string) *drill {
	t.Helper()
	d := &drill{dev: startDev(t, "--data", data), known: map[string]string{}}
	d.http = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, MaxIdleConnsPerHost: 8}}
	t.Cleanup(d.http.CloseIdleConnections)
	return d
}

// call returns the status and body of one request; an error once the server is dead.
func (d *drill) call(method, path, body string) (int, []byte, error) {
	r, err := http.NewRequest(method, d.ready.IPURL+path+"?api-version=7.4", bytes.NewReader([]byte(body)))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Authorization", "Bearer x")
	r.Header.Set("Content-Type", "application/json")
	answer, err := d.http.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, text, err
}

// value is what the server answers for a secret; "" if there is none.
func (d *drill) value(path string) string {
	var secret struct{ Value string }
	status, text, err := d.call(http.MethodGet, path, "")
	if err != nil || status != http.StatusOK || json.Unmarshal(text, &secret) != nil {
		return ""
	}
	return secret.Value
}

// write makes secrets and certificates until the server is dead. wrote is told
// of each that was acknowledged.
func (d *drill) write(t *testing.T, writer int, wrote chan<- bool) {
	for n := 0; ; n++ {
		path, want := fmt.Sprintf("/secrets/s%d-%d", writer, n), fmt.Sprintf("value %d of %d", n, writer)
		status, text, err := d.call(http.MethodPut, path, `{"value":"`+want+`"}`)
		if n%4 == 3 && err == nil {
			name := fmt.Sprintf("c%d-%d", writer, n)
			path = "/secrets/" + name
			if status, text, err = d.call(http.MethodPost, "/certificates/"+name+"/create", selfSigned); err == nil && status == http.StatusAccepted {
				status, want = http.StatusOK, d.value(path) // the key with the certificate, by the first GET
				if want == "" {
					return // killed between the two
				}
			}
		}
		if err != nil {
			return
		}
		if status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, text)
			return
		}
		d.mu.Lock()
		d.known[path] = want
		d.mu.Unlock()
		select {
		case wrote <- true:
		default:
		}
	}
}

const selfSigned = `{"policy":{"issuer":{"name":"Self"},"key_props":{"kty":"EC","crv":"P-256"},"secret_props":{"contentType":"application/x-pem-file"},"x509_props":{"subject":"CN=drill"}}}`

func (d *drill) acknowledged() map[string]string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.known)
}

// Under load: a backup is taken, the server is killed, the backup is restored in
// a new folder, and all that was acknowledged before it began is there to the byte.
func TestBackupDrill(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	d := newDrill(t, filepath.Join(home, "data"))
	wrote := make(chan bool)
	var writers sync.WaitGroup
	for n := range 4 {
		writers.Go(func() { d.write(t, n, wrote) })
	}
	for range 200 {
		<-wrote
	}
	before := d.acknowledged()
	file := filepath.Join(home, "drill.tar")
	if out, err := exec.Command("certwright", "backup", file, "--with-keyset", "--data", d.ready.Data).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	for range 20 { // they go on
		<-wrote
	}
	must.Do(t, d.Process.Kill())
	_ = d.Wait() // killed
	writers.Wait()
	if out, err := exec.Command("certwright", "restore", file, "--data", filepath.Join(home, "restored")).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	again := newDrill(t, filepath.Join(home, "restored"))
	for path, want := range before {
		if got := again.value(path); got != want {
			t.Errorf("%s is %q, was %q", path, got, want)
		}
	}
	status, text, err := again.call(http.MethodPut, "/secrets/after", `{"value":"x"}`)
	if err != nil || status != http.StatusOK {
		t.Errorf("a write after it: %d %s, %v", status, text, err)
	}
	if len(before) < 200 || len(d.acknowledged()) <= len(before) {
		t.Errorf("%d before the backup, %d in all", len(before), len(d.acknowledged()))
	}
}

// What takes long tells how far it is, not more often than people read.
func TestProgress(t *testing.T) {
	t.Parallel()
	var said bytes.Buffer
	tell := progressEvery(&said, 0)
	tell("copying", 1, 4)
	tell("copying", 0, 0) // nothing to do is no progress
	tell("reading back", 4, 4)
	if said.String() != "copying: 25 %\nreading back: 100 %\n" {
		t.Errorf("%q", said.String())
	}
	said.Reset()
	tell = progressEvery(&said, time.Hour)
	tell("copying", 1, 4)
	if said.Len() > 0 || progressOn(&said) != nil {
		t.Errorf("%q", said.String())
	}
}

// A restore that is killed leaves a folder that no server takes for a new one:
// what is there is whole, or it is refused, and restoring again mends it.
func TestRestoreKilled(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	d := newDrill(t, filepath.Join(home, "data"))
	if status, text, err := d.call(http.MethodPut, "/secrets/kept", `{"value":"whole"}`); err != nil || status != http.StatusOK {
		t.Fatalf("%d %s, %v", status, text, err)
	}
	file := filepath.Join(home, "b.tar")
	if out, err := exec.Command("certwright", "backup", file, "--data", d.ready.Data).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	keyset := filepath.Join(d.ready.Data, "keyset.json")
	began := time.Now()
	if out, err := exec.Command("certwright", "restore", file, "--keyset", keyset, "--data", filepath.Join(home, "first")).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	whole := time.Since(began)
	const rounds = 20
	for n := range rounds {
		to := filepath.Join(home, fmt.Sprint("r", n))
		restore := exec.Command("certwright", "restore", file, "--keyset", keyset, "--data", to)
		if err := restore.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(whole*time.Duration(n+1)/rounds, func() { _ = restore.Process.Kill() })
		_ = restore.Wait() // killed, or done
		timer.Stop()
		checkRestored(t, file, keyset, to)
	}
}

// checkRestored starts a server where a restore may have been cut short.
func checkRestored(t *testing.T, file, keyset, data string) {
	t.Helper()
	left, _ := os.ReadDir(data)
	begun := slices.ContainsFunc(left, func(f os.DirEntry) bool { return f.Name() != folder.LockFile && !strings.HasPrefix(f.Name(), ".") })
	s, err := server.Start(t.Context(), config.Config{Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0", Data: data}, server.Options{})
	if err != nil {
		if !begun || !strings.Contains(err.Error(), "cut short") {
			t.Errorf("of %v: %v", left, err)
		}
		if out, err := exec.Command("certwright", "restore", file, "--keyset", keyset, "--replace", "--data", data).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if s, err = server.Start(t.Context(), config.Config{Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0", Data: data}, server.Options{}); err != nil {
			t.Fatal(err)
		}
		begun = true
	}
	defer s.Stop()
	again := &drill{dev: &dev{ready: s.Ready}, http: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}}
	if got := again.value("/secrets/kept"); begun && got != "whole" {
		t.Errorf("restored as %v, the secret is %q", left, got)
	}
}
