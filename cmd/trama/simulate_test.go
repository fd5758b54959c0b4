package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"trama/actors"
	"trama/codec"
	"trama/fleet"
)

// simulations is what a fleet of each is to look like from the outside: the identity of the first master, its last message, its values.
var simulations = []struct{ profile, serial, identity, last, values string }{
	{"jt808", "20000001", "013920000001", "location", `alarm=0 latitude=22\.\d+ ° longitude=11[34]\.\d+ ° mileage=10\d+(\.\d)? km oil=\d+(\.\d)? L speed=\d+(\.\d)? km/h`},
	{"gt06", "30000001", "352000030000001", "position", `latitude=22\.\d{1,7} ° longitude=11[34]\.\d{1,7} ° speed_kmh=\d+ km/h`},
	{"sl651", "40000001", "0040000001", "report", `battery_v=1[1-3](\.\d+)? current_rain_mm=\d+(\.\d)? river_level_m=[2-5](\.\d+)?`},
	{"teltonika", "50000001", "353000050000001", "records", `lat=54\.\d+ ° lon=25\.\d+ ° speed=\d+ km/h value-239=1 value-66=1\d{4}`},
	{"hj212", "60000001", "010000A8900016F060000001", "report", `w01018-Flag=N w01018-Rtd=[2-6]\d\.\d w21003-Flag=N w21003-Rtd=[1-5]\.\d\d`},
	{"szy206", "70000001", "3301000100", "report", `alarm=0( \S+=\d+)+`},
}

// families is a daemon with a port for each protocol whose masters are simulated.
func families() string {
	text := "[admin]\nlisten = \"127.0.0.1:0\"\n"
	for _, s := range simulations {
		text += fmt.Sprintf("[[listener]]\nname = %[1]q\naddress = \"127.0.0.1:0\"\nprofile = %[1]q\n", s.profile)
	}
	return text
}

// masters lists what the daemon knows, by serial.
func (p *program) masters() map[string]actors.MasterInfo {
	p.t.Helper()
	var rows []actors.MasterInfo
	if err := json.Unmarshal([]byte(p.cli("masters", "--json").stdout), &rows); err != nil {
		p.t.Fatal(err)
	}
	out := map[string]actors.MasterInfo{}
	for _, row := range rows {
		out[row.Serial] = row
	}
	return out
}

// fleetOf starts masters of a profile against the port of that name; the channel gives what they did.
func (p *program) fleetOf(ctx context.Context, profile string, o fleet.Options) <-chan fleet.Summary {
	p.t.Helper()
	var err error
	if o.Profile, err = codec.Shipped(profile); err != nil {
		p.t.Fatal(err)
	}
	o.Address = p.addresses.Listeners[profile]
	done := make(chan fleet.Summary, 1)
	go func() {
		s, err := fleet.Run(ctx, o)
		if err != nil {
			p.t.Error(err)
		}
		done <- s
	}()
	return done
}

func TestSimulatedMastersOfFieldProtocolsAreAcknowledgedAndShown(t *testing.T) {
	p := serve(t, families())
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var fleets []<-chan fleet.Summary
	for _, s := range simulations {
		fleets = append(fleets, p.fleetOf(ctx, s.profile, fleet.Options{Masters: 3, SerialFrom: s.serial, Every: 20 * time.Millisecond}))
	}
	for _, s := range simulations {
		row := regexp.MustCompile(`(?m)^` + s.identity + ` +online +` + s.profile + ` +` + s.profile + `:\d+ +\S+ +` + s.last + ` .* (` + s.values + `)$`)
		await(t, s.profile+" in the list", func() bool { return row.MatchString(p.cli("masters").stdout) })
		p.cli("masters", s.identity).want(t, 0, "online", "ago, "+s.last, "POINT ", "QUALITY")
	}
	if n := len(p.masters()); n != 3*len(simulations) {
		t.Errorf("%d masters", n)
	}
	stop()
	for i, done := range fleets {
		s := <-done
		if s.Waiting != 0 || s.Sent != s.Acknowledged+s.Unowed || s.Sent < 3 || s.Acknowledged < 3 || s.Resent != 0 || s.Unexpected != 0 || s.Noise != 0 || s.Lost != 0 {
			t.Errorf("%s: %+v", simulations[i].profile, s)
		}
	}
}

