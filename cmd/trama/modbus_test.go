//go:build modbus

package main

import (
	"encoding/csv"
	"flag"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

var (
	pollFor  = flag.Duration("poll-for", 20*time.Second, "how long the Modbus server is polled")
	pollSeed = flag.Uint64("poll-seed", 1, "of the manners of the line")
)

const dtu = "866123456789012"

// every is how often the test polls what: three requests a second.
var every = map[string]string{"one": "1s", "same": "1s", "two": "4s", "inputs": "4s", "typed": "4s", "coils": "4s"}

// lineOfMeters is a configuration that polls the meters of testdata/modbus_server.py.  Polls "one" and "same" differ in
// nothing but their first register.
var lineOfMeters = func() string {
	var b strings.Builder
	b.WriteString(`
[log]
level = "warn"
[admin]
listen = "127.0.0.1:0"
[[listener]]
name = "dtu"
address = "127.0.0.1:0"
profile = "modbus-rtu"
registration = "imei"
`)
	poll := func(name string, unit int, points ...string) {
		fmt.Fprintf(&b, "[[poll]]\nname = %q\nevery = %q\nwait = \"700ms\"\nlistener = \"dtu\"\nfields = { unit = %d }\npoints = [\n  %s,\n]\n",
			name, every[name], unit, strings.Join(points, ",\n  "))
	}
	words := func(name string, unit, first int) {
		var points []string
		for i := range 4 {
			points = append(points, fmt.Sprintf("{ register = %d, name = \"%s/%d\" }", first+i, name, i))
		}
		poll(name, unit, points...)
	}
	words("one", 1, 40001)
	words("same", 1, 40201)
	words("two", 2, 40001)
	words("inputs", 1, 30001)
	poll("typed", 2, `{ register = 40101, name = "float", type = "float32", unit = "m" }`, `{ register = 40121, name = "swapped", type = "float32", order = "cdab" }`,
		`{ register = 40141, name = "scaled", type = "int32", scale = -0.001, offset = 5 }`)
	var coils []string
	for i := range 16 {
		coils = append(coils, fmt.Sprintf("{ register = %d, name = \"coil/%02d\" }", 1+i, i))
	}
	poll("coils", 1, coils...)
	return b.String()
}()

// readAt is the second, of 256, in which a value was read, when it is that of the register of its point.
func readAt(point, value string) (now int, err error) {
	x, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return 0, err
	}
	wrong := func(of float64) (int, error) { return 0, fmt.Errorf("it is the value of another register: %v", of) }
	poll, number, _ := strings.Cut(point, "/")
	if id, is := map[string]int{"one": 7, "same": 7, "two": 11, "inputs": 6}[poll]; is {
		address, _ := strconv.Atoi(number) // made above
		if int(x)>>8 != id<<4|address {
			return wrong(x)
		}
		now = int(x) & 0xff
		if poll == "same" {
			now = 0xff - now
		}
		return now, nil
	}
	switch point {
	case "float":
		x = (x - 11*1000 - 100) * 256
	case "swapped":
		x = (x - 11*1000 - 120) * 256
	case "scaled":
		x = (x-5)*1000 - 11*1000
	}
	if now = int(math.Round(x)); math.Abs(x-float64(now)) > 0.3 || now < 0 || now > 0xff {
		return wrong(x)
	}
	return now, nil
}

// A Modbus server that is not ours answers behind a bridge with the manners of a serial line: every value that is kept is
// that of its register, read when it was asked for, and nothing but what the line has lost is missing.
func TestModbusMetersBehindADialOutBridgeArePolled(t *testing.T) {
	p := serve(t, lineOfMeters)
	b := dialOut(t, p.addresses.Listeners["dtu"], meters(t), dtu, *pollSeed)
	begun := time.Now()
	time.Sleep(*pollFor)
	lasted := time.Since(begun)

	out := p.cli("export", "-", "--since", (lasted + time.Minute).String(), "--serial", dtu)
	out.want(t, 0)
	rows, err := csv.NewReader(strings.NewReader(out.stdout)).ReadAll()
	if err != nil || len(rows) == 0 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	answers, foreign := map[string]int{}, 0
	coils, coilsAt := 0, ""
	for _, row := range rows[1:] {
		point, value, position := row[column["point"]], row[column["value"]], row[column["position"]]
		received, err := time.Parse(time.RFC3339Nano, row[column["received"]])
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(point, "registers/") || strings.HasPrefix(point, "flags") || point == "" {
			foreign++ // answers that came twice, or too late: of no register that is known
			continue
		}
		var now int
		if bit, is := strings.CutPrefix(point, "coil/"); is { // of one number
			if bit == "00" {
				coils, coilsAt = 0, position
			}
			i, _ := strconv.Atoi(bit)
			one, err := strconv.Atoi(value)
			if err != nil || position != coilsAt {
				t.Fatalf("%s=%s at %s", point, value, position)
			}
			if coils |= one << i; i < 15 {
				continue
			}
			if now = coils & 0xff; coils>>8 != 4<<4 {
				t.Errorf("%s: the bits are %#x", position, coils)
			}
		} else if now, err = readAt(point, value); err != nil {
			t.Errorf("%s at %s: %s=%s: %v", position, received, point, value, err)
		}
		if late := (int(received.Unix()) - now) & 0xff; late > 1 { // it waits 700 ms
			t.Errorf("%s at %s: %s=%s was read %d s before", position, received, point, value, late)
		}
		if strings.HasSuffix(point, "/0") || strings.HasPrefix(point, "coil/") || point == "float" {
			answers[point]++
		}
		if point == "float" && row[column["unit"]] != "m" {
			t.Errorf("%s: the unit is %q", position, row[column["unit"]])
		}
	}
	all, lost := 0, b.done("silence", "deaf", "late", "broken", "cut")
	due := int(lasted/time.Second-2) * 3
	for _, point := range []string{"one/0", "same/0", "two/0", "inputs/0", "float", "coil/15"} {
		if all += answers[point]; answers[point] == 0 {
			t.Errorf("no answer for %s", point)
		}
	}
	good := b.done("plain", "echo", "zero", "slow", "doubled")
	fmt.Fprintf(os.Stderr, "polled for %s: %d requests were due, %d came, the line has lost %d, %d are answered, %d rows of %d are of no poll; %v\n",
		lasted.Round(time.Second), due, good+lost, lost, all, foreign, len(rows)-1, b.manners)
	if all > good || all < good-lost-good/50-6 { // behind a lost answer one may be taken for the lost one
		t.Errorf("%d answers were whole, and %d of them are kept as samples", good, all)
	}
	if good+lost < due*3/4 { // behind what the line has lost it is quiet for a second
		t.Errorf("%d requests came, %d were due", good+lost, due)
	}
	p.cli("masters", dtu).want(t, 0, "poll one", "coil/15")
	if listed := p.cli("polls"); t.Failed() {
		t.Logf("%s%s%s", listed.stdout, p.cli("masters", dtu).stdout, p.cli("events").stdout)
	}
}
