package admin

import (
	"maps"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"trama/actors"
	"trama/journal"
)

// families are all metrics of the gateway that a scrape reads; docs/metrics.md says what to do about each.
var families = slices.Concat([]family{
	total("frames_total", "Whole frames cut from the streams.", func(s *scrape) uint64 { return s.Frames }),
	total("stored_total", "Frames on disk.", func(s *scrape) uint64 { return s.Stored }),
	total("duplicates_total", "Resends of frames on disk: acknowledged again, not stored again.",
		func(s *scrape) uint64 { return s.Duplicates }),
	total("acknowledged_total", "Acknowledgements handed to the socket.", func(s *scrape) uint64 { return s.Acknowledged }),
	total("no_reply_due_total", "Frames accepted that are owed no acknowledgement.", func(s *scrape) uint64 { return s.NoReplyDue }),
	total("unsent_total", "Frames accepted whose acknowledgement did not leave: it could not be made, or the connection had ended.",
		func(s *scrape) uint64 { return s.Unsent }),
	by("rejected_total", "Frames refused and not acknowledged.", "reason", func(s *scrape) map[string]uint64 { return s.Rejected }),
	by("skipped_total", "Stretches of bytes that are no frame, such as damaged frames and noise.", "reason",
		func(s *scrape) map[string]uint64 { return s.Skipped }, "no frame", "wrong checksum", "wrong content", "too large",
		"incomplete", "not looked at"),
	total("unreadable_total", "Frames accepted though not all of their fields can be read.", func(s *scrape) uint64 { return s.Unreadable }),
	by("unreadable_by_reason_total", "Frames accepted though not all of their fields can be read, by what is wrong with the first such field.",
		"reason", func(s *scrape) map[string]uint64 { return s.UnreadableBy }),
	total("poisoned_total", "Frames that made an actor fail.", func(s *scrape) uint64 { return s.Poisoned }),
	by("alarms_total", "Oddities that an operator should look at.", "reason", func(s *scrape) map[string]uint64 { return s.Alarms },
		journal.EventRestarted, journal.EventCounterReused, journal.AlarmTwoDevices, "no acknowledgement", "wrong tags",
		"the journal is older than the keys", journal.EventClockJumped),
	total("events_dropped_total", "Events that strangers and new masters caused and that were too many to be written.",
		func(s *scrape) uint64 { return s.EventsDropped }),
	total("wrong_tags_total", "Protected frames that were forged, or under another key.", func(s *scrape) uint64 { return s.WrongTags }),
	by("takeovers_total", "Masters taken over by a newer connection.", "source",
		func(s *scrape) map[string]uint64 { return s.Takeovers }, "same address", "another address"),
	by("commands_total", "Commands to masters.", "outcome", func(s *scrape) map[string]uint64 { return s.Commands },
		string(actors.OutcomeDone), string(actors.OutcomeSent), string(actors.OutcomeRefused), string(actors.OutcomeUnknown),
		string(actors.OutcomeExpired), "not sent"),
	level("masters", "Masters known.", func(s *scrape) int { return s.Masters }),
	level("masters_online", "Masters with a live connection.", func(s *scrape) int { return s.MastersOnline }),
	{"masters_by_state", "Masters by state, those that the operator has told of and that never reported among them.",
		prometheus.GaugeValue, []string{"state"}, func(s *scrape, emit func(float64, ...string)) {
			for state, n := range s.MastersBy {
				emit(float64(n), state)
			}
		}},
	level("masters_refusing", "Masters whose newest frame was refused.", func(s *scrape) int { return s.Refusing }),
	level("masters_unprotected", "Masters with a live connection whose newest frame came under no key, where masters have keys.",
		func(s *scrape) int { return s.Unprotected }),
	level("masters_with_key", "Masters that have a device key.", func(s *scrape) int { return s.Keys }),
	level("keys_rotating", "Masters with a next key that no frame has proven yet.", func(s *scrape) int { return s.Rotating }),
	level("connections", "Live connections.", func(s *scrape) int { return s.Connections }),
	total("actor_restarts_total", "Restarts of actors after a fault.", func(s *scrape) uint64 { return s.Restarts }),
	total("settle_faults_total", "Failures while acknowledgements were settled; each closed its connection.",
		func(s *scrape) uint64 { return s.SettleFaults }),
	total("caught_faults_total", "Failures outside of any actor, such as in a timer; each cost what was in hand.",
		func(s *scrape) uint64 { return s.Caught }),
	{"polls_total", "Requests of polls to masters.", prometheus.CounterValue, []string{"poll", "outcome"}, func(s *scrape, emit func(float64, ...string)) {
		for i := range s.polls {
			p := &s.polls[i]
			for outcome, n := range map[string]uint64{"done": p.Done, "refused": p.Refused, "unknown": p.Unknown, "skipped": p.Skipped} {
				emit(float64(n), p.Name, outcome)
			}
		}
	}},
	{"polls_failing", "Masters whose last three requests of a poll have failed, or more.", prometheus.GaugeValue, []string{"poll"},
		func(s *scrape, emit func(float64, ...string)) {
			for i := range s.polls {
				emit(float64(s.polls[i].Failing), s.polls[i].Name)
			}
		}},
}, journalFamilies, listenerFamilies)