func TestSimulateCommandSpeaksFieldProtocols(t *testing.T) {
	p := serve(t, families())
	for _, s := range simulations {
		command(t, "", "simulate", "--profile", s.profile, "--address", p.addresses.Listeners[s.profile], "--masters", "2", "--serial-from", s.serial,
			"--every", "0", "--frames", "5").want(t, 0, "unacknowledged 0", "simulating 2 masters from ", "0 frames that fit nothing, 0 bytes of noise")
		await(t, s.profile+": what is not acknowledged, too", func() bool {
			m := p.masters()[s.identity]
			return m.Frames >= 5 && m.LastMessage == s.last
		})
	}
	command(t, "", "simulate", "--profile", "jt808", "--address", p.addresses.Listeners["jt808"], "--masters", "1", "--serial-from", "013812345678",
		"--every", "0", "--frames", "1").want(t, 0, "from 013812345678 on")
	command(t, "", "simulate", "--profile", "mbus", "--address", p.addresses.Listeners["jt808"]).want(t, 2, "no [simulate] that says what else")
	// What nobody acknowledges is told, and fails.
	deaf, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	command(t, "", "simulate", "--profile", "jt808", "--address", deaf.Addr().String(), "--masters", "1", "--duration", "50ms", "--ack-timeout", "20ms").
		want(t, 1, "no frame was acknowledged: does the port at "+deaf.Addr().String()+" speak profile jt808?")
	// So is why nobody can connect, while it runs too.
	closed := deaf.Addr().String()
	if err := deaf.Close(); err != nil {
		t.Fatal(err)
	}
	command(t, "", "simulate", "--address", closed, "--masters", "1", "--duration", "1s", "--progress-every", "100ms").
		want(t, 1, "connects failed 1  (", "trama: no master could connect: ", "connection refused")
}

func TestSimulatedMastersAnswerCommands(t *testing.T) {
	p := serve(t, families())
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	for _, s := range simulations {
		p.fleetOf(ctx, s.profile, fleet.Options{Masters: 1, SerialFrom: s.serial, Every: time.Hour})
	}
	await(t, "all to report", func() bool {
		ready := 0
		all := p.masters()
		for _, s := range simulations {
			if all[s.identity].LastMessage == s.last {
				ready++
			}
		}
		return ready == len(simulations)
	})
	for _, c := range []struct {
		code  int
		args  string
		parts []string
	}{
		{0, "013920000001 ask-location", []string{"answered ask-location", "latitude=22."}},
		{0, "013920000001 ask-parameters", []string{"param_count=1"}},
		{0, "013920000001 text text_flag=1 text=hello", []string{"ack_id=33536", "result=0"}},
		{0, "352000030000001 command command=WHERE#", []string{"command=OK! 30000001"}},
		{0, "353000050000001 command text=getinfo", []string{"text=OK 50000001"}},
		{0, "013920000001 control-vehicle doors=locked", []string{"vehicle-answer"}},
		{0, "013920000001 track interval=10 duration=600", []string{"ack_id=33282"}},
		{0, "352000030000001 ask-status", []string{"command=OK! 30000001"}},
		{0, "353000050000001 ask-inputs", []string{"text=OK 50000001"}},
		{0, "0040000001 set-time", []string{"addr_id"}},
		{0, "0040000001 ask-values", []string{"river_level_m"}},
		{0, "0040000001 command func=0x4a content=01", []string{"answered command", "content="}},
	} {
		p.cli(append([]string{"send"}, strings.Fields(c.args)...)...).want(t, c.code, c.parts...)
	}
}

