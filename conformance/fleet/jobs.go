package fleet

import (
	"context"
	"strconv"
	"strings"
)

// Jobs are how many jobs of a kind ran, and how long.
type Jobs struct{ Count, Seconds float64 }

// Jobs reads from the server's metrics the jobs that it ran, by their kinds.
func (m *Member) Jobs(ctx context.Context) (map[string]Jobs, error) {
	text, err := m.File(ctx, "/metrics")
	if err != nil {
		return nil, err
	}
	all := map[string]Jobs{}
	for line := range strings.Lines(string(text)) {
		name, rest, _ := strings.Cut(line, `{kind="`)
		kind, value, ok := strings.Cut(rest, `"} `)
		n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if !ok || err != nil {
			continue
		}
		jobs := all[kind]
		switch name {
		case "certwright_job_duration_seconds_count":
			jobs.Count = n
		case "certwright_job_duration_seconds_sum":
			jobs.Seconds = n
		default:
			continue
		}
		all[kind] = jobs
	}
	return all, nil
}
