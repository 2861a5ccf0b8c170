//go:build unix

package challenge_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"certwright/internal/challenge"
	"certwright/internal/must"
)

// hook returns the settings of a shell script; $1 is its own folder.
func hook(t *testing.T, script string) (s challenge.Settings, dir string) {
	t.Helper()
	dir = t.TempDir()
	path := filepath.Join(dir, "hook.sh")
	must.Do(t, os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700))
	return challenge.Settings{Kind: "exec", Command: []string{"/bin/sh", path, dir}}, dir
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	must.Do(t, err)
	return string(text)
}

func TestHookIsTold(t *testing.T) {
	t.Setenv("CERTWRIGHT_DATA", "not for hooks")
	settings, dir := hook(t, `echo "$@" >>$1/arguments; env | grep -v -e ^PWD= -e ^SHLVL= -e ^_= -e ^OLDPWD= | sort >$1/environment; cat >>$1/arguments; echo fine`)
	s := solver(t, settings)
	for _, do := range []func(context.Context, challenge.Record) error{s.Present, s.Present, s.Cleanup} {
		must.Do(t, do(t.Context(), txt("-v")))
	}
	present, cleanup := dir+" present "+acmeName+" -v\n", dir+" cleanup "+acmeName+" -v\n"
	if diff := cmp.Diff(present+present+cleanup, read(t, dir, "arguments")); diff != "" {
		t.Error(diff)
	}
	want := "CERTWRIGHT_ACTION=cleanup\nCERTWRIGHT_DOMAIN=www.example.org\nCERTWRIGHT_NAME=" + acmeName +
		"\nCERTWRIGHT_TYPE=dns-01\nCERTWRIGHT_VALUE=-v\nLANG=C\nPATH=" + os.Getenv("PATH") + "\n"
	if diff := cmp.Diff(want, read(t, dir, "environment")); diff != "" {
		t.Error(diff)
	}
}

// A hook for http-01 that puts files where a web server finds them.
func TestHookForHTTP01(t *testing.T) {
	t.Parallel()
	settings, dir := hook(t, `case $2 in present) printf %s "$4" >"$1/$3";; cleanup) rm -f "$1/$3";; esac`)
	settings.Type = "http-01"
	s := solver(t, settings)
	must.Do(t, s.Present(t.Context(), token("tok-1")))
	if got := read(t, dir, "tok-1"); got != "tok-1.thumb" {
		t.Errorf("the file holds %q", got)
	}
	if ok, _, err := s.Ready(t.Context(), token("tok-1"), noon, noon); !ok || err != nil {
		t.Errorf("Ready: %v, %v", ok, err)
	}
	for range 2 {
		must.Do(t, s.Cleanup(t.Context(), token("tok-1")))
	}
	if _, err := os.Stat(filepath.Join(dir, "tok-1")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is still there: %v", err)
	}
}

func TestHookFailures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ script, want string }{
		"says why":  {"echo no zone; echo 'for you' >&2; exit 3", "ended with exit status 3, and says: no zone for you"},
		"is silent": {"exit 1", "ended with exit status 1"},
		"is loud":   {"yes x | tr -d '\\n' | head -c 20000000; exit 1", "ended with exit status 1, and says: " + strings.Repeat("x", 500) + "..."},
		"is binary": {`printf '\001\377a\033[2Jb'; exit 1`, "ended with exit status 1, and says: ?a [2Jb"},
		"is killed": {"kill -9 $$", "ended with signal: killed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings, _ := hook(t, c.script)
			err := solver(t, settings).Present(t.Context(), txt("v"))
			if want := "the hook /bin/sh " + c.want; err == nil || err.Error() != want {
				t.Errorf("error %v\nwant  %s", err, want)
			}
		})
	}
}

// alive reports whether a process of ours runs. What is killed may stay as a
// zombie where nobody reaps it.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || !strings.Contains(string(stat), ") Z ")
}

func wantDead(t *testing.T, pidFile string) {
	t.Helper()
	pid, err := strconv.Atoi(strings.TrimSpace(read(t, pidFile)))
	must.Do(t, err)
	for end := time.Now().Add(5 * time.Second); alive(pid); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("process %d of the hook lives on", pid)
		}
	}
}

