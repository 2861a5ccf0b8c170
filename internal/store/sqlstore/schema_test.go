package sqlstore

import (
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"certwright/internal/must"
)

// firstThatSays is the first migration that has to say which programs may use the
// schema that it leaves: those before it changed what programs of before knew.
const firstThatSays = 9

var saysMinReader = regexp.MustCompile(`'schema\.min_reader',\s*'(\d+)'`)

// minReaders are what the migrations of a folder say of it, by their numbers, and
// the files of which that makes no sense.
func minReaders(t *testing.T, folder fs.FS) (said map[int64]int64, bad []string) {
	t.Helper()
	files, err := fs.Glob(folder, "*.sql")
	must.Do(t, err)
	said = map[int64]int64{}
	before := int64(firstThatSays - 1)
	for _, name := range files { // in the order of their numbers
		text, err := fs.ReadFile(folder, name)
		must.Do(t, err)
		digits, _, _ := strings.Cut(name, "_")
		number, err := strconv.ParseInt(digits, 10, 64)
		must.Do(t, err)
		found := saysMinReader.FindAllSubmatch(text, -1)
		if number < firstThatSays && len(found) == 0 {
			continue
		}
		if len(found) != 1 {
			bad = append(bad, name)
			continue
		}
		least, err := strconv.ParseInt(string(found[0][1]), 10, 64)
		if err != nil || least > number || least < before {
			bad = append(bad, name)
		}
		said[number], before = least, least
	}
	return said, bad
}

// Every migration says which programs may use the schema that it leaves, the same
// for both engines, and none lets one in again that an earlier one shut out.
func TestMigrationsSayWhoMayRead(t *testing.T) {
	t.Parallel()
	var first map[int64]int64
	for _, d := range []dialect{sqlite, postgres} {
		folder, _, err := migrationsOf(d)
		must.Do(t, err)
		said, bad := minReaders(t, folder)
		if len(bad) > 0 {
			t.Errorf("%s: %q do not say who may read: one statement that sets %s", d.folder, bad, minReaderSetting)
		}
		if first == nil {
			first = said
		}
		for number, least := range said {
			if first[number] != least {
				t.Errorf("migration %d says %d for one engine and %d for the other", number, first[number], least)
			}
		}
	}
}

// That test finds what it is for.
func TestMigrationsThatDoNotSayWhoMayRead(t *testing.T) {
	t.Parallel()
	says := func(least string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("INSERT INTO settings (key, value) VALUES ('schema.min_reader', '" + least + "') ON CONFLICT (key) DO UPDATE SET value = excluded.value;")}
	}
	for want, folder := range map[string]fstest.MapFS{
		"":            {"00008_seals.sql": {}, "00009_adds.sql": says("8"), "00010_drops.sql": says("10")},
		"00009_a.sql": {"00009_a.sql": {Data: []byte("ALTER TABLE objects ADD COLUMN more TEXT;")}},
		"00010_b.sql": {"00009_a.sql": says("9"), "00010_b.sql": says("8")},
		"00011_c.sql": {"00011_c.sql": says("12")},
	} {
		if _, bad := minReaders(t, folder); strings.Join(bad, " ") != want {
			t.Errorf("%q, want %q", bad, want)
		}
	}
}