var journalFamilies = []family{
	level("journal_up", "1 while frames are accepted: the journal works and its disk has room.", func(s *scrape) int {
		return truth(!s.Journal.Full && s.Journal.Failure == "")
	}),
	total("journal_commits_total", "Commits, each with one sync of the disk.", func(s *scrape) uint64 { return s.Journal.Commits }),
	number("journal_commit_seconds_total", "Time that all commits took together.", prometheus.CounterValue,
		func(s *scrape) float64 { return s.Journal.Took.Seconds() }),
	number("journal_commit_worst_seconds", "Longest commit since the start.", prometheus.GaugeValue,
		func(s *scrape) float64 { return s.Journal.Worst.Seconds() }),
	number("journal_commit_busy_seconds", "How long the commit that is being made takes already; 0 when none is.", prometheus.GaugeValue,
		func(s *scrape) float64 { return s.Journal.Busy.Seconds() }),
	level("journal_waiting", "Entries that wait for the next commit.", func(s *scrape) int { return s.Journal.Waiting }),
	number("journal_last_frame", "Position of the newest frame on disk.", prometheus.GaugeValue,
		func(s *scrape) float64 { return float64(s.Journal.Last) }),
	total("journal_written_bytes_total", "Bytes of records committed.", func(s *scrape) uint64 { return s.Journal.Bytes }),
	total("journal_removed_total", "Frames, events and index rows that retention has deleted.",
		func(s *scrape) uint64 { return s.Journal.Removed }),
	total("journal_owner_faults_total", "Failures of whoever was told of a commit: defects that the journal survived.",
		func(s *scrape) uint64 { return s.Journal.OwnerFaults }),
	number("journal_disk_used_ratio", "Part of the disk in use.", prometheus.GaugeValue,
		func(s *scrape) float64 { return s.Journal.Disk / 100 }),
	number("journal_disk_free_bytes", "Bytes of the disk that a process may still use.", prometheus.GaugeValue,
		func(s *scrape) float64 { return float64(s.Journal.DiskFree) }),
	total("clock_jumps_total", "Steps of the clock of the machine since the start.",
		func(s *scrape) uint64 { return s.Journal.ClockJumps }),
	level("journal_damaged", "Places found damaged when the journal was opened.", func(s *scrape) int { return s.Journal.Damaged }),
	kept("journal_first_frame", "Position of the oldest frame kept; 0 when none is.", func(s *journal.Stats) float64 { return float64(s.First) }),
	kept("journal_events", "Events kept.", func(s *journal.Stats) float64 { return float64(s.Events) }),
	kept("journal_file_bytes", "Size of the database.", func(s *journal.Stats) float64 { return float64(s.FileBytes) }),
	kept("journal_used_bytes", "Bytes of the database that hold something kept; the rest is used again.",
		func(s *journal.Stats) float64 { return float64(s.UsedBytes) }),
	kept("journal_log_bytes", "Size of the write-ahead log.", func(s *journal.Stats) float64 { return float64(s.LogBytes) }),
	{"cursor_lag_frames", "Frames on disk that a consumer has not confirmed.", prometheus.GaugeValue, []string{"cursor"},
		eachCursor(func(c *journal.Cursor) uint64 { return c.Lag })},
	{"cursor_lost_frames", "Frames that retention has deleted before a consumer confirmed them.", prometheus.GaugeValue, []string{"cursor"},
		eachCursor(func(c *journal.Cursor) uint64 { return c.Lost })},
}

