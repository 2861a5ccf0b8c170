package conformance_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"certwright/conformance/script"
	"certwright/internal/must"
)

var (
	ipURL  = flag.String("url", os.Getenv("CERTWRIGHT_TEST_URL"), "vault door of a running dev server (ip_url of its ready line); empty: one in this process")
	side   = flag.String("side", os.Getenv("CERTWRIGHT_TEST_SIDE"), "its side door (http_url)")
	caFile = flag.String("ca", os.Getenv("CERTWRIGHT_TEST_CA"), "PEM file of its CA (ca_file)")
)

// TestScripts runs every script of testdata, each in a vault of its own.
func TestScripts(t *testing.T) {
	target := startTarget(t)
	files, err := filepath.Glob("testdata/*/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no script found: %v", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(strings.TrimPrefix(f, "testdata/"), ".txt"), func(t *testing.T) {
			s, err := script.ParseFile(f)
			must.Do(t, err)
			if err := target.Run(t.Context(), s, vaultName(f)); err != nil {
				t.Error(err)
			}
		})
	}
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// vaultName makes a vault name that no other script, and no earlier run, has.
func vaultName(file string) string {
	name := notInNames.ReplaceAllString(strings.TrimSuffix(filepath.Base(file), ".txt"), "-")
	return name[:min(len(name), 36)] + "-" + strconv.FormatInt(time.Now().UnixMilli()%1e9, 36)
}
