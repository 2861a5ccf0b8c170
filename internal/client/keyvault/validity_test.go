package keyvault

import (
	"testing"

	"github.com/alecthomas/kong"
)

// A validity is a whole number of months: what is none is refused, not cut.
func TestMonths(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Months{"1": 1, "3": 3, "3m": 3, "2y": 24, "0": 0, "-1": 0, "90d": 0, "": 0, "1200": 1200, "1201": 0, "3.5": 0} {
		var line struct{ Validity Months }
		parser, err := kong.New(&line)
		if err != nil {
			t.Fatal(err)
		}
		_, err = parser.Parse([]string{"--validity=" + text})
		if (err == nil) != (want > 0) || err == nil && line.Validity != want {
			t.Errorf("%q: %v, %v; want %d", text, line.Validity, err, want)
		}
	}
}
