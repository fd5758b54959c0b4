//go:build prometheus

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// emptyIsGood are the expressions that need not have a series where all is well, and why.
var emptyIsGood = map[string]string{
	`increase(trama_rejected_total{reason="too many masters"}[15m]) > bool 0`: "the reason appears with the first such frame",
}

// tool runs a program of Prometheus to its end.
func tool(t *testing.T, stdin []byte, name string, args ...string) {
	t.Helper()
	c := exec.Command(name, args...)
	c.Stdin = bytes.NewReader(stdin)
	if out, err := c.CombinedOutput(); err != nil || bytes.Contains(out, []byte("error")) {
		t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// prometheus is a running one.
type prometheus struct {
	t   *testing.T
	url string
}

// scraping starts a Prometheus in a directory with its configuration.
func scraping(t *testing.T, dir, data string, flags ...string) *prometheus {
	t.Helper()
	port, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := port.Addr().String()
	_ = port.Close() // it is for the one that is started
	c := exec.Command("prometheus", append(flags, "--config.file="+filepath.Join(dir, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(dir, data), "--web.listen-address="+address, "--log.level=warn")...)
	log := &logBuffer{}
	c.Stdout, c.Stderr = log, log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait() // it was killed
		if t.Failed() {
			t.Logf("prometheus: %s", log)
		}
	})
	return &prometheus{t, "http://" + address}
}

// await returns when it has scraped the daemon several times.
func (p *prometheus) await() {
	p.t.Helper()
	await(p.t, "scrapes of Prometheus", func() bool {
		r, err := http.Get(p.url + "/-/ready")
		if err != nil {
			return false
		}
		_ = r.Body.Close()
		return r.StatusCode == http.StatusOK && slices.ContainsFunc(p.query(`count_over_time(up{job="trama"}[1m]) * up`), func(n float64) bool { return n >= 5 })
	})
}

// get asks the HTTP interface.
func (p *prometheus) get(path string, into any) error {
	r, err := http.Get(p.url + path)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err == nil && r.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", r.Status, text)
	}
	if err == nil {
		err = json.Unmarshal(text, &struct{ Data any }{into})
	}
	return err
}

// query is the value of each series of an expression that has one.
func (p *prometheus) query(expression string) (values []float64) {
	p.t.Helper()
	var found struct {
		Result []struct{ Value []any }
	}
	if err := p.get("/api/v1/query?query="+url.QueryEscape(expression), &found); err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	for _, series := range found.Result {
		if n, err := strconv.ParseFloat(series.Value[1].(string), 64); err == nil && !math.IsNaN(n) {
			values = append(values, n)
		}
	}
	return values
}

// operands are expressions that have a series when all that an alert compares has.
func operands(expression string) (all []string) {
	for _, part := range strings.Split(strings.TrimSpace(expression), " or ") {
		part = strings.ReplaceAll(part, " unless ", " and ")
		all = append(all, regexp.MustCompile(` (==|>=|<=|>|<) `).ReplaceAllString(part, " $1 bool "))
	}
	return all
}

// collect finds the texts under a key, at any depth.
func collect(node any, key string) (found []string) {
	switch v := node.(type) {
	case map[string]any:
		for k, below := range v {
			if text, ok := below.(string); ok && k == key {
				found = append(found, text)
			} else {
				found = append(found, collect(below, key)...)
			}
		}
	case []any:
		for _, below := range v {
			found = append(found, collect(below, key)...)
		}
	}
	return found
}

func dashboard(t *testing.T, name string) (board any) {
	t.Helper()
	text, err := os.ReadFile("../../deploy/grafana/" + name)
	if err == nil {
		err = json.Unmarshal(text, &board)
	}
	if err != nil {
		t.Fatal(err)
	}
	return board
}

// A daemon with everything that metrics tell of: fleets, commands, consumers, keys, TLS, what is refused, noise.
func watched(t *testing.T) *program {
	a := newAuthority(t)
	certificate, key := a.files(a.sign("gateway"))
	p := serveWith(t, strings.Replace(twoPorts, `profile = "extended"`, "profile = \"extended\"\nserials = [\"1*\"]", 1)+`
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
`, map[string]string{"gateway.crt": certificate, "gateway.key": key})
	p.simulated(20, 200*time.Millisecond)
	await(t, "the fleet", func() bool { return p.metrics()["trama_masters_online"] == 20 })
	stranger, station := p.dial("field"), p.dial("sl651")
	stranger.send(fromHex(t, measurement(20000001, 1)))
	station.send(fromHex(t, unreadableLive[2].send))
	station.receive(4)
	p.cli("cursors", "set", "bill", "1").want(t, 0)
	p.cli("kick", "1").want(t, 0)
	return p
}

