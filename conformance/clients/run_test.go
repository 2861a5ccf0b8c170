package clients

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"certwright/internal/must"
)

// The runner believes a client only if it ends well and says its row last.
func TestRunner(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("NOT PROVED: the runner is a bash script")
	}
	const head = "#!/usr/bin/env bash\nrow='a | 1 | all of it | works'\n"
	for name, c := range map[string]struct {
		script string
		args   []string
		ok     bool
		says   []string
	}{
		"works":           {head + `"$CERTWRIGHT" && echo "$row"`, nil, true, []string{"a | 1 | all of it | works  (it, "}},
		"fails":           {head + "echo halfway\necho \"$row\"\nexit 3", nil, false, []string{"halfway", "it: failed with exit code 3", "clients that failed: it"}},
		"does not say it": {head + "echo a | 1 | all of it | works, nearly", nil, false, []string{"its last line must be: a | 1 | all of it | works"}},
		"has no row":      {"#!/bin/sh\necho", nil, false, []string{"it: failed"}},
		"takes too long":  {head + "sleep 60; echo \"$row\"", nil, false, []string{"it: failed with exit code 124"}},
		"is long":         {head + "# pace: long\nexit 1", nil, true, nil},
		"all of them":     {head + "# pace: long\nexit 1", []string{"--all"}, false, []string{"clients that failed: it"}},
		"is named":        {head + "# pace: long\necho \"$row\"", []string{"it"}, true, []string{"a | 1 | all of it | works"}},
		"is not there":    {head, []string{"that"}, false, []string{"that: there is no conformance/clients/that/run"}},
		"wrong use":       {head, []string{"--every"}, false, []string{"usage:"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			for path, text := range map[string]string{"run": read(t, "run"), "it/run": c.script, "certwright": "#!/bin/sh\nexit 0\n"} {
				put(t, filepath.Join(folder, path), text)
			}
			cmd := exec.Command("bash", append([]string{filepath.Join(folder, "run")}, c.args...)...)
			cmd.Env = append(os.Environ(), "CERTWRIGHT="+filepath.Join(folder, "certwright"), "CLIENT_TIME=4s")
			out, err := cmd.CombinedOutput()
			if (err == nil) != c.ok {
				t.Errorf("%v, want success: %v\n%s", err, c.ok, out)
			}
			for _, want := range c.says {
				if !strings.Contains(string(out), want) {
					t.Errorf("it does not say %q:\n%s", want, out)
				}
			}
		})
	}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	must.Do(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must.Do(t, os.WriteFile(path, []byte(text), 0o755))
}