func TestHookIsKilledWithItsChildren(t *testing.T) {
	t.Parallel()
	settings, dir := hook(t, `sleep 1000 & echo $! >$1/pid; echo waiting; sleep 1000`)
	settings.Timeout = time.Second
	begin := time.Now()
	err := solver(t, settings).Present(t.Context(), txt("v"))
	if want := "the hook /bin/sh did not end within 1s and was killed, and says: waiting"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
	wantDead(t, filepath.Join(dir, "pid"))
}

// A child that holds the output of a hook that ended well is not waited for.
func TestHookLeavesAChildBehind(t *testing.T) {
	t.Parallel()
	settings, dir := hook(t, `sleep 1000 & echo $! >$1/pid`)
	must.Do(t, solver(t, settings).Present(t.Context(), txt("v")))
	wantDead(t, filepath.Join(dir, "pid"))
}

func TestHookIsInterrupted(t *testing.T) {
	t.Parallel()
	settings, dir := hook(t, `echo $$ >$1/pid; sleep 1000`)
	s := solver(t, settings)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for ctx.Err() == nil {
			if text, err := os.ReadFile(filepath.Join(dir, "pid")); err == nil && len(text) > 1 {
				cancel()
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	if err := s.Present(ctx, txt("v")); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "was interrupted") {
		t.Errorf("error %v", err)
	}
	wantDead(t, filepath.Join(dir, "pid"))
	if err := s.Present(ctx, txt("v")); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestNoHook(t *testing.T) {
	t.Parallel()
	plain := file(t, "#!/bin/sh\n")
	for path, want := range map[string]string{"/nowhere/hook": "no such file or directory", plain: "permission denied"} {
		_, err := challenge.New(challenge.Settings{Kind: "exec", Command: []string{path}}, means())
		if err == nil || !strings.HasPrefix(err.Error(), "command: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// Nothing that an authority makes up reaches a program, a file or a name server.
func TestUnfitRecords(t *testing.T) {
	t.Parallel()
	settings, dir := hook(t, `echo x >>$1/calls`)
	for _, r := range []challenge.Record{
		{},
		{Type: "tls-alpn-01", Domain: "a", Name: "a.", Value: "v"},
		{Type: "dns-01", Domain: "*.a", Name: "a.", Value: "v"},
		{Type: "dns-01", Domain: "a b", Name: "a.", Value: "v"},
		{Type: "dns-01", Domain: "-a", Name: "a.", Value: "v"},
		{Type: "dns-01", Domain: "a", Name: "a", Value: "v"},
		{Type: "dns-01", Domain: "a", Name: ".", Value: "v"},
		{Type: "dns-01", Domain: "a", Name: `a\000.`, Value: "v"},
		{Type: "dns-01", Domain: "a", Name: "a.", Value: ""},
		{Type: "dns-01", Domain: "a", Name: "a.", Value: `v";x`},
		{Type: "dns-01", Domain: "a", Name: "a.", Value: strings.Repeat("v", 256)},
		{Type: "dns-01", Domain: "a", Name: strings.Repeat("a", 64) + ".", Value: "v"},
		{Type: "http-01", Domain: "a", Name: "../a", Value: "v"},
		{Type: "http-01", Domain: "a", Name: "", Value: "v"},
		{Type: "http-01", Domain: "a", Name: strings.Repeat("a", 129), Value: "v"},
		{Type: "http-01", Domain: "a", Name: "t", Value: "v\n"},
	} {
		settings.Type = r.Type
		if r.Type != "http-01" {
			settings.Type = "dns-01"
		}
		s := solver(t, settings)
		_, _, ready := s.Ready(t.Context(), r, noon, noon)
		for _, err := range []error{s.Present(t.Context(), r), s.Cleanup(t.Context(), r), ready} {
			if !errors.Is(err, challenge.ErrUnfit) {
				t.Errorf("%+v: error %v, want ErrUnfit", r, err)
			}
		}
	}
	settings.Type = "http-01"
	if err := solver(t, settings).Present(t.Context(), txt("v")); !errors.Is(err, challenge.ErrUnfit) {
		t.Errorf("a record of another challenge: error %v", err)
	}
	for _, domain := range []string{"192.0.2.1", "2001:db8::1"} {
		r := challenge.Record{Type: "http-01", Domain: domain, Name: "t", Value: "v"}
		if err := solver(t, settings).Present(t.Context(), r); err != nil {
			t.Errorf("%s: %v", domain, err)
		}
	}
	if got := strings.Count(read(t, dir, "calls"), "\n"); got != 2 {
		t.Errorf("the hook ran %d times, want 2", got)
	}
}