func TestPrometheusAnswersEachExpression(t *testing.T) {
	p := watched(t)
	dir := t.TempDir()
	files, err := filepath.Glob("../../deploy/prometheus/*.yml")
	if err != nil || len(files) < 4 {
		t.Fatalf("%v %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(file) == "prometheus.yml" {
			for old, now := range map[string]string{"127.0.0.1:8686": strings.TrimPrefix(p.addresses.Admin, "http://"), "_interval: 15s": "_interval: 1s"} {
				if !bytes.Contains(text, []byte(old)) {
					t.Fatalf("%s does not say %s", file, old)
				}
				text = bytes.ReplaceAll(text, []byte(old), []byte(now))
			}
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(file)), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	token := p.cli("token", "add", "prometheus", "--role", "read")
	if err := os.WriteFile(filepath.Join(dir, "trama.token"), []byte(token.stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(300 * time.Millisecond):
				p.cli("send", "10000002", "A").want(t, 0, "done")
			}
		}
	}()
	t.Cleanup(func() { close(stop); <-stopped })
	classic := scraping(t, dir, "classic")
	native := scraping(t, dir, "native", "--enable-feature=native-histograms")

	t.Run("promtool", func(t *testing.T) {
		tool(t, nil, "promtool", "check", "config", filepath.Join(dir, "prometheus.yml"))
		tool(t, nil, "promtool", "check", "rules", filepath.Join(dir, "trama.rules.yml"))
		tool(t, nil, "promtool", "test", "rules", filepath.Join(dir, "trama.rules.test.yml"), filepath.Join(dir, "trama.rules.days.test.yml"))
		tool(t, p.scrape(), "promtool", "check", "metrics")
	})
	classic.await()
	native.await()
	t.Run("rules", func(t *testing.T) { rulesAnswer(t, classic) })
	t.Run("operations", func(t *testing.T) { operationsAnswer(t, classic) })
	t.Run("values", func(t *testing.T) { valuesAnswer(t, p, strings.TrimSpace(token.stdout)) })
	t.Run("native histograms", func(t *testing.T) {
		for _, name := range []string{"trama_acknowledgement_seconds", "trama_journal_commit_seconds", "trama_command_seconds"} {
			if got := native.query(name + "_bucket"); len(got) != 0 {
				t.Errorf("the manual says that there are no fixed buckets beside native ones: %v", got)
			}
			if got := native.query("histogram_quantile(0.99, rate(" + name + "[10s]))"); len(got) != 1 || got[0] <= 0 {
				t.Errorf("the quantile of %s is %v", name, got)
			}
		}
	})
}

// rulesAnswer holds that each alert can be evaluated, and that what it compares is there.
func rulesAnswer(t *testing.T, p *prometheus) {
	var rules struct {
		Groups []struct {
			Rules []struct{ Name, Query, Health, LastError string }
		}
	}
	if err := p.get("/api/v1/rules", &rules); err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, group := range rules.Groups {
		for _, rule := range group.Rules {
			count++
			if rule.Health != "ok" {
				t.Errorf("%s: %s %s", rule.Name, rule.Health, rule.LastError)
			}
			for _, expression := range operands(rule.Query) {
				answers(t, p, rule.Name, expression)
			}
		}
	}
	if count < 20 {
		t.Errorf("%d rules", count)
	}
}

func answers(t *testing.T, p *prometheus, where, expression string) {
	t.Helper()
	if found := p.query(expression); len(found) == 0 && emptyIsGood[expression] == "" {
		t.Errorf("%s: no series for %s", where, expression)
	}
}

func operationsAnswer(t *testing.T, p *prometheus) {
	board := dashboard(t, "operations.json")
	all := collect(board, "expr")
	for _, definition := range collect(board, "definition") {
		all = append(all, strings.TrimSuffix(strings.TrimPrefix(definition, "label_values("), ", instance)"))
	}
	if len(all) < 50 {
		t.Fatalf("%d expressions", len(all))
	}
	for _, expression := range all {
		expression = strings.NewReplacer("$__rate_interval", "10s", "$instance", ".*").Replace(expression)
		if strings.Contains(expression, "$") {
			t.Errorf("a variable that there is not: %s", expression)
		}
		for _, each := range operands(expression) {
			answers(t, p, "operations.json", each)
		}
	}
}

// valuesAnswer asks the daemon what the dashboard of values asks, as its data source does.
func valuesAnswer(t *testing.T, p *program, token string) {
	type query struct {
		URL     string `json:"url"`
		Root    string `json:"root_selector"`
		Columns []struct{ Selector string }
	}
	var queries []query
	var find func(node any)
	find = func(node any) {
		switch v := node.(type) {
		case map[string]any:
			if _, ok := v["root_selector"]; ok {
				var q query
				text, _ := json.Marshal(v)
				if err := json.Unmarshal(text, &q); err != nil {
					t.Fatal(err)
				}
				queries = append(queries, q)
			}
			for _, below := range v {
				find(below)
			}
		case []any:
			for _, below := range v {
				find(below)
			}
		}
	}
	find(dashboard(t, "values.json"))
	if len(queries) < 5 {
		t.Fatalf("%d queries", len(queries))
	}
	const form = "2006-01-02T15:04:05.000Z" // of Grafana
	now := time.Now().UTC()
	fill := strings.NewReplacer("${master}", "10000003", "${point:percentencode}", url.QueryEscape("MS/1/1"),
		"${__from:date:iso}", now.Add(-time.Hour).Format(form), "${__to:date:iso}", now.Add(time.Minute).Format(form))
	sometimes := []string{"title", "unit", "reason", "detail"}
	for _, q := range queries {
		r, err := http.NewRequest(http.MethodGet, p.addresses.Admin+fill.Replace(q.URL), nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		var whole any
		err = json.NewDecoder(answer.Body).Decode(&whole)
		_ = answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %s %v %v", r.URL, answer.Status, err, whole)
			continue
		}
		rows, _ := whole.([]any)
		if q.Root != "" {
			rows, _ = whole.(map[string]any)[q.Root].([]any)
		}
		if len(rows) == 0 {
			t.Errorf("%s: no rows", r.URL)
			continue
		}
		for _, column := range q.Columns {
			there := slices.ContainsFunc(rows, func(row any) bool { return row.(map[string]any)[column.Selector] != nil })
			if !there && !slices.Contains(sometimes, column.Selector) {
				t.Errorf("%s: no row has %s: %v", r.URL, column.Selector, rows[0])
			}
		}
	}
}
