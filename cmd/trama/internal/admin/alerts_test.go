package admin

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const deploy = "../../../../deploy/"

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// `make metrics` asks a Prometheus for each expression; this finds a name that is none without one.
func TestRulesAndDashboardsNameMetricsThereAre(t *testing.T) {
	known := described(t)
	for i, name := range known {
		known[i], _, _ = strings.Cut(name, "{")
	}
	files, _ := filepath.Glob(deploy + "prometheus/*.yml")
	boards, _ := filepath.Glob(deploy + "grafana/*.json")
	if files = append(files, boards...); len(files) < 6 {
		t.Fatalf("there are only %v", files)
	}
	for _, file := range files {
		for _, name := range regexp.MustCompile(`\btrama_[a-z_]+\b`).FindAllString(readFile(t, file), -1) {
			plain := name
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				if histogram, ok := strings.CutSuffix(name, suffix); ok && strings.HasSuffix(histogram, "_seconds") {
					plain = histogram
				}
			}
			if !slices.Contains(known, plain) {
				t.Errorf("%s names %s, which is no metric", filepath.Base(file), name)
			}
		}
	}
}

func TestEachAlertHasCasesAndASectionOfTheManual(t *testing.T) {
	rules := readFile(t, deploy+"prometheus/trama.rules.yml")
	cases := readFile(t, deploy+"prometheus/trama.rules.test.yml") + readFile(t, deploy+"prometheus/trama.rules.days.test.yml")
	manual := readFile(t, "../../../../docs/metrics.md")
	alerts := regexp.MustCompile(`(?s)- alert: (\w+)\n.*?\n          runbook: (\S+)\n`).FindAllStringSubmatch(rules, -1)
	if len(alerts) != strings.Count(rules, "- alert: ") || len(alerts) == 0 {
		t.Fatalf("%d alerts, of which %d have a runbook", strings.Count(rules, "- alert: "), len(alerts))
	}
	for _, found := range alerts {
		alert, runbook := found[1], found[2]
		if runbook != "docs/metrics.md#"+strings.ToLower(alert) || !strings.Contains(manual, "\n### "+alert+"\n") {
			t.Errorf("%s: the manual has no section at %s", alert, runbook)
		}
		if !strings.Contains(cases, "alertname: "+alert+"\n        exp_alerts:\n          - exp_labels:") {
			t.Errorf("%s: no case raises it", alert)
		}
		if !strings.Contains(cases, "alertname: "+alert+", exp_alerts: []") {
			t.Errorf("%s: no case does not raise it", alert)
		}
	}
	for _, link := range regexp.MustCompile(`\]\(#(tram\w+)\)`).FindAllStringSubmatch(manual, -1) {
		if !strings.Contains(strings.ToLower(manual), "\n### "+link[1]+"\n") {
			t.Errorf("the manual has no section %s", link[1])
		}
	}
}
