package pages

import (
	"encoding/csv"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// What is written is read back by others as it was, and nothing begins like a formula.
func TestSheet(t *testing.T) {
	t.Parallel()
	texts := []string{"web", "", "a,b", `say "hi"`, "two\r\nlines", "it's", " spaces ", "CN=web", "a-b", "ä@b"}
	formulas := []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "＝1", "－1", `=HYPERLINK("https://elsewhere.example","x")`}
	w := httptest.NewRecorder()
	s := NewSheet(w, "some.csv", "a", "b")
	s.Row(texts...)
	s.Row(formulas...)
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(strings.NewReader(w.Body.String()))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%v: %q", err, w.Body)
	}
	wanted := slices.Clone(texts)
	wanted[4] = "two\nlines" // as encoding/csv reads it
	if !slices.Equal(rows[0], []string{"a", "b"}) || !slices.Equal(rows[1], wanted) {
		t.Errorf("%q", rows[:2])
	}
	for i, got := range rows[2] {
		if got != "'"+strings.ReplaceAll(formulas[i], "\r\n", "\n") {
			t.Errorf("%q became %q", formulas[i], got)
		}
	}
	if got := w.Header().Get("Content-Disposition"); got != `attachment; filename="some.csv"` {
		t.Error(got)
	}
}
