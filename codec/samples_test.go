package codec_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"trama/codec"
	"trama/codec/check"
)

// received is when the frames of these tests come.
var received = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// samplesOf lists the samples of a frame: point=value, and its quality where it is not good.
func samplesOf(t *testing.T, p *codec.Profile, frame string) string {
	t.Helper()
	var samples codec.Samples
	p.Samples(decoded(t, p, frame), received, &samples)
	var words []string
	for _, s := range samples.List {
		word := fmt.Sprintf("%s=%s", s.Point, s.Item.Value())
		if s.Quality != codec.Good {
			word += " (" + s.Quality.String() + ")"
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

func TestAFrameHasASampleForEachOfItsValues(t *testing.T) {
	for _, test := range []struct{ profile, frame, want string }{
		{"extended", "0025010000000022222222 01 01 01 6d00 20261130013300 00000001 00 41ac0000", "AL/1/1=0, MS/1/1=21.5"},
		{"extended", "0025010000000022222222 01 02 02 6d00 20261130013301 00000002 00 447a0000", "AL/2/2=0, MS/2/2=1000"},
		{"extended", "0022010000000012345678 01 02 03 6f00 20261123143000 00000013 03 01", "relay/3=on (1)"},
		{"extended", "0022010000000012345678 01 02 03 6f00 20261123143000 00000014 01 00", "relay/1=off (0)"},
		{"compact", "0013010000000012345678 01 02 7300 00 41ac0000", "AL/2=0, MS/2=21.5"},
		{"compact", "0013010000000012345678 01 02 7300 00 7fc00000", "AL/2=0, MS/2=NaN (implausible)"},
		{"mbus", "681b1b68080172785634122440010755000000041331d40000441300000000c316", "status=0, volume_m3=54.321, volume_m3/storage=1=0"},
		{"mbus", "681f1f68 08 02 72 78563412 2440 01 07 55 00 0000 0313153100 da023b1301 8b60043718 02 18 16",
			"status=0, volume_m3=12.565, volume_flow_m3h/maximum/storage=5=0.113, energy_wh/tariff=2/unit=1=218370"},
		{"iec104", "68225a147c000b8703000c00010000be09009009007500002509007500000f0a00ae0500",
			"ioa/1=2494, ioa/2=2448, ioa/3=117, ioa/4=2341, ioa/5=117, ioa/6=2575, ioa/7=1454"},
		{"jt808", "7e02000026123456789012007d02000000010000000200ba7f0e07e4f11c0028003c00001810151010100104000000640202007d01137e",
			"alarm=1, latitude=12.222222, longitude=132.444444, speed=6, mileage=10, oil=12.5"},
		{"teltonika", "000000000000004308020000016b40d57b480100000000000000000000000000000001010101000000000000016b40d5c198010000000000000000000000000000000101010101000000020000252c",
			"lon=0, lat=0, speed=0, value-1=0, lon=0, lat=0, speed=0, value-1=1"},
		{"modbus-rtu", "11 03 04 008d 008e fbbd", "registers/0=141, registers/1=142"},
		{"szy206", "681a68 b3 5303810d00 c0 0059000000 8261100000 0110 6000 004508090a 35 16", "flows/0=5900, flows/1=106182, alarm=4097"},
		{"dlt645", "68 610100000000 68 91 08 33333433 59333333 8a 16", "pos_active_energy_kwh=0.26"},
		{"gt06", "7878 1f 12 0f0a140e150b c5 05e51e78 0293a9e8 00 5400 00f6 01 006e 0055da 0003 5f24 0d0a", "speed_kmh=0 (suspect time), latitude=54.945346666666666 (suspect time), longitude=24.017622222222222 (suspect time)"}, // 2015
		{"hj212", "23233031313253543d33323b434e3d323036313b50573d3132333435363b4d4e3d3031303030304138393030303136463030303136394443303b43503d26264461746154696d653d32303236313133303132303030303b7730313031382d4176673d33382e352c7730313031382d466c61673d4e2626304630300d0a",
			"w01018-Avg/2061=38.5, w01018-Flag/2061=N"},
		{"sl651", "7e7e010012345678123430002b020003591011154947f1f1001234567848f0f0591011154920190000052619000005392300000127381211150320fa",
			"current_rain_mm=0.5 (suspect time), rain_total_mm=0.5 (suspect time), river_level_m=0.127 (suspect time), battery_v=11.15 (suspect time)"}, // 2059
	} {
		if got := samplesOf(t, fresh(t, test.profile), test.frame); got != test.want {
			t.Errorf("%s: %s, want %s", test.profile, got, test.want)
		}
	}
}

// Data of HJ 212 say their time in front: that of an upload after an outage is not the time of its arrival.
func TestDataTimeDatesWhatFollowsIt(t *testing.T) {
	p := fresh(t, "hj212")
	cp := func(pairs ...[2]string) (out []any) {
		for _, pair := range pairs {
			out = append(out, []any{map[string]any{"name": pair[0], "value": pair[1]}})
		}
		return out
	}
	for _, test := range []struct {
		pairs []any
		want  string
	}{
		{cp([2]string{"DataTime", "20261130110000"}, [2]string{"a", "1"}, [2]string{"DataTime", "20261130115900"}, [2]string{"a", "2"}), "a/2061 03:00 good, a/2061 03:59 good"},
		{cp([2]string{"DataTime", "20261330110000"}, [2]string{"a", "1"}), "a/2061 - suspect time"},
		{cp([2]string{"DataTime", "20261130110000123"}, [2]string{"a", "1"}), "DataTime/2061 - good, a/2061 - good"},
	} {
		var f, back codec.Frame
		if err := p.Build(&f, "report", map[string]any{"CN": "2061", "MN": "1", "CP": test.pairs}); err != nil {
			t.Fatal(err)
		}
		if err := p.Decode(codec.Uplink, f.Raw(), &back); err != nil {
			t.Fatal(err)
		}
		var samples codec.Samples
		p.Samples(&back, received, &samples)
		var got []string
		for _, s := range samples.List {
			at := "-"
			if !s.Device.IsZero() {
				at = s.Device.UTC().Format("15:04")
			}
			got = append(got, fmt.Sprintf("%s %s %s", s.Point, at, s.Quality))
		}
		if text := strings.Join(got, ", "); text != test.want {
			t.Errorf("%s, want %s", text, test.want)
		}
	}
}

// A value of every kind is the same after it was kept, and JSON can hold it.
func TestAValueCanBeKeptApartFromItsFrame(t *testing.T) {
	var samples codec.Samples
	for _, name := range codec.ShippedNames() {
		p := fresh(t, name)
		check.SampleFrames(p, codec.Uplink, func(_, _ string, raw []byte) bool {
			var f codec.Frame
			if p.Decode(codec.Uplink, raw, &f) != nil {
				return true
			}
			p.Samples(&f, received, &samples)
			for _, it := range f.Items() {
				v, kept := it.Value(), codec.Value{}
				rest, err := kept.DecodeBinary(append(v.AppendBinary(nil), 7))
				if err != nil || kept != v || len(rest) != 1 {
					t.Errorf("%s: %s: %v, kept %v, %v", name, it.Field.Key, v, kept, err)
				}
				if _, err := json.Marshal(v.Any()); err != nil {
					t.Errorf("%s: %s: %v", name, it.Field.Key, err)
				}
			}
			return true
		})
	}
}

// samplesHold checks that every sample of a frame has a name that can be printed and a value that can be kept, and that the
// memory of another frame changes nothing.
func samplesHold(t testing.TB, p *codec.Profile, f *codec.Frame) {
	t.Helper()
	var alone, used codec.Samples
	p.Samples(f, received, &alone)
	for range 2 {
		p.Samples(f, time.Time{}, &used)
	}
	if len(alone.List) != len(used.List) {
		t.Fatalf("%s %x: %d samples, then %d", p.Name(), f.Raw(), len(alone.List), len(used.List))
	}
	for i := range alone.List {
		one, other := &alone.List[i], &used.List[i]
		v, kept := one.Item.Value(), codec.Value{}
		_, err := kept.DecodeBinary(v.AppendBinary(nil))
		if len(one.Point) == 0 || !utf8.Valid(one.Point) || string(one.Point) != string(other.Point) || !one.Device.Equal(other.Device) || err != nil || kept != v {
			t.Fatalf("%s %x: %q, then %q; %v, then %v; %v, kept %v, %v", p.Name(), f.Raw(), one.Point, other.Point, one.Device, other.Device, v, kept, err)
		}
	}
}
