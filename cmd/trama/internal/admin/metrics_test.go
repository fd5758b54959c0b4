package admin

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"trama/actors"
	"trama/journal"
	"trama/transport"
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

// hanging is an archive behind a disk that does not answer, of a gateway that refuses frames.
type hanging struct{ Archive }

func (hanging) Stats(ctx context.Context) (s journal.Stats, err error) {
	<-ctx.Done()
	return s, ctx.Err()
}

func (hanging) Cursors(ctx context.Context) ([]journal.Cursor, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

type refusing struct{ *fakeGateway }

func (refusing) Totals() actors.Totals { return actors.Totals{Journal: journal.Brief{Full: true}} }

func TestAScrapeAnswersBesideAJournalThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := testOptions(refusing{someGateway()})
		o.Archive = hanging{}
		start := time.Now()
		families, err := (&endpoint{Options: o}).metrics().Gather()
		if took := time.Since(start); err != nil || took != scrapeWithin {
			t.Fatalf("%v after %v", err, took)
		}
		for _, f := range families {
			switch f.GetName() {
			case "trama_journal_up":
				if up := f.Metric[0].Gauge.GetValue(); up != 0 {
					t.Errorf("the journal refuses, and trama_journal_up is %v", up)
				}
			case "trama_journal_file_bytes", "trama_cursor_lag_frames":
				t.Errorf("%s has a series, and nobody knows it", f.GetName())
			}
		}
	})
}

// The cost of a scrape beside 20,000 masters of which an operator has told.
func BenchmarkScrape(b *testing.B) {
	g, err := actors.Start(actors.Options{Journal: &past{masters: 20_000}, Known: told(b, 20_000), MaxMasters: 1 << 20,
		Listeners: []actors.ListenerOptions{{Profile: tenPoints(b), Transport: transport.Options{Name: "gsm", Address: "127.0.0.1:0"}}}})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = g.Drain(context.Background()) }()
	o := testOptions(g)
	o.Times = NewTimes()
	registry := (&endpoint{Options: o}).metrics()
	b.ReportAllocs()
	for b.Loop() {
		if all, err := registry.Gather(); err != nil || len(all) < 60 {
			b.Fatal(len(all), err)
		}
	}
}

// The price that a frame pays for its place in the histogram: a look at the clock and the note.
func BenchmarkAcknowledgementIsNoted(b *testing.B) {
	times, received := NewTimes(), time.Now()
	b.ReportAllocs()
	for b.Loop() {
		times.Acknowledged(time.Since(received))
	}
}
