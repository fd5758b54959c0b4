//go:build modbus

package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The steps of docs/polling.md have a real Modbus server in points: its configuration and its commands, as
// they stand there.
func TestANewcomerGetsAModbusMeterIntoPointsByThePage(t *testing.T) {
	text, err := os.ReadFile("../../docs/polling.md")
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string) string {
		found := regexp.MustCompile("(?ms)^```" + kind + "\n(.*?)^```$").FindSubmatch(text)
		if found == nil {
			t.Fatalf("the page has no block of %s", kind)
		}
		return string(found[1])
	}
	config := strings.NewReplacer(`":12990"`, `"127.0.0.1:0"`, `"10s"`, `"1s"`).Replace(block("toml"))
	p := serve(t, "[admin]\nlisten = \"127.0.0.1:0\"\n"+config)
	dialOut(t, p.addresses.Listeners["dtu"], meters(t), dtu, 0)
	await(t, "the points", func() bool {
		out := p.cli("masters", dtu).stdout
		return strings.Contains(out, "temperature") && strings.Contains(out, "pump/running")
	})
	time.Sleep(2 * time.Second) // two more rounds
	ran := 0
	for _, line := range strings.Split(strings.TrimSpace(block("sh")), "\n") {
		args := strings.Fields(strings.TrimSuffix(line, "&"))[1:]
		switch args[0] {
		case "check":
			command(t, "", "check", "--config", p.file("config.toml")).want(t, 0, "no problems")
		case "serve":
		default:
			p.cli(args...).want(t, 0, map[string]string{"masters": "poll tank", "history": "level", "polls": "pump"}[args[0]])
		}
		ran++
	}
	if ran != 5 {
		t.Errorf("the page has %d commands", ran)
	}
	p.cli("send", dtu, "read-holding", "unit=1", "start=0", "count=4").want(t, 0, "done")
	p.cli("masters", dtu).want(t, 0, "°C", "m³/h", " m ")
}
