package main

import (
	"strings"
	"testing"
)

// A slip of the person who types is answered with what may be meant.
func TestWhatIsMistypedIsAnsweredWithWhatMayBeMeant(t *testing.T) {
	p := serve(t, twoPorts+"[keys]\n")
	t.Setenv(adminVariable, p.addresses.Admin)
	t.Setenv(configVariable, p.file("config.toml"))
	for _, serial := range []int{12345678, 12345679} {
		c := p.dial("field")
		c.send(fromHex(t, measurement(serial, 1)))
		c.receive(27)
	}
	for _, args := range []string{"cursors set north", "token add night-shift --role read", "keys add 12345678 --generate"} {
		command(t, "", strings.Fields(args)...).want(t, 0)
	}
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"mastres", 2, `unknown command "mastres" of trama; did you mean "masters"?`},
		{"status", 2, `did you mean "masters"?`},
		{"xyzzy", 2, "known are approve, cancel, check"},
		{"journal bakcup x", 2, `unknown command "bakcup" of trama journal; did you mean "backup"?`},
		{"help mastres", 2, `did you mean "masters"?`},
		{"masters --jsn", 2, `unknown flag --jsn of trama masters; did you mean "--json"?`},
		{"masters --limit", 2, "--limit: its value is missing"},
		{"send", 2, "SERIAL and COMMAND are missing: trama send SERIAL COMMAND [KEY=VALUE…]\nsee: trama send --help"},
		{"send 12345678", 2, "COMMAND is missing"},
		{"masters 1 2", 2, `"2" is one argument too many`},
		{"tree --depth x", 2, `--depth: found "x", expected a whole number`},
		{"send 12345678 A --wait 10", 2, `--wait: found "10" without a unit, expected such as "10s" or "10m"`},
		{"masters 1234568", 1, `unknown master: "1234568"; did you mean 12345678?`},
		{"masters 12345687", 1, `did you mean 12345678?`},
		{"send 1234567 A", 1, `did you mean 12345678 or 12345679?`},
		{"forget 12345670", 1, `did you mean 12345678 or 12345679?`},
		{"suspend fild", 1, `unknown listener: "fild", known are compact, field; did you mean "field"?`},
		{"send 12345678 A --listener compct", 1, `did you mean "compact"?`},
		{"shadow field compct", 2, `unknown profile "compct"`},
		{"masters 112345678", 1, `did you mean 12345678?`},
		{"crashes", 0, "no frame has crashed its handler"},
		{"redecode", 0, "every frame of this span could be read when it came"},
		{"shadow fild compact", 1, `did you mean "field"?`},
		{"restart registry", 1, `unknown actor: "registry"; did you mean "trama/registry"?`},
		{"restart trama/regstry", 1, `did you mean "registry"?`},
		{"fault field", 1, `did you mean "trama/listeners/field"?`},
		{"tree --under trama/listeners/feld", 1, `below trama/listeners, known are compact, field; did you mean "field"?`},
		{"cursors remove nroth", 1, `no such cursor: "nroth", known are north; did you mean "north"?`},
		{"token revoke night-shft", 1, `did you mean "night-shift"?`},
		{"token add x --role raed", 2, `--role: found "raed", expected one of read, operate, admin; did you mean "read"?`},
		{"keys remove 12345679", 1, `12345679: no key, known are 12345678; did you mean "12345678"?`},
		{"masters --state ofline", 2, `did you mean "offline"?`},
		{"masters --sort sen", 2, `did you mean "seen"?`},
		{"log-level debgu", 2, `did you mean "debug"?`},
		{"events --kind ofline", 2, `did you mean "offline"?`},
		{"history 12345678 --format csf", 2, `did you mean "csv"?`},
		{"decode --profile extnded 00", 2, `did you mean "extended"?`},
		{"encode --profile extended opeate-relay", 2, `did you mean "operate-relay"?`},
		{"encode --profile extended O RFC=1 SC=1 CC=1 NUT=1 rn=3 OP=1 SD=1", 2, `rn: no such field; did you mean "RN"?`},
		{"send 12345678 O rn=3 op=1", 2, `no such field; did you mean "`},
		{"send 12345678 opeate-relay", 2, `did you mean "operate-relay"?`},
		{"events 1234568", 1, `did you mean 12345678?`},
		{"redecode 1234568", 1, `did you mean 12345678?`},
		{"history 1234568", 1, `did you mean 12345678?`},
		{"history 12345678 --point ms/2/3", 1, `known are AL/2/3, MS/2/3; did you mean "MS/2/3"?`},
		{"history 12345678 --since 1h --until 2h", 2, `--until: found "2h", which lies before --since "1h"`},
		{"events --until 2d", 2, "lies before --since"},
		{"events --kind kick", 0, "no kick events in this span (--since 24h)"},
		{"history 12345678 --until 1h", 0, "nothing was received in this span"},
		{"history 12345678 --point MS/2/3 --bucket 1h --since 2020-01-01 --until 2020-01-02", 0, "no sample has a time in this span"},
	} {
		command(t, "", strings.Fields(c.args)...).want(t, c.code, c.want)
	}
}
