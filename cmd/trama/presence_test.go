package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"trama/cmd/trama/internal/admin"
)

// happened lists the kinds of the events of a master, oldest first, with their details.
func (p *program) happened(serial string) (kinds []string, all []admin.Event) {
	p.t.Helper()
	r := p.cli("events", serial, "--json")
	r.want(p.t, 0)
	if err := json.Unmarshal([]byte(r.stdout), &all); err != nil {
		p.t.Fatal(err)
	}
	for _, e := range all {
		kinds = append(kinds, e.Kind)
	}
	return kinds, all
}

func TestAMasterThatFallsSilentIsLateThenOfflineThenBack(t *testing.T) {
	t.Parallel()
	p := serveMasters(t, "[[master]]\nserial = \"12345678\"\nname = \"Pump 3\"\nsite = \"north\"\ninterval = \"1s\"\n")
	c := p.dial("field")
	c.send(fromHex(t, measurement(12345678, 1)))
	c.receive(27)
	p.cli("masters", "12345678", "--json").want(t, 0, `"state":"online"`, `"name":"Pump 3"`, `"site":"north"`, `"interval":"1s"`)
	var kinds []string
	var all []admin.Event
	await(t, "offline", func() bool {
		kinds, all = p.happened("12345678")
		return kinds[len(kinds)-1] == "offline"
	})
	if got := strings.Join(kinds, " "); got != "online late offline" {
		t.Errorf("events: %s", got)
	}
	p.cli("masters", "12345678", "--json").want(t, 0, `"state":"offline"`)
	if !strings.Contains(all[len(all)-1].Detail, "it reports every 1s") {
		t.Errorf("the last event: %+v", all[len(all)-1])
	}
	c.send(fromHex(t, measurement(12345678, 2)))
	c.receive(27)
	await(t, "online again", func() bool { kinds, _ := p.happened("12345678"); return kinds[len(kinds)-1] == "online" })
}

func TestALinkThatComesAndGoesIsShown(t *testing.T) {
	p := serve(t, twoPorts+"[[listener]]\nname = \"reg\"\naddress = \"127.0.0.1:0\"\nprofile = \"compact\"\nregistration = \"imei\"\n")
	const serial = "352887071911111"
	shows := func(part string) func() bool {
		return func() bool { return strings.Contains(p.cli("masters", serial, "--json").stdout, part) }
	}
	for n := range 7 {
		if r := p.cli("masters", serial); strings.Contains(r.stdout, "flapping") {
			t.Errorf("after %d links: %s", n, r.stdout)
		}
		c := p.dial("reg")
		c.send([]byte(serial))
		await(t, "its link", shows(fmt.Sprintf(`"connects":%d,`, n+1)))
		_ = c.Close()
		await(t, "its end", shows(`"links":[]`))
	}
	p.event("flapping")
	p.cli("masters", serial).want(t, 0, "its link comes and goes (trama events "+serial+" --kind flapping)")
	p.cli("masters").want(t, 0, ", flapping")
}

func TestTheAlarmAndTheClockOfADeviceAreEvents(t *testing.T) {
	p := serveMine(t)
	c := p.dial("field")
	for _, frame := range []string{
		"0025010000000012345678010101" + "6d00" + "20991130120000" + "00000001" + "03" + "41ac0000", // its clock is years ahead
		"0025010000000012345678010101" + "6d00" + "20991130120000" + "00000002" + "03" + "41ac0000",
		"0025010000000012345678010101" + "6d00" + "20991130120000" + "00000003" + "00" + "41ac0000",
	} {
		c.send(fromHex(t, frame))
		c.receive(27)
	}
	var kinds []string
	var all []admin.Event
	await(t, "four events", func() bool { kinds, all = p.happened("12345678"); return len(kinds) > 3 })
	if got := strings.Join(kinds, ", "); got != "online, clock off, alarm raised, alarm cleared" {
		t.Errorf("events: %s", got)
	}
	for _, e := range all {
		if e.Kind == "clock off" && !strings.Contains(e.Detail, "days ahead: it says 2099-11-30") || e.Kind == "alarm raised" && e.Detail != "AL/1/1: 3" {
			t.Errorf("%s: %q", e.Kind, e.Detail)
		}
	}
	p.cli("masters", "12345678", "--json").want(t, 0, `"clock_off":true`)
	c.send(fromHex(t, "0025010000000022345678010101"+"6d00"+"20000101120000"+"00000001"+"03"+"41ac0000"))          // its battery is empty
	await(t, "the master", func() bool { return strings.Contains(p.cli("masters", "--json").stdout, "22345678") }) // what comes first may be the time that 12345678 is set to
	await(t, "a dead clock", func() bool { kinds, _ := p.happened("22345678"); return slices.Contains(kinds, "clock off") })
	p.cli("events", "--kind", "ofline").want(t, exitUsage, `--kind: found "ofline", expected one of online, late, offline`, `did you mean "offline"?`)
}

