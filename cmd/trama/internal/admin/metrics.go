package admin

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"trama/actors"
	"trama/journal"
)

// metrics returns the registry behind /metrics: the gateway's totals, each listener, the Go runtime and the process.
// Nothing is labelled by master or connection: 20,000 of them would be 20,000 series each.
func (e *endpoint) metrics() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "trama_build_info", Help: "Always 1; the label tells the version.", ConstLabels: prometheus.Labels{"version": e.Version},
	})
	build.Set(1)
	registry.MustRegister(build, gatewayCollector{e.Gateway}, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return registry
}

// gatewayCollector reads the counters when it is scraped, so that counting costs the gateway nothing more.
type gatewayCollector struct{ gateway actors.Gateway }

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("trama_"+name, help, labels, nil)
}

var (
	framesDesc       = describe("frames_total", "Whole frames cut from the streams.")
	acknowledgedDesc = describe("acknowledged_total", "Acknowledgements handed to the socket.")
	storedDesc       = describe("stored_total", "Frames on disk.")
	duplicatesDesc   = describe("duplicates_total", "Resends of frames on disk: acknowledged again, not stored again.")
	alarmsDesc       = describe("alarms_total", "Oddities that an operator should look at.", "reason")
	noReplyDueDesc   = describe("no_reply_due_total", "Frames accepted that are owed no acknowledgement.")
	rejectedDesc     = describe("rejected_total", "Frames refused and not acknowledged.", "reason")
	wrongTagsDesc    = describe("wrong_tags_total", "Protected frames that were forged, or under another key.")
	unprotectedDesc  = describe("masters_unprotected",
		"Masters with a live connection whose newest frame came under no key, where masters have keys.")
	unreadableDesc    = describe("unreadable_total", "Frames accepted though not all of their fields can be read.")
	poisonedDesc      = describe("poisoned_total", "Frames that made an actor fail.")
	takeoversDesc     = describe("takeovers_total", "Masters taken over by a newer connection.", "source")
	commandsDesc      = describe("commands_total", "Commands to masters.", "outcome")
	mastersDesc       = describe("masters", "Masters known.")
	mastersOnlineDesc = describe("masters_online", "Masters with a live connection.")
	connectionsDesc   = describe("connections", "Live connections.")
	restartsDesc      = describe("actor_restarts_total", "Restarts of actors after a fault.")
	settleDesc        = describe("settle_faults_total", "Failures while acknowledgements were settled; each closed its connection.")

	journalUpDesc      = describe("journal_up", "1 while frames are accepted: the journal works and its disk has room.")
	journalCommitsDesc = describe("journal_commits_total", "Commits, each with one sync of the disk.")
	journalSecondsDesc = describe("journal_commit_seconds_total", "Time that all commits took together.")
	journalWorstDesc   = describe("journal_commit_worst_seconds", "Longest commit since the start.")
	journalWaitingDesc = describe("journal_waiting", "Entries that wait for the next commit.")
	journalLastDesc    = describe("journal_last_frame", "Position of the newest frame on disk.")
	journalDiskDesc    = describe("journal_disk_used_ratio", "Part of the disk in use.")
	journalDamageDesc  = describe("journal_damaged", "Places found damaged when the journal was opened.")

	upDesc       = describe("listener_up", "1 while the listener accepts.", "listener")
	liveDesc     = describe("listener_connections", "Live connections of the listener.", "listener")
	acceptedDesc = describe("listener_accepted_total", "Connections accepted.", "listener")
	refusedDesc  = describe("listener_refused_total",
		"Connections turned away: listener full, no descriptors left or network not allowed.", "listener")
	closedDesc           = describe("listener_closed_total", "Connections ended.", "listener", "reason")
	listenerFramesDesc   = describe("listener_frames_total", "Whole frames cut from the streams of the listener.", "listener")
	listenerAckDesc      = describe("listener_acknowledged_total", "Acknowledgements of the listener.", "listener")
	listenerRejectedDesc = describe("listener_rejected_total", "Frames the listener refused.", "listener")
	receivedDesc         = describe("listener_received_bytes_total", "Bytes received.", "listener")
	sentDesc             = describe("listener_sent_bytes_total", "Bytes sent.", "listener")
	skippedDesc          = describe("listener_skipped_bytes_total", "Bytes received that belong to no frame.", "listener")
	asideDesc            = describe("listener_aside_bytes_total",
		"Bytes of heartbeats and registrations between frames.", "listener")
	cutOffDesc = describe("listener_cut_off_bytes_total",
		"Bytes of frames that had not come whole when their connection ended.", "listener")
	silentDesc       = describe("listener_silent_connections_total", "Connections that ended without a byte.", "listener")
	unidentifiedDesc = describe("listener_unidentified_connections_total",
		"Connections that ended and on which no master was identified.", "listener")
	heartbeatsDesc = describe("listener_heartbeats_total", "Heartbeats between frames.", "listener")
	generationDesc = describe("listener_profile_generation",
		"1 at the start, one more with each swap of the profile.", "listener")
)

