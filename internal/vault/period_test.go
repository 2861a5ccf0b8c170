package vault_test

import (
	"encoding/json"
	"testing"
	"time"

	"certwright/internal/must"
	"certwright/internal/vault"
)

func TestParsePeriod(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]vault.Period{
		"P90D": {Days: 90}, "P3M": {Months: 3}, "P18M": {Months: 18}, "P2Y": {Years: 2}, "P1Y10D": {Years: 1, Days: 10}, "PT48H": {Hours: 48},
		"P1Y2M3DT4H5M6S": {Years: 1, Months: 2, Days: 3, Hours: 4, Minutes: 5, Seconds: 6}, "PT5M": {Minutes: 5}, "P5M": {Months: 5}, "P9999D": {Days: 9999},
	} {
		got, err := vault.ParsePeriod(text)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
		if got.String() != text {
			t.Errorf("%s is written as %s", text, got)
		}
	}
	for text, want := range map[string]string{"P4W": "P28D", "P1M2W3D": "P1M17D", "P0Y90D": "P90D", "P0090D": "P90D", "P1DT0S": "P1D"} {
		if got, err := vault.ParsePeriod(text); err != nil || got.String() != want {
			t.Errorf("%s: %s, %v, want %s", text, got, err, want)
		}
	}
}

func TestWhatIsNoPeriod(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "P", "PT", "90D", "P90", "PD", "p90d", "P90D ", " P90D", "-P90D", "P-90D", "P+90D", "P1.5D", "P90DT", "P1D1Y", "P1D2D", "PT1H2H", "PT1M1H",
		"P1H", "PT1D", "P99999D", "P9999W", "P0D", "PT0S", "P1X", "P1é", "PT1HT1M", "90.00:00:00", "P1,5D"} {
		if got, err := vault.ParsePeriod(text); err == nil {
			t.Errorf("%q was read as %s", text, got)
		}
	}
}

// Steps go by the calendar, and to the last day where the month is too short.
func TestPeriodsOnTheCalendar(t *testing.T) {
	t.Parallel()
	at := func(s string) time.Time {
		t.Helper()
		v, err := time.Parse(time.RFC3339, s)
		must.Do(t, err)
		return v
	}
	for _, c := range []struct{ from, period, after, before string }{
		{"2023-03-28T22:07:33Z", "P90D", "2023-06-26T22:07:33Z", "2022-12-28T22:07:33Z"},
		{"2026-01-31T12:00:00Z", "P1M", "2026-02-28T12:00:00Z", "2025-12-31T12:00:00Z"},
		{"2026-03-31T12:00:00Z", "P1M", "2026-04-30T12:00:00Z", "2026-02-28T12:00:00Z"},
		{"2024-02-29T12:00:00Z", "P1Y", "2025-02-28T12:00:00Z", "2023-02-28T12:00:00Z"},
		{"2024-02-29T12:00:00Z", "P4Y", "2028-02-29T12:00:00Z", "2020-02-29T12:00:00Z"},
		{"2026-11-22T12:00:00Z", "P18M", "2028-05-22T12:00:00Z", "2025-05-22T12:00:00Z"},
		{"2026-11-22T12:00:00Z", "P1DT12H30M5S", "2026-11-24T00:30:05Z", "2026-11-20T23:29:55Z"},
		{"2026-11-22T14:00:00+02:00", "P1D", "2026-11-23T12:00:00Z", "2026-11-21T12:00:00Z"},
	} {
		p, err := vault.ParsePeriod(c.period)
		must.Do(t, err)
		if got := p.After(at(c.from)); got != at(c.after) {
			t.Errorf("%s after %s is %s, want %s", c.period, c.from, got, c.after)
		}
		if got := p.Before(at(c.from)); got != at(c.before) {
			t.Errorf("%s before %s is %s, want %s", c.period, c.from, got, c.before)
		}
	}
}

func TestPeriodsAreStoredAsText(t *testing.T) {
	t.Parallel()
	type row struct{ A, B vault.Period }
	in := row{A: vault.Period{Months: 18}}
	text, err := json.Marshal(in)
	if err != nil || string(text) != `{"A":"P18M","B":""}` {
		t.Errorf("%s, %v", text, err)
	}
	var out row
	if err := json.Unmarshal(text, &out); err != nil || out != in {
		t.Errorf("%+v, %v", out, err)
	}
	if err := json.Unmarshal([]byte(`{"A":"P1X"}`), &out); err == nil {
		t.Error("P1X was read")
	}
}

func FuzzParsePeriod(f *testing.F) {
	for _, s := range []string{"P90D", "P1Y2M3W4DT5H6M7S", "PT48H", "P", "PT", "P9999Y9999M9999DT9999H", "P1D1Y", "P00001D"} {
		f.Add(s)
	}
	from := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		p, err := vault.ParsePeriod(s)
		if err != nil {
			return
		}
		again, err := vault.ParsePeriod(p.String())
		if err != nil || again != p {
			t.Errorf("%q was read as %s, and that as %s, %v", s, p, again, err)
		}
		if !p.After(from).After(from) || !p.Before(from).Before(from) {
			t.Errorf("%s does not move time", p)
		}
	})
}
