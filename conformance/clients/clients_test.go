package clients

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"certwright/internal/must"
)

const page = "../../docs/clients.md"

// The table of docs/clients.md is what the scripts say, one row each, and
// nothing else.
func TestTableIsWhatTheScriptsSay(t *testing.T) {
	t.Parallel()
	var want []string
	for _, c := range all(t) {
		want = append(want, "| "+c.row+" | ["+c.name+"](../conformance/clients/"+c.name+"/run) |")
	}
	got := rows(t, "| client | version | what was run | result | script |")
	for _, row := range want {
		if !slices.Contains(got, row) {
			t.Errorf("%s lacks\n%s", page, row)
		}
	}
	for i, row := range got {
		if !slices.Contains(want, row) {
			t.Errorf("no script says\n%s", row)
		}
		if slices.Contains(got[:i], row) {
			t.Errorf("twice:\n%s", row)
		}
	}
}

// A client that cannot be had has the error that says so.
func TestWhatCannotBeHadSaysWhy(t *testing.T) {
	t.Parallel()
	for _, row := range rows(t, "| client | version | why not, with the error |") {
		cells := strings.Split(strings.Trim(row, "|"), "|")
		if len(cells) != 3 || !strings.Contains(cells[2], "`") {
			t.Errorf("no error in\n%s", row)
		}
	}
}

// A row has four cells and names no version that is not pinned.
func TestVersionsArePinned(t *testing.T) {
	t.Parallel()
	for _, c := range all(t) {
		cells := strings.Split(c.row, " | ")
		if len(cells) != 4 || strings.Count(c.row, "|") != 3 || slices.Contains(cells, "") {
			t.Errorf("%s: its row must have four cells: %s", c.name, c.row)
			continue
		}
		versions := regexp.MustCompile(`[0-9]+(\.[0-9]+)+`).FindAllString(cells[1], -1)
		if len(versions) == 0 {
			t.Errorf("%s: no version in %q", c.name, cells[1])
		}
		for _, v := range versions {
			if !regexp.MustCompile(`(^|[^0-9.])` + regexp.QuoteMeta(v) + `($|[^0-9.]|\.[^0-9])`).MatchString(c.pins) {
				t.Errorf("%s: %s is not pinned", c.name, v)
			}
		}
	}
}

// A client is one folder.
type client struct {
	name string
	row  string // as its script prints it
	pins string // the text of what fixes its versions
}

var (
	rowLine  = regexp.MustCompile(`(?m)^row='(.*)'$`)
	pinsLine = regexp.MustCompile(`(?m)^# pins: (.*)$`)
)

// all reads the clients.
func all(t *testing.T) (found []client) {
	t.Helper()
	scripts, err := filepath.Glob("*/run")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, path := range scripts {
		text := read(t, path)
		c := client{name: filepath.Dir(path)}
		row := rowLine.FindAllStringSubmatch(text, -1)
		if len(row) != 1 || !strings.HasSuffix(text, "\necho \"$row\"\n") {
			t.Errorf("%s must have one line row='...' and end with echo \"$row\"", path)
			continue
		}
		c.row = row[0][1]
		files := []string{"go.mod", "requirements.txt", "package.json", "pom.xml", "Cargo.toml", "versions"}
		for _, named := range pinsLine.FindAllStringSubmatch(text, -1) {
			files = append(files, strings.Fields(named[1])...)
		}
		for _, file := range files {
			if pins, err := os.ReadFile(filepath.Join(c.name, file)); err == nil {
				c.pins += string(pins) + "\n"
			}
		}
		if info, err := os.Stat(path); err != nil || info.Mode()&0o111 == 0 {
			t.Errorf("%s is not executable (%v)", path, err)
		}
		found = append(found, c)
	}
	return found
}

// rows returns the rows of the table with that head.
func rows(t *testing.T, head string) (found []string) {
	t.Helper()
	_, rest, ok := strings.Cut(read(t, page), "\n"+head+"\n")
	if !ok {
		t.Fatalf("%s has no table %s", page, head)
	}
	for line := range strings.Lines(rest) {
		line = strings.TrimSuffix(line, "\n")
		if !strings.HasPrefix(line, "|") {
			break
		}
		if !strings.HasPrefix(line, "|---") {
			found = append(found, line)
		}
	}
	if len(found) == 0 {
		t.Fatalf("%s: nothing below %s", page, head)
	}
	return found
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	must.Do(t, err)
	return string(text)
}
