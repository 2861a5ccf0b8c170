package floors_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"certwright/internal/floors"
)

func TestImportsGoDown(t *testing.T) {
	t.Parallel()
	found, err := floors.Breaches("../..", "certwright", floors.House)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Error(f)
	}
}

// The check above reads this house: with a plan that is turned upside down it
// finds something to say.
func TestTheHouseIsRead(t *testing.T) {
	t.Parallel()
	upside := map[string]int{}
	for dir, floor := range floors.House {
		upside[dir] = floors.Top - floor
	}
	found, err := floors.Breaches("../..", "certwright", upside)
	if err != nil || len(found) < 100 {
		t.Errorf("%d breaches, %v", len(found), err)
	}
}

// Every line of the plan is a folder with Go code, so that the plan stays true.
func TestHouseStands(t *testing.T) {
	t.Parallel()
	for dir := range floors.House {
		if dir, below := strings.CutSuffix(dir, "/..."); below {
			if _, err := os.Stat(filepath.Join("../..", dir)); err != nil {
				t.Errorf("%s: %v", dir, err)
			}
			continue
		}
		if files, err := filepath.Glob(filepath.Join("../..", dir, "*.go")); err != nil || len(files) == 0 {
			t.Errorf("%s is on a floor and has no Go code (%v)", dir, err)
		}
	}
}

// What must be found, is found.
func TestBadImportsAreFound(t *testing.T) {
	t.Parallel()
	house := map[string]int{"ground": 0, "left": 1, "right": 1, "roof": 2, "top/...": floors.Top}
	cases := map[string]struct{ file, imports, want string }{
		"down":             {"left/a.go", `"m/ground"`, ""},
		"from the top":     {"top/deep/a.go", `"m/roof"`, ""},
		"a test":           {"left/a_test.go", `"m/right"`, ""},
		"the library":      {"ground/a.go", `"net/http"`, ""},
		"sideways":         {"left/a.go", `"m/right"`, "left (floor 1) must not import right (floor 1)"},
		"up":               {"ground/a.go", `"m/left"`, "ground (floor 0) must not import left (floor 1)"},
		"to the top":       {"roof/a.go", `"m/top/deep"`, "must not import top/deep"},
		"itself":           {"left/a.go", `"m/left"`, "must not import left"},
		"without a floor":  {"cellar/a.go", `"fmt"`, "folder cellar has no floor"},
		"a test without":   {"cellar/a_test.go", `"fmt"`, "folder cellar has no floor"},
		"of no floor":      {"left/a.go", `"m/cellar"`, "which has no floor"},
		"third party at 0": {"ground/a.go", `"example.org/x"`, "standard library only"},
		"under a name":     {"left/a.go", `. "m/right"`, "must not import right"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			path := filepath.Join(root, c.file)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte("package a\n\nimport "+c.imports+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			found, err := floors.Breaches(root, "m", house)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(found, "\n"); (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
