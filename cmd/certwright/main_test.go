package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"database/sql"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"certwright/internal/clientenv"
	"certwright/internal/config"
	"certwright/internal/must"
	"certwright/internal/server"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"certwright": main}) }

// The scripts have a home of their own and, with "serve", a server to talk to.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			home := filepath.Join(e.WorkDir, "home")
			for name, value := range map[string]string{"HOME": home, "XDG_DATA_HOME": "", "CERTWRIGHT_DATA": ""} {
				e.Setenv(name, value)
			}
			return os.MkdirAll(home, 0o755)
		},
		Condition: func(name string) (bool, error) {
			if name != "wildcard" {
				return false, fmt.Errorf("unknown condition %s", name)
			}
			_, err := net.LookupHost("no-such-name.vault.localhost")
			return err == nil, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"serve": serve, "mode": mode, "receiver": receiver, "sql": runSQL, "auditlog": auditLogOf, "replace": replace},
	})
}

// serve FOLDER [DEFAULT-VAULT [CONFIG]]: a server runs in the folder until the
// script's end; IP_URL, NAME_URL, HTTP_URL and PORT say where.
func serve(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 3 {
		ts.Fatalf("usage: serve FOLDER [DEFAULT-VAULT [CONFIG]]")
	}
	var c config.Config
	if len(args) == 3 {
		var err error
		c, err = config.Read(ts.MkAbs(args[2]))
		ts.Check(err)
	}
	c.Listen, c.HTTP, c.Data = "127.0.0.1:0", "127.0.0.1:0", ts.MkAbs(args[0])
	if len(args) > 1 {
		c.DefaultVault = args[1]
	}
	s, err := server.Start(context.Background(), c, server.Options{})
	ts.Check(err)
	ts.Defer(func() { _ = s.Stop() })
	ts.Setenv("IP_URL", s.Ready.IPURL)
	ts.Setenv("NAME_URL", s.Ready.VaultURL)
	ts.Setenv("HTTP_URL", s.Ready.HTTPURL)
	ts.Setenv("PORT", s.Ready.IPURL[strings.LastIndex(s.Ready.IPURL, ":")+1:])
}

// sql FOLDER TEXT: runs SQL on the database of a folder, as somebody else would.
func runSQL(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sql FOLDER TEXT")
	}
	db, err := sql.Open("sqlite", filepath.Join(ts.MkAbs(args[0]), "certwright.db"))
	ts.Check(err)
	defer db.Close()
	result, err := db.Exec(args[1])
	ts.Check(err)
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		ts.Fatalf("nothing was changed: %s", args[1])
	}
}

// receiver FILE STATUS: a program that answers all calls so listens until the
// script's end; its address takes the place of HOOK in the file.
func receiver(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: receiver FILE STATUS")
	}
	status, err := strconv.Atoi(args[1])
	ts.Check(err)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	ts.Defer(hook.Close)
	file := ts.MkAbs(args[0])
	text, err := os.ReadFile(file)
	ts.Check(err)
	ts.Check(os.WriteFile(file, bytes.ReplaceAll(text, []byte("HOOK"), []byte(hook.URL)), 0o600))
}

// mode OCTAL FILE: the file has this mode.
func mode(ts *testscript.TestScript, neg bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%o", info.Mode().Perm()); (got == args[0]) == neg {
		ts.Fatalf("%s has mode %s", args[1], got)
	}
}

// dev is a running "certwright dev --json".
type dev struct {
	*exec.Cmd
	ready clientenv.Ready
	talk  *strings.Builder
}

// startDev runs the program as people do and reads its ready line.
func startDev(t *testing.T, args ...string) *dev {
	t.Helper()
	d := &dev{Cmd: exec.Command("certwright", append([]string{"dev", "--json", "--listen=127.0.0.1:0", "--http=127.0.0.1:0"}, args...)...), talk: &strings.Builder{}}
	d.Stderr = d.talk
	out, err := d.StdoutPipe()
	must.Do(t, err)
	must.Do(t, d.Start())
	t.Cleanup(func() { _ = d.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = d.Wait()
		t.Fatalf("no ready line: %v\n%s", err, d.talk)
	}
	in := json.NewDecoder(strings.NewReader(line))
	in.DisallowUnknownFields()
	if err := in.Decode(&d.ready); err != nil {
		t.Fatalf("ready line %q: %v", line, err)
	}
	return d
}

func TestDevAnnouncesItself(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "it's here")
	d := startDev(t, "--data", data)
	if d.ready.Data != data || d.ready.PID != d.Process.Pid || d.ready.CAFile != filepath.Join(data, "ca.pem") {
		t.Errorf("%+v", d.ready)
	}
	if r, err := clientenv.ReadRun(data); err != nil || r != d.ready {
		t.Errorf("run.json: %+v, %v", r, err)
	}
	for range 2 { // ready when it says so
		if answer, err := http.Get(d.ready.HTTPURL + "/readyz"); err != nil || answer.StatusCode != 200 {
			t.Fatalf("%v, %v", answer, err)
		}
	}
	must.Do(t, d.Process.Signal(syscall.SIGTERM))
	if err := d.Wait(); err != nil {
		t.Errorf("%v\n%s", err, d.talk)
	}
	want := regexp.MustCompile(`^certwright dev: not for production: .*
(?s:.*)
  data        .*

  real        Internal \(ca\)
  played      every other provider

point clients at it from another shell:
  eval "\$\(certwright env --data '.*/it'\\''s here'\)"

stopping
$`)
	if !want.MatchString(d.talk.String()) {
		t.Errorf("it said\n%s", d.talk)
	}
	if _, err := os.Stat(filepath.Join(data, clientenv.RunFile)); !os.IsNotExist(err) {
		t.Errorf("run.json is left: %v", err)
	}
}

