package admin

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

// described are the metrics of the program with their labels, as in trama_rejected_total{reason}.
func described(t *testing.T) (all []string) {
	t.Helper()
	o := testOptions(someGateway())
	o.Times = NewTimes()
	e := &endpoint{Options: o}
	descs := make(chan *prometheus.Desc, 1000)
	e.metrics().Describe(descs)
	close(descs)
	parts := regexp.MustCompile(`fqName: "(trama_\w+)".*variableLabels: \{([^}]*)\}`)
	for d := range descs {
		found := parts.FindStringSubmatch(d.String())
		switch {
		case found == nil: // of the runtime or the process
		case found[2] == "":
			all = append(all, found[1])
		default:
			all = append(all, found[1]+"{"+found[2]+"}")
		}
	}
	slices.Sort(all)
	return all
}

func TestTheManualHasEachMetricAndNoOther(t *testing.T) {
	page, err := os.ReadFile("../../../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(trama_[^`]+)` \\| (.*) \\|$").FindAllStringSubmatch(string(page), -1) {
		told = append(told, strings.ReplaceAll(row[1], ", ", ","))
		if len(strings.Split(row[2], " | ")) != 3 {
			t.Errorf("%s: the row does not have unit, meaning and what to do", row[1])
		}
	}
	slices.Sort(told)
	code := described(t)
	for i, name := range code {
		code[i] = strings.Replace(name, "trama_build_info", "trama_build_info{version}", 1) // its label is constant
	}
	if len(code) < 60 {
		t.Errorf("the program tells of %d metrics only", len(code))
	}
	for _, name := range code {
		if !slices.Contains(told, name) {
			t.Errorf("docs/metrics.md has no row for %s", name)
		}
	}
	for _, name := range told {
		if !slices.Contains(code, name) {
			t.Errorf("docs/metrics.md has a row for %s, which is no metric", name)
		}
	}
	if len(slices.Compact(told)) != len(code) {
		t.Error("a metric has two rows")
	}
}

func TestMetricsAreNamedAsPrometheusWantsIt(t *testing.T) {
	o := testOptions(someGateway())
	o.Times = NewTimes()
	body := ask(t, Handler(o), "GET", "/metrics", "").Body
	problems, err := promlint.New(body).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// What a frame pays for its place in the histogram: a look at the clock and the note.
func BenchmarkAcknowledgementIsNoted(b *testing.B) {
	times, received := NewTimes(), time.Now()
	b.ReportAllocs()
	for b.Loop() {
		times.Acknowledged(time.Since(received))
	}
}
