package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// Each command that tells the daemon to do something prints JSON and nothing else with --json.
func TestOrdersAnswerInJSON(t *testing.T) {
	p := serve(t, twoPorts)
	c := p.dial("field")
	c.send(fromHex(t, measurement(12345678, 1)))
	c.receive(27)
	var links []struct{ ID uint64 }
	p.get("/api/v1/connections", &links)
	for _, order := range []struct{ args, want string }{
		{"log-level", `"level":"info"`}, {"log-level debug", `"level":"debug"`}, {"suspend compact", `"state":"suspended"`},
		{"resume compact", `"state":"accepting"`}, {"restart trama/registry", `"done":"trama/registry is restarted"`},
		{"fault --on-frame trama/registry/12345678", "fails at its next frame"}, {"cursors set north 0", `"position":0`},
		{"cursors remove north", `"done":"north is forgotten"`}, {"token add x --role read", `"token":`}, {"token revoke x", `"done":"x is revoked"`},
		{fmt.Sprintf("kick %d", links[0].ID), `"done":"connection `}, {"forget 12345678", `"serials":["12345678"]`},
		{"forget --quarantine", `"masters":0`},
	} {
		r := p.cli(append(strings.Fields(order.args), "--json")...)
		r.want(t, 0)
		var into map[string]any
		if err := json.Unmarshal([]byte(r.stdout), &into); err != nil {
			t.Errorf("%s: %v: %s", order.args, err, r.stdout)
		}
		plain, _ := json.Marshal(into) // it was read from JSON
		if !strings.Contains(string(plain), order.want) || r.stderr != "" {
			t.Errorf("%s: %s%s, want %s", order.args, plain, r.stderr, order.want)
		}
	}
	r := p.cli("forget", "00000001", "--json")
	r.want(t, 1, "neither a master nor in quarantine", `"serials": []`)
}
