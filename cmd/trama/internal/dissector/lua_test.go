package dissector

import (
	"reflect"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// The offsets that a script brings along are those of the zone, on every day of the years they are for.
func TestZonesHaveTheOffsetsOfEveryDay(t *testing.T) {
	for _, name := range []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Shanghai", "Africa/Casablanca"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		var from, offset []int
		for _, pair := range regexp.MustCompile(`\{ (-?\d+), (-?\d+) \}`).FindAllStringSubmatch(string(appendZone(nil, zone)), -1) {
			a, _ := strconv.Atoi(pair[1])
			b, _ := strconv.Atoi(pair[2])
			from, offset = append(from, a), append(offset, b)
		}
		i := 0
		for at := time.Date(firstYear, 1, 1, 0, 0, 0, 0, zone); at.Year() < lastYear; at = at.Add(6 * time.Hour) {
			for i+1 < len(from) && int64(from[i+1]) <= at.Unix() {
				i++
			}
			if _, want := at.Zone(); offset[i] != want {
				t.Fatalf("%s: offset %d at %s, expected %d", name, offset[i], at, want)
			}
		}
	}
	if text := string(appendZone(nil, time.Local)); text != `"local"` {
		t.Errorf("the zone of the machine is %s", text)
	}
	if text := string(appendZone(nil, time.FixedZone("x", -12600))); text != "{ { 12600, -12600 }, }" {
		t.Errorf("a fixed zone is %s", text)
	}
}

func TestLuaTablesLeaveOutWhatIsZero(t *testing.T) {
	type inner struct {
		Until []byte
		Mask  uint64
	}
	type outer struct {
		Name   string
		Kids   []inner
		One    *inner
		Is     [][2]uint64
		Hidden int
		Minus  []int
	}
	got := string(appendLua(nil, reflect.ValueOf(outer{
		Name: "a\"\\\n", Kids: []inner{{[]byte{0, 'x', 0xff}, 1<<40 + 5}}, One: &inner{}, Is: [][2]uint64{{1, 1 << 32}}, Minus: []int{-1, 2},
	}), 0))
	want := `{ name = "a\"\\\010", kids = {
  { ["until"] = "\000x\255", mask = { 256, 5 } },
}, one = { }, is = { { { 0, 1 }, { 1, 0 }, }, }, minus = { -1, 2, } }`
	if got != want {
		t.Errorf("got\n%s\nexpected\n%s", got, want)
	}
}