func TestEventsAreFollowedAsTheyHappen(t *testing.T) {
	p := serve(t, twoPorts)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	out := &logBuffer{}
	ended := make(chan int)
	go func() {
		ended <- run(ctx, []string{"events", "--follow", "--kind", "online", "--admin", p.addresses.Admin, "--token-file", p.file("data/admin.token")}, strings.NewReader(""), out, io.Discard)
	}()
	serial := 12345678
	await(t, "an event is shown", func() bool { // the first ones may come before the command
		serial++
		p.dial("field").ask(serial, 1)
		return out.has("online")
	})
	if out.has("start") {
		t.Errorf("%q", out.String())
	}
	cancel()
	if code := <-ended; code != exitDone {
		t.Errorf("exit code %d", code)
	}
}

func TestTwoDevicesWithOneSerialAreAnAlarm(t *testing.T) {
	p := serve(t, twoPorts)
	for number := range 6 {
		p.dial("field").ask(12345678, number+1)
	}
	var all []admin.Event
	await(t, "an alarm", func() bool {
		_, all = p.happened("12345678")
		all = slices.DeleteFunc(all, func(e admin.Event) bool { return e.Kind != "alarm" })
		return len(all) > 0
	})
	if len(all) != 1 || all[0].Reason != "two devices, one serial" || !strings.Contains(all[0].Detail, "5 times in") {
		t.Errorf("alarms: %+v", all)
	}
}

func TestAMasterThatDialsInIsNotOfflineBecauseTheGatewayWasRestarted(t *testing.T) {
	p := serveMasters(t, "[[master]]\nserial = \"12345678\"\ninterval = \"1h\"\n")
	p.dial("field").ask(12345678, 1)
	p.cli("masters", "12345678").want(t, 0, "online")
	p.end()
	p = serveIn(t, p.dir, withMasters)
	p.cli("masters", "12345678").want(t, 0, "away", "every 1h")
	if kinds, _ := p.happened("12345678"); slices.Contains(kinds, "offline") {
		t.Errorf("events: %v", kinds)
	}
}

func TestAnotherSensorDoesNotClearAnAlarm(t *testing.T) {
	p := serve(t, twoPorts)
	c := p.dial("field")
	for _, tail := range []string{
		"0101" + "6d00" + "20261130120000" + "00000001" + "02" + "41ac0000",
		"0202" + "6d00" + "20261130120001" + "00000002" + "00" + "41ac0000",
		"0101" + "6d00" + "20261130120002" + "00000003" + "05" + "41ac0000",
		"0101" + "6d00" + "20261130120003" + "00000004" + "05" + "41ac0000",
	} {
		c.send(fromHex(t, "00250100000000"+"12345678"+"01"+tail))
		c.receive(27)
	}
	p.cli("masters", "12345678", "--json").want(t, 0, `"alarm":5`)
	c.send(fromHex(t, "00250100000000"+"12345678"+"01"+"0101"+"6d00"+"20261130120004"+"00000005"+"00"+"41ac0000"))
	c.receive(27)
	var told []string
	await(t, "three changes", func() bool {
		told = nil
		_, all := p.happened("12345678")
		for _, e := range all {
			if strings.HasPrefix(e.Kind, "alarm") {
				told = append(told, e.Kind+" "+e.Detail)
			}
		}
		return len(told) > 2
	})
	if got, want := strings.Join(told, "; "), "alarm raised AL/1/1: 2; alarm raised AL/1/1: 5, before 2; alarm cleared AL/1/1: it was 5"; got != want {
		t.Errorf("told %s\nwant %s", got, want)
	}
}

func TestAMasterThatNeverReportedIsListed(t *testing.T) {
	p := serveMasters(t, oneMaster+"site = \"south\"\n")
	p.dial("field").ask(22345678, 1)
	p.cli("masters").want(t, 0, "12345678  Pump 3  south  never seen", "22345678")
	p.cli("masters", "--site", "south", "--state", "never seen").want(t, 0, "12345678")
	p.cli("masters", "12345678").want(t, 0, "Pump 3", "never seen", "trama refused")
	var after []struct{ Serial string }
	p.get("/api/v1/masters?sort=site&after=12345678", &after) // sites are "" and "south"
	if len(after) != 0 {
		t.Errorf("behind the last master stand %v", after)
	}
	p.dial("field").ask(12345678, 1)
	p.cli("masters", "--state", "online", "--site", "south").want(t, 0, "12345678")
}