// Nobody acknowledges a meter, and a station has an address of two bytes: both obey.
func TestSimulatedMetersAndStationsAnswerCommands(t *testing.T) {
	text := "[admin]\nlisten = \"127.0.0.1:0\"\n"
	for _, name := range []string{"dlt645", "iec104"} {
		text += fmt.Sprintf("[[listener]]\nname = %[1]q\naddress = \"127.0.0.1:0\"\nprofile = %[1]q\n", name)
	}
	p := serve(t, text)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	p.fleetOf(ctx, "dlt645", fleet.Options{Masters: 1, SerialFrom: "20000001", Every: time.Hour})
	p.fleetOf(ctx, "iec104", fleet.Options{Masters: 1, SerialFrom: "10001", Every: time.Hour})
	await(t, "both to report", func() bool { return len(p.masters()) == 2 })
	for _, args := range []string{
		"000020000001 read identifier=02010100", "000020000001 trip password=02000000 until=2099-11-30T12:00:00+08:00",
		"10001 start", "10001 operate object=9 state=on", "10001 operate-double object=9 state=off", "10001 set-float object=3 value=1.5",
		"10001 interrogate", "10001 set-time", "10001 stop",
	} {
		p.cli(append([]string{"send"}, strings.Fields(args)...)...).want(t, 0, "done")
	}
	p.cli("send", "10001", "operate", "object=9").want(t, 2, "state")
}

func TestSimulatedMastersReconnectAndLogInAgain(t *testing.T) {
	p := serve(t, families())
	for _, s := range simulations {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		done := p.fleetOf(ctx, s.profile, fleet.Options{Masters: 2, SerialFrom: s.serial, Every: 5 * time.Millisecond, ReconnectEvery: 20 * time.Millisecond})
		await(t, "three connects", func() bool { return p.masters()[s.identity].Connects >= 3 })
		stop()
		if sum := <-done; sum.Connects < 3 || sum.Waiting != 0 || sum.TurnedAway != 0 || sum.Unexpected != 0 {
			t.Errorf("%s: %+v", s.profile, sum)
		}
	}
}

// A fleet that is started again is not the one that was killed: everything it sends is new, and acknowledged.
func TestAFleetThatIsKilledAndStartedAgainGoesOn(t *testing.T) {
	p := serve(t, families())
	for _, s := range simulations {
		var before uint64
		for run := range 2 {
			ctx, kill := context.WithCancel(t.Context())
			done := p.fleetOf(ctx, s.profile, fleet.Options{Masters: 2, SerialFrom: s.serial, Every: time.Millisecond, Seed: 1})
			await(t, "frames", func() bool { return p.masters()[s.identity].Frames >= before+10 })
			kill()
			if sum := <-done; sum.Waiting != 0 || sum.Unexpected != 0 {
				t.Errorf("%s, run %d: %+v", s.profile, run, sum)
			}
			before = p.masters()[s.identity].Frames
		}
		var rows []actors.ListenerInfo
		if err := json.Unmarshal([]byte(p.cli("listeners", "--json").stdout), &rows); err != nil {
			t.Fatal(err)
		}
		for _, l := range rows {
			if l.Rejected != 0 || l.Skipped != 0 || l.Poisoned != 0 {
				t.Error(fmt.Sprint(l))
			}
		}
	}
}

func TestSimulatedDevicesNeedTheirKeys(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	with := func(more ...string) result {
		return command(t, "", append([]string{"simulate", "--address", "127.0.0.1:1", "--masters", "1", "--duration", "1ms"}, more...)...)
	}
	with("--suite", "20").want(t, 2, "expected --key-dir")
	with("--key-dir", dir).want(t, 2, "key of device 10000001: no key in "+dir+": trama keys add --key-dir "+dir+" --generate 10000001")
	if _, err := os.Stat(filepath.Join(dir, "state")); err == nil {
		t.Error("an empty state is left")
	}
	command(t, "", "keys", "add", "--key-dir", dir, "--generate", "10000001").want(t, 0)
	with("--key-dir", dir, "--suite", "99").want(t, 2, `--suite: found "99", expected 10, 11, 20 or 21`)
	with("--key-dir", dir, "--profile", "gt06").want(t, 2, "frames of profile gt06 are never protected")
	ctx, stop := context.WithCancel(t.Context())
	said, ended := &logBuffer{}, make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"simulate", "--address", "127.0.0.1:1", "--masters", "1", "--key-dir", dir, "--progress-every", "10ms"}, strings.NewReader(""), said, said)
	}()
	await(t, "an attempt", func() bool { return said.has("  (", "connection refused") })
	stop()
	if code := <-ended; code != exitFailed || !said.has("no master could connect") {
		t.Errorf("%d: %s", code, said)
	}
	if _, err := os.Stat(filepath.Join(dir, "state")); err != nil {
		t.Error(err)
	}
}
