package metrics

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"go.yaml.in/yaml/v4"
)

// A family is a metric as it is described: its name and labels.
type family struct {
	name      string
	labels    []string
	histogram bool
}

var described = regexp.MustCompile(`^Desc\{fqName: "([a-z_]+)", .*variableLabels: \{([^}]*)\}\}$`)

// families lists every metric of this house.
func families(t *testing.T) (all []family) {
	t.Helper()
	h := newHouse(t)
	ch := make(chan *prometheus.Desc, 100)
	for _, c := range append(h.counters.all(), h.Metrics, h.build(), h.offset(), h.writer(), pool{h.Keys}, dataKeys{h.DataKeys}, disk{h.Failures, h.Writable, h.Altered}) {
		c.Describe(ch)
	}
	close(ch)
	histograms := []string{"certwright_certificate_days_left", "certwright_operation_age_seconds"}
	for d := range ch {
		found := described.FindStringSubmatch(d.String())
		if found == nil {
			t.Fatalf("%s", d)
		}
		f := family{name: found[1], histogram: strings.HasSuffix(found[1], "_duration_seconds") && !strings.Contains(found[1], "count_") ||
			strings.HasSuffix(found[1], "lateness_seconds") || slices.Contains(histograms, found[1])}
		if found[2] != "" {
			f.labels = strings.Split(found[2], ",")
		}
		if f.name == "certwright_build_info" {
			f.labels = []string{"version", "go"}
		}
		all = append(all, f)
	}
	return all
}

// docs/metrics.md has every metric with its labels, and none that is not there.
func TestDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/metrics.md")
	must.Do(t, err)
	told := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(certwright_[a-z_]+)` \\| ([^|]*) \\|").FindAllStringSubmatch(string(text), -1) {
		told[row[1]] = strings.ReplaceAll(strings.TrimSpace(row[2]), "`", "")
	}
	for _, f := range families(t) {
		if want := strings.Join(f.labels, ", "); told[f.name] != want {
			t.Errorf("%s has the labels %q, and %q in its page", f.name, want, told[f.name])
		}
		delete(told, f.name)
	}
	for name := range told {
		t.Errorf("%s is documented and not there", name)
	}
}

// expressions fails unless each names metrics and labels that there are and has
// its brackets in order.
func expressions(t *testing.T, exprs []string) {
	t.Helper()
	known := map[string][]string{}
	for _, f := range families(t) {
		if f.histogram {
			known[f.name+"_bucket"] = append([]string{"le"}, f.labels...)
			known[f.name+"_count"], known[f.name+"_sum"] = f.labels, f.labels
			continue
		}
		known[f.name] = f.labels
	}
	if len(exprs) < 5 {
		t.Fatalf("only %d expressions", len(exprs))
	}
	metric := regexp.MustCompile(`\b(certwright_\w+)(\{([^}]*)\})?`)
	for _, e := range exprs {
		found := metric.FindAllStringSubmatch(e, -1)
		if found == nil || !balanced(e) {
			t.Errorf("%s", e)
		}
		for _, m := range found {
			labels, ok := known[m[1]]
			if !ok {
				t.Errorf("%s: there is no %s", e, m[1])
			}
			for _, pair := range regexp.MustCompile(`(\w+)\s*(=~|!~|!=|=)\s*"`).FindAllStringSubmatch(m[3], -1) {
				if !slices.Contains(labels, pair[1]) {
					t.Errorf("%s: %s has no label %s", e, m[1], pair[1])
				}
			}
		}
	}
}

func balanced(s string) bool {
	var open []rune
	for _, r := range s {
		switch i := strings.IndexRune(")]}", r); {
		case strings.ContainsRune("([{", r):
			open = append(open, r)
		case i >= 0 && (len(open) == 0 || open[len(open)-1] != rune("([{"[i])):
			return false
		case i >= 0:
			open = open[:len(open)-1]
		}
	}
	return len(open) == 0
}

// The example of alerts is one that Prometheus reads, and none of them waits
// for a metric that does not exist.
func TestAlerts(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/metrics/alerts.yml")
	must.Do(t, err)
	var file struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	in := yaml.NewDecoder(bytes.NewReader(text))
	in.KnownFields(true)
	must.Do(t, in.Decode(&file))
	var exprs []string
	seen := map[string]bool{}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			if _, err := time.ParseDuration("0" + r.For); r.For != "" && err != nil || r.Alert == "" || seen[r.Alert] || r.Labels["severity"] == "" || r.Annotations["summary"] == "" {
				t.Errorf("%+v", r)
			}
			seen[r.Alert] = true
			exprs = append(exprs, r.Expr)
		}
	}
	expressions(t, exprs)
}

func TestDashboard(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/metrics/dashboard.json")
	must.Do(t, err)
	var board struct {
		Title  string
		Panels []struct {
			ID      int
			Title   string
			Type    string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr, RefID string }
		}
	}
	if err := json.Unmarshal(text, &board); err != nil || board.Title == "" {
		t.Fatalf("%v", err)
	}
	var exprs []string
	ids := map[int]bool{}
	for _, p := range board.Panels {
		if ids[p.ID] || p.Title == "" || p.Type == "" || p.GridPos.X+p.GridPos.W > 24 || p.GridPos.W == 0 || len(p.Targets) == 0 {
			t.Errorf("%+v", p)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			exprs = append(exprs, target.Expr)
		}
	}
	expressions(t, exprs)
}

// Names, units and help are as Prometheus wants them.
func TestNamesAreInOrder(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.fill(t)
	problems, err := promlint.New(strings.NewReader(h.scrape(t))).Lint()
	must.Do(t, err)
	for _, p := range problems {
		people := p.Metric == "certwright_certificate_days_left" // read by people, who think of expiry in days
		if strings.HasPrefix(p.Metric, "certwright_") && !people {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}