// Describe implements prometheus.Collector.
func (c gatewayCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		framesDesc, storedDesc, duplicatesDesc, alarmsDesc, acknowledgedDesc, noReplyDueDesc, journalUpDesc,
		journalCommitsDesc, journalSecondsDesc, journalWorstDesc,
		journalWaitingDesc, journalLastDesc, journalDiskDesc, journalDamageDesc, rejectedDesc, wrongTagsDesc,
		unprotectedDesc, unreadableDesc, poisonedDesc, commandsDesc, takeoversDesc, mastersDesc, mastersOnlineDesc,
		connectionsDesc, restartsDesc, settleDesc, upDesc, liveDesc, acceptedDesc, refusedDesc, closedDesc,
		listenerFramesDesc, listenerAckDesc,
		listenerRejectedDesc, receivedDesc, sentDesc, skippedDesc, asideDesc, cutOffDesc, silentDesc, unidentifiedDesc,
		heartbeatsDesc, generationDesc,
	} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c gatewayCollector) Collect(out chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, v uint64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	gauge := func(d *prometheus.Desc, v int, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), labels...)
	}
	t := c.gateway.Totals()
	counter(framesDesc, t.Frames)
	counter(storedDesc, t.Stored)
	counter(duplicatesDesc, t.Duplicates)
	for reason, n := range t.Alarms {
		counter(alarmsDesc, n, reason)
	}
	c.journal(t.Journal, out)
	counter(acknowledgedDesc, t.Acknowledged)
	counter(noReplyDueDesc, t.NoReplyDue)
	counter(unreadableDesc, t.Unreadable)
	counter(wrongTagsDesc, t.WrongTags)
	gauge(unprotectedDesc, t.Unprotected)
	counter(poisonedDesc, t.Poisoned)
	counter(restartsDesc, t.Restarts)
	counter(settleDesc, t.SettleFaults)
	for reason, n := range t.Rejected {
		counter(rejectedDesc, n, reason)
	}
	for source, n := range t.Takeovers {
		counter(takeoversDesc, n, source)
	}
	for outcome, n := range t.Commands {
		counter(commandsDesc, n, outcome)
	}
	gauge(mastersDesc, t.Masters)
	gauge(mastersOnlineDesc, t.MastersOnline)
	gauge(connectionsDesc, t.Connections)
	for _, l := range c.gateway.Listeners() {
		up := 0
		if l.State == "accepting" {
			up = 1
		}
		gauge(upDesc, up, l.Name)
		gauge(liveDesc, l.Live, l.Name)
		counter(acceptedDesc, l.Accepted, l.Name)
		counter(refusedDesc, l.Refused, l.Name)
		for reason, n := range l.Closed {
			counter(closedDesc, n, l.Name, reason)
		}
		counter(listenerFramesDesc, l.Frames, l.Name)
		counter(listenerAckDesc, l.Acknowledged, l.Name)
		counter(listenerRejectedDesc, l.Rejected, l.Name)
		counter(receivedDesc, l.BytesIn, l.Name)
		counter(sentDesc, l.BytesOut, l.Name)
		counter(skippedDesc, l.Skipped, l.Name)
		counter(cutOffDesc, l.CutOff, l.Name)
		counter(silentDesc, l.Silent, l.Name)
		counter(unidentifiedDesc, l.Unidentified, l.Name)
		counter(asideDesc, l.Aside, l.Name)
		counter(heartbeatsDesc, l.Heartbeats, l.Name)
		gauge(generationDesc, int(l.Definition.Generation), l.Name)
	}
}

// journal tells how the journal does.
func (c gatewayCollector) journal(b journal.Brief, out chan<- prometheus.Metric) {
	up := 1.0
	if b.Full || b.Failure != "" {
		up = 0
	}
	for _, m := range []struct {
		desc  *prometheus.Desc
		kind  prometheus.ValueType
		value float64
	}{
		{journalUpDesc, prometheus.GaugeValue, up},
		{journalCommitsDesc, prometheus.CounterValue, float64(b.Commits)},
		{journalSecondsDesc, prometheus.CounterValue, b.Took.Seconds()},
		{journalWorstDesc, prometheus.GaugeValue, b.Worst.Seconds()},
		{journalWaitingDesc, prometheus.GaugeValue, float64(b.Waiting)},
		{journalLastDesc, prometheus.GaugeValue, float64(b.Last)},
		{journalDiskDesc, prometheus.GaugeValue, b.Disk / 100},
		{journalDamageDesc, prometheus.GaugeValue, float64(b.Damaged)},
	} {
		out <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value)
	}
}
