package main

import (
	"strings"
	"testing"
)

func TestACandidateIsTriedThenSwappedIn(t *testing.T) {
	p := serveMine(t)
	c := p.dial("field")
	send := func(number int) {
		c.send(fromHex(t, measurement(12345678, number)))
		c.receive(27)
	}
	send(1)
	p.cli("shadow", "field").want(t, 1, "no trial is running on the listener")
	p.write("next.toml", strings.Replace(edited(t), `title = "measured value"`, `title = "measured value", offset = 1`, 1))
	p.cli("shadow", "field", p.file("nothing.toml")).want(t, 2, "nothing.toml")
	p.cli("shadow", "field", p.file("next.toml")).want(t, 1, "the definition does not pass", "next.toml:")
	p.write("next.toml", edited(t, `[[message]]`, "# tried\n[[message]]"))
	p.cli("shadow", "nowhere", p.file("next.toml")).want(t, 1, "unknown listener")
	p.cli("shadow", "field", p.file("next.toml")).want(t, 0, "next.toml runs next to extended", "comparing")
	send(2)
	send(3)
	await(t, "the comparison", func() bool { return strings.Contains(p.cli("shadow", "field").stdout, "same           2") })
	p.cli("shadow", "field", "--json").want(t, 0, `"frames":2,"same":2,"different":0`)
	p.cli("shadow", "field", "--stop", "--promote").want(t, 2, "one of")
	p.cli("shadow", "field", "--promote").want(t, 0, "field: extended is swapped (generation 2,", "1 live connection went along", "before the next reload or restart")
	send(4)
	p.cli("shadow", "field").want(t, 0, "ended", "the listener's profile was swapped")
	p.cli("reload").want(t, 0, "field: extended is swapped (generation 3,")
	p.cli("shadow", "field", "compact").want(t, 0, "compact runs next to extended")
	send(5)
	await(t, "the comparison", func() bool {
		return strings.Contains(p.cli("shadow", "field", "--json").stdout, `"refused_by_candidate":[{`)
	})
	p.cli("shadow", "field", "--stop").want(t, 0, "refused by the candidate: 1", "it was stopped")
	p.cli("shadow", "field").want(t, 1, "no trial is running on the listener")
}
