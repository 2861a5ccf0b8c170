package quarter_test

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"certwright/conformance/fleet"
)

// A reading is what was spent until a moment.
type reading struct {
	at          time.Time
	renewals    float64
	own, engine time.Duration // CPU of this process, and of PostgreSQL's
	wal         float64
	kinds       map[string]fleet.Jobs
}

// A meter reads again and again.
type meter struct {
	q     *quarter
	first reading
	last  reading
	costs []float64 // CPU for a renewal, by tenths
}

func (q *quarter) meter() *meter {
	r := q.read()
	return &meter{q: q, first: r, last: r}
}

func (m *meter) tenth() {
	now := m.q.read()
	m.q.t.Logf("tenth %d: %s", len(m.costs)+1, now.since(m.last))
	m.costs = append(m.costs, (now.cpu()-m.last.cpu()).Seconds()/(now.renewals-m.last.renewals))
	m.last = now
}

// whole tells of all, and wants the last tenths to be no dearer than the first,
// where there are enough to tell.
func (m *meter) whole() {
	q, now := m.q, m.q.read()
	q.t.Logf("the quarter: %s; %s; memory %s", now.since(m.first), q.rows.size(q.t), memory())
	if len(m.costs) < 10 || q.many < 10_000 {
		return
	}
	few, many := slices.Sorted(slices.Values(m.costs[:4])), slices.Sorted(slices.Values(m.costs[6:]))
	if growth := many[1] / few[1]; growth > 1.5 {
		q.t.Errorf("a renewal of the last tenths costs %.2f times one of the first: %.3f", growth, m.costs)
	}
}

func (r reading) cpu() time.Duration { return r.own + r.engine }

// since tells what a renewal took since another reading.
func (r reading) since(was reading) string {
	n, took := r.renewals-was.renewals, r.at.Sub(was.at)
	each := func(d time.Duration) float64 { return d.Seconds() * 1000 / n }
	text := fmt.Sprintf("%.0f renewals in %v, %.1f/s; each %.2f ms, CPU %.2f ms here and %.2f ms of PostgreSQL, %.1f kB of WAL", n, took.Round(100*time.Millisecond),
		n/took.Seconds(), each(took), each(r.own-was.own), each(r.engine-was.engine), (r.wal-was.wal)/n/1000)
	for _, name := range []string{"life", "issue", "sweep"} {
		k, before := r.kinds[name], was.kinds[name]
		if jobs := k.Count - before.Count; jobs > 0 {
			text += fmt.Sprintf("; %s %.1f ms of each of %.0f", name, (k.Seconds-before.Seconds)*1000/jobs, jobs)
		}
	}
	return text
}

func (q *quarter) read() reading {
	q.t.Helper()
	r := reading{at: time.Now(), engine: q.rows.cpu(), wal: q.rows.wal(q.t), kinds: map[string]fleet.Jobs{}}
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		q.t.Fatal(err)
	}
	r.own = time.Duration(own.Utime.Nano() + own.Stime.Nano())
	for _, m := range q.fleet.Alive() {
		jobs, err := m.Jobs(q.t.Context())
		if err != nil {
			q.t.Fatal(err)
		}
		for name, k := range jobs {
			r.kinds[name] = fleet.Jobs{Count: k.Count + r.kinds[name].Count, Seconds: k.Seconds + r.kinds[name].Seconds}
		}
	}
	r.renewals = r.kinds["issue"].Count
	return r
}

// memory is what this process has and had at most.
func memory() string {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "unknown on " + runtime.GOOS
	}
	var parts []string
	for line := range strings.Lines(string(text)) {
		if name, rest, _ := strings.Cut(line, ":"); name == "VmRSS" || name == "VmHWM" {
			kB, _ := strconv.Atoi(strings.Fields(rest)[0])
			parts = append(parts, fmt.Sprintf("%s %d MB", name, kB/1000))
		}
	}
	return strings.Join(parts, ", ")
}
