package main

import (
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// scrape is what /metrics answers.
func (p *program) scrape() []byte {
	p.t.Helper()
	r, err := http.NewRequest(http.MethodGet, p.addresses.Admin+"/metrics", nil)
	if err != nil {
		p.t.Fatal(err)
	}
	token, err := os.ReadFile(p.file("data/admin.token"))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		p.t.Fatalf("%s %v %s", answer.Status, err, text)
	}
	return text
}

// metrics scrapes the program: the value of each series, such as trama_rejected_total{reason="unknown serial"}.
func (p *program) metrics() map[string]float64 {
	p.t.Helper()
	series := map[string]float64{}
	for line := range strings.Lines(string(p.scrape())) {
		name, value, ok := cutLast(strings.TrimSpace(line), " ")
		if n, err := strconv.ParseFloat(value, 64); ok && err == nil && line[0] != '#' {
			series[name] = n
		}
	}
	return series
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func TestAScrapeTellsWhatHasHappened(t *testing.T) {
	a := newAuthority(t)
	gateway := a.sign("gateway")
	certificate, key := a.files(gateway)
	p := serveWith(t, twoPorts+`
[[listener]]
name = "sl651"
address = "127.0.0.1:0"
profile = "sl651"
[[listener]]
name = "secure"
address = "127.0.0.1:0"
profile = "extended"
[listener.tls]
certificate = "gateway.crt"
key = "gateway.key"
[masters]
file = "masters.toml"
`, map[string]string{"gateway.crt": certificate, "gateway.key": key, "masters.toml": oneMaster})
	p.simulated(2, time.Hour)
	await(t, "two masters", func() bool { return p.metrics()[`trama_masters_by_state{state="online"}`] == 2 })
	p.cli("send", "10000001", "A").want(t, 0, "done")
	station := p.dial("sl651")
	unreadable := unreadableLive[2].send
	station.send(fromHex(t, unreadable))
	station.receive(4)
	station.send(fromHex(t, unreadable[:len(unreadable)-2]+"ff")) // another checksum
	p.cli("cursors", "set", "bill", "1").want(t, 0)
	await(t, "the damaged frame", func() bool { return p.metrics()[`trama_skipped_total{reason="wrong checksum"}`] == 1 })

	m := p.metrics()
	for series, want := range map[string]float64{
		`trama_command_seconds_count`:                                            1,
		`trama_commands_total{outcome="done"}`:                                   1,
		`trama_commands_total{outcome="unknown"}`:                                0,
		`trama_alarms_total{reason="two devices, one serial"}`:                   0,
		`trama_masters_by_state{state="never seen"}`:                             1,
		`trama_masters_by_state{state="online"}`:                                 3,
		`trama_masters_refusing`:                                                 1,
		`trama_unreadable_total`:                                                 1,
		`trama_unreadable_by_reason_total{reason="not a decimal digit"}`:         1,
		`trama_listener_suspended{listener="field"}`:                             0,
		`trama_cursor_lag_frames{cursor="bill"}`:                                 m["trama_journal_last_frame"] - 1,
		`trama_listener_certificate_expiry_timestamp_seconds{listener="secure"}`: float64(gateway.Leaf.NotAfter.Unix()),
		`trama_acknowledgement_seconds_bucket{le="+Inf"}`:                        m["trama_acknowledged_total"], // each in a read of its own
	} {
		if got, there := m[series]; !there || got != want {
			t.Errorf("%s is %v, want %v", series, got, want)
		}
	}
	for _, series := range []string{"trama_acknowledgement_seconds_sum", "trama_command_seconds_sum", "trama_journal_commit_seconds_sum",
		"trama_journal_commit_seconds_count", "trama_journal_log_bytes", "trama_journal_file_bytes", "trama_journal_first_frame"} {
		if m[series] <= 0 {
			t.Errorf("%s is %v", series, m[series])
		}
	}
	if _, there := m[`trama_listener_certificate_expiry_timestamp_seconds{listener="field"}`]; there {
		t.Error("a listener without TLS has a certificate")
	}
	for series := range m {
		if strings.Contains(series, "1000000") || strings.Contains(series, "0012340001") {
			t.Errorf("a series names a master: %s", series)
		}
	}
}
