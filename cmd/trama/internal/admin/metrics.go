package admin

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"trama/actors"
	"trama/journal"
)

// metrics returns the registry behind /metrics: how long things took, the families of the gateway, the Go runtime and the
// process.  Nothing is labelled by master or connection: 20,000 of them would be 20,000 series each.  No label holds the
// text of a device.
func (e *endpoint) metrics() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "trama_build_info", Help: "Always 1; the label tells the version.", ConstLabels: prometheus.Labels{"version": e.Version},
	})
	build.Set(1)
	registry.MustRegister(build, gatewayCollector{e}, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if t := e.Times; t != nil {
		registry.MustRegister(t.acknowledgement, t.commit, t.command)
	}
	return registry
}

// Times are the histograms of how long things took: with buckets of fixed bounds and, for a Prometheus that asks for them,
// native ones.  The methods are told by whoever did the work; each costs about 60 ns and never waits.
type Times struct{ acknowledgement, commit, command prometheus.Histogram }

// NewTimes makes them before anything can take time.
func NewTimes() *Times {
	histogram := func(name, help string, bounds ...float64) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: bounds,
			NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 160, NativeHistogramMinResetDuration: time.Hour})
	}
	return &Times{
		acknowledgement: histogram("trama_acknowledgement_seconds",
			"From the read that brought frames whole to the write of their acknowledgements, once for all frames of a read.",
			.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10),
		commit: histogram("trama_journal_commit_seconds", "Commits that wrote something, each with its sync of the disk.",
			.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10),
		command: histogram("trama_command_seconds", "From the sending of a command to its answer; a command without one is not in it.",
			.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300),
	}
}

// Acknowledged notes a write of acknowledgements.
func (t *Times) Acknowledged(took time.Duration) { t.acknowledgement.Observe(took.Seconds()) }

// Committed notes a commit.
func (t *Times) Committed(took time.Duration) { t.commit.Observe(took.Seconds()) }

// Answered notes an answer to a command.
func (t *Times) Answered(took time.Duration) { t.command.Observe(took.Seconds()) }

// scrapeWithin bounds how long a scrape waits for the journal.
const scrapeWithin = 2 * time.Second

// scrape is all that a scrape reads.
type scrape struct {
	actors.Totals
	listeners []actors.ListenerInfo
	polls     []actors.PollStatus
	stats     *journal.Stats // nil: the journal keeps nothing, or does not answer
	cursors   []journal.Cursor
}

// family is one metric: its name behind trama_, what it means, and how a scrape reads it.
type family struct {
	name, help string
	kind       prometheus.ValueType
	labels     []string
	read       func(s *scrape, emit func(value float64, labels ...string))
}

func (f *family) desc() *prometheus.Desc {
	return prometheus.NewDesc("trama_"+f.name, f.help, f.labels, nil)
}

// gatewayCollector reads the families when it is scraped, so that counting costs the gateway nothing more.
type gatewayCollector struct{ *endpoint }

// Describe implements prometheus.Collector.
func (c gatewayCollector) Describe(out chan<- *prometheus.Desc) {
	for i := range families {
		out <- families[i].desc()
	}
}

// Collect implements prometheus.Collector.
func (c gatewayCollector) Collect(out chan<- prometheus.Metric) {
	s := scrape{Totals: c.Gateway.Totals(), listeners: c.Gateway.Listeners(), polls: c.Gateway.Polls()}
	if c.Archive != nil {
		ctx, cancel := context.WithTimeout(context.Background(), scrapeWithin)
		defer cancel()
		if stats, err := c.Archive.Stats(ctx); err != nil {
			c.Logger.Warn("scrape: the journal does not tell its sizes", "error", err)
		} else {
			s.stats = &stats
		}
		var err error
		if s.cursors, err = c.Archive.Cursors(ctx); err != nil {
			c.Logger.Warn("scrape: the journal does not tell its cursors", "error", err)
		}
	}
	for i := range families {
		f, desc := &families[i], families[i].desc()
		f.read(&s, func(value float64, labels ...string) {
			out <- prometheus.MustNewConstMetric(desc, f.kind, value, labels...)
		})
	}
}