var listenerFamilies = []family{
	each("listener_up", "1 while the listener accepts.", prometheus.GaugeValue,
		func(l *actors.ListenerInfo) uint64 { return uint64(truth(l.State == "accepting")) }),
	each("listener_suspended", "1 while an operator has suspended the listener.", prometheus.GaugeValue,
		func(l *actors.ListenerInfo) uint64 { return uint64(truth(l.State == "suspended")) }),
	each("listener_connections", "Live connections of the listener.", prometheus.GaugeValue,
		func(l *actors.ListenerInfo) uint64 { return uint64(l.Live) }),
	each("listener_accepted_total", "Connections accepted.", prometheus.CounterValue,
		func(l *actors.ListenerInfo) uint64 { return l.Accepted }),
	each("listener_refused_total", "Connections turned away: listener full, no descriptors left or network not allowed.",
		prometheus.CounterValue, func(l *actors.ListenerInfo) uint64 { return l.Refused }),
	{"listener_closed_total", "Connections ended.", prometheus.CounterValue, []string{"listener", "reason"},
		func(s *scrape, emit func(float64, ...string)) {
			for i := range s.listeners {
				for reason, n := range s.listeners[i].Closed {
					emit(float64(n), s.listeners[i].Name, reason)
				}
			}
		}},
	each("listener_frames_total", "Whole frames cut from the streams of the listener.", prometheus.CounterValue,
		func(l *actors.ListenerInfo) uint64 { return l.Frames }),
	each("listener_acknowledged_total", "Acknowledgements of the listener.", prometheus.CounterValue,
		func(l *actors.ListenerInfo) uint64 { return l.Acknowledged }),
	each("listener_rejected_total", "Frames the listener refused.", prometheus.CounterValue,
		func(l *actors.ListenerInfo) uint64 { return l.Rejected }),
	each("listener_unreadable_total", "Frames of the listener accepted though not all of their fields can be read.", prometheus.CounterValue,
		func(l *actors.ListenerInfo) uint64 { return l.Unreadable }),
	each("listener_received_bytes_total", "Bytes received.", prometheus.CounterValue,
		func(l *actors.ListenerInfo) uint64 { return l.BytesIn }),
	each("listener_sent_bytes_total", "Bytes sent.", prometheus.CounterValue,
		func(l *actors.ListenerInfo) uint64 { return l.BytesOut }),
	each("listener_skipped_bytes_total", "Bytes received that belong to no frame.", prometheus.CounterValue,
		func(l *actors.ListenerInfo) uint64 { return l.Skipped }),
	each("listener_aside_bytes_total", "Bytes of heartbeats and registrations between frames.", prometheus.CounterValue,
		func(l *actors.ListenerInfo) uint64 { return l.Aside }),
	each("listener_cut_off_bytes_total", "Bytes of frames that had not come whole when their connection ended.",
		prometheus.CounterValue, func(l *actors.ListenerInfo) uint64 { return l.CutOff }),
	each("listener_silent_connections_total", "Connections that ended without a byte.", prometheus.CounterValue,
		func(l *actors.ListenerInfo) uint64 { return l.Silent }),
	each("listener_unidentified_connections_total", "Connections that ended and on which no master was identified.",
		prometheus.CounterValue, func(l *actors.ListenerInfo) uint64 { return l.Unidentified }),
	each("listener_heartbeats_total", "Heartbeats between frames.", prometheus.CounterValue,
		func(l *actors.ListenerInfo) uint64 { return l.Heartbeats }),
	each("listener_profile_generation", "1 at the start, one more with each swap of the profile.", prometheus.GaugeValue,
		func(l *actors.ListenerInfo) uint64 { return l.Definition.Generation }),
	{"listener_certificate_expiry_timestamp_seconds", "When the TLS certificate of the listener expires, in Unix time.",
		prometheus.GaugeValue, []string{"listener"}, func(s *scrape, emit func(float64, ...string)) {
			for i := range s.listeners {
				if at := s.listeners[i].CertificateEnds; !at.IsZero() {
					emit(float64(at.Unix()), s.listeners[i].Name)
				}
			}
		}},
}

func truth(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// number is a family of one series.
func number(name, help string, kind prometheus.ValueType, of func(*scrape) float64) family {
	return family{name, help, kind, nil, func(s *scrape, emit func(float64, ...string)) { emit(of(s)) }}
}

func total(name, help string, of func(*scrape) uint64) family {
	return number(name, help, prometheus.CounterValue, func(s *scrape) float64 { return float64(of(s)) })
}

func level(name, help string, of func(*scrape) int) family {
	return number(name, help, prometheus.GaugeValue, func(s *scrape) float64 { return float64(of(s)) })
}

// kept is a family of one series that only a journal on disk has.
func kept(name, help string, of func(*journal.Stats) float64) family {
	return family{name, help, prometheus.GaugeValue, nil, func(s *scrape, emit func(float64, ...string)) {
		if s.stats != nil {
			emit(of(s.stats))
		}
	}}
}

// by is a counter by a word.  The words that are known are there from the start: the first of its kind shows as a rise.
func by(name, help, label string, of func(*scrape) map[string]uint64, known ...string) family {
	return family{name, help, prometheus.CounterValue, []string{label}, func(s *scrape, emit func(float64, ...string)) {
		counts := map[string]uint64{}
		for _, word := range known {
			counts[word] = 0
		}
		maps.Copy(counts, of(s))
		for word, n := range counts {
			emit(float64(n), word)
		}
	}}
}

// each is a family with a series for each listener.
func each(name, help string, kind prometheus.ValueType, of func(*actors.ListenerInfo) uint64) family {
	return family{name, help, kind, []string{"listener"}, func(s *scrape, emit func(float64, ...string)) {
		for i := range s.listeners {
			emit(float64(of(&s.listeners[i])), s.listeners[i].Name)
		}
	}}
}

func eachCursor(of func(*journal.Cursor) uint64) func(*scrape, func(float64, ...string)) {
	return func(s *scrape, emit func(float64, ...string)) {
		for i := range s.cursors {
			emit(float64(of(&s.cursors[i])), s.cursors[i].Name)
		}
	}
}
