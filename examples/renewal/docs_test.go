package renewal_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// What docs/renewal.md shows of the examples stands in them as it is.
func TestPageShowsTheExamples(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/renewal.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for language, file := range map[string]string{"go": "renewal_test.go", "python": "renewal.py"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```").FindAllSubmatch(page, -1) {
			if shown++; !strings.Contains(string(text), string(block[1])) {
				t.Errorf("%s has no longer\n%s", file, block[1])
			}
		}
	}
	if shown != 4 {
		t.Errorf("%d blocks, want 4", shown)
	}
}