// A killed server leaves run.json and the lock file; neither keeps the next
// one from starting, and env does not believe the former.
func TestDevAfterAKill(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	d := startDev(t, "--data", data)
	must.Do(t, d.Process.Kill())
	_ = d.Wait() // killed
	out, err := exec.Command("certwright", "env", "--data", data).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "no server runs in "+data) {
		t.Errorf("env: %v\n%s", err, out)
	}
	d = startDev(t, "--data", data)
	must.Do(t, d.Process.Signal(os.Interrupt))
	if err := d.Wait(); err != nil {
		t.Errorf("%v\n%s", err, d.talk)
	}
}

func TestDevPrintsOneLinePerRequest(t *testing.T) {
	t.Parallel()
	d := startDev(t, "--ephemeral")
	curl := exec.Command("certwright", "env", "--data", d.ready.Data, "--shell", "json")
	if out, err := curl.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s := "GET /certificates/web?api-version=7.4 HTTP/1.1\r\nHost: web.vault.localhost\r\nConnection: close\r\n\r\n"
	text := exchange(t, strings.TrimPrefix(d.ready.IPURL, "https://"), s)
	if !strings.HasPrefix(text, "HTTP/1.1 401 ") {
		t.Errorf("got %s", text)
	}
	_ = d.Process.Signal(syscall.SIGTERM)
	if err := d.Wait(); err != nil {
		t.Errorf("%v\n%s", err, d.talk)
	}
	if !regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d web GetCertificate /certificates/web 401 \d+\.\dms [0-9a-f-]{36}$`).MatchString(d.talk.String()) {
		t.Errorf("it said\n%s", d.talk)
	}
	if _, err := os.Stat(d.ready.Data); !os.IsNotExist(err) {
		t.Errorf("the temporary folder is left: %v", err)
	}
}

// What a body says that nobody knows stands in the line of its request: dev says
// it, and what clients send back of answers is known.
func TestDevSaysWhatNobodyKnows(t *testing.T) {
	t.Parallel()
	d := startDev(t, "--ephemeral")
	for path, body := range map[string]string{
		"certificates/web/create":   `{"policy":{"isuer":{"name":"Self"},"issuer":{"name":"Self"},"subject":"CN=a","x509_props":{"subject":"CN=a"},"id":"x","attributes":{"created":1}},"tgas":{}}`,
		"certificates/known/create": `{"policy":{"issuer":{"name":"Self"},"x509_props":{"subject":"CN=a"},"attributes":{"created":1}},"attributes":{"recoveryLevel":"x"},"tags":{"isuer":"a"}}`,
		"keys/app/create":           `{"kty":"EC","kurve":"P-256"}`,
	} {
		r, err := http.NewRequest("POST", d.ready.IPURL+"/"+path+"?api-version=7.4", strings.NewReader(body))
		must.Do(t, err)
		r.Header.Set("Authorization", "Bearer x")
		r.Header.Set("Content-Type", "application/json")
		answer, err := (&http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}).Do(r)
		must.Do(t, err)
		_ = answer.Body.Close()
		if answer.StatusCode >= 300 {
			t.Errorf("%s: %s", path, answer.Status)
		}
	}
	must.Do(t, d.Process.Signal(syscall.SIGTERM))
	if err := d.Wait(); err != nil {
		t.Errorf("%v\n%s", err, d.talk)
	}
	for _, want := range []string{
		`(?m) CreateCertificate /certificates/web/create 202 \S+ms [0-9a-f-]{36} ignored, since nobody knows them: policy\.isuer, policy\.subject, tgas$`,
		`(?m) CreateCertificate /certificates/known/create 202 \S+ms [0-9a-f-]{36}$`,
		`(?m) CreateKey /keys/app/create 200 \S+ms [0-9a-f-]{36} ignored, since nobody knows them: kurve$`,
	} {
		if !regexp.MustCompile(want).MatchString(d.talk.String()) {
			t.Errorf("no %s in\n%s", want, d.talk)
		}
	}
}
