package schedule

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"trama/actors/known"
	"trama/actors/master"
	"trama/codec"
)

const masters = 10_000

// listOf is a poll of 10,000 masters.
func listOf(every time.Duration) *list {
	l := &list{poll: master.NewPoll(master.PollOptions{Poll: &codec.Poll{Name: "levels", Every: every}})}
	for i := range masters {
		m := &master.Master{Serial: fmt.Sprintf("%08d", i)}
		l.slots = append(l.slots, slot{slotOf(m.Serial, l.poll), m})
	}
	slices.SortFunc(l.slots, func(a, b slot) int { return cmp.Compare(a.at, b.at) })
	return l
}

func TestRequestsAreSpreadOverTheInterval(t *testing.T) {
	l := listOf(time.Minute)
	seconds := make([]int, 60)
	for _, s := range l.slots {
		seconds[s.at/time.Second]++
	}
	for at, n := range seconds { // 167 on average, and the deviation of a throw is 13
		if n < 100 || n > 240 {
			t.Errorf("second %d: %d requests", at, n)
		}
	}
	other := master.NewPoll(master.PollOptions{Poll: &codec.Poll{Name: "flows", Every: time.Minute}})
	near := 0
	for _, s := range l.slots {
		if d := slotOf(s.of.Serial, other) - s.at; -time.Second < d && d < time.Second {
			near++
		}
	}
	if near > masters/15 {
		t.Errorf("%d masters are asked two things within a second", near)
	}
}

func TestEachMasterIsAskedOnceInAnInterval(t *testing.T) {
	const every = time.Minute
	l := listOf(every)
	asked := map[*master.Master][]time.Duration{}
	now := time.Duration(0)
	due := func(m *master.Master, _ *master.Poll) { asked[m] = append(asked[m], now) }
	most := 0
	for now = 0; now < 10*every; now += tick {
		if now == 4*every { // it stands still for a while: what has passed is left out
			now += 3*every + every/2
		}
		most = max(most, l.ask(now, mostAtOnce, due))
	}
	if most > mostAtOnce {
		t.Errorf("%d masters in one tick", most)
	}
	for _, s := range l.slots {
		times := asked[s.of]
		if len(times) < 6 || len(times) > 8 {
			t.Fatalf("%s was asked %d times", s.of.Serial, len(times))
		}
		for i, at := range times {
			if i > 0 && at-times[i-1] < every-2*time.Second && at < 7*every {
				t.Fatalf("%s was asked at %s and %s", s.of.Serial, times[i-1], at)
			}
			if late := (at - s.at) % every; late > 2*time.Second && at < 7*every+every/2 {
				t.Fatalf("%s was asked at %s, its slot is %s", s.of.Serial, at, s.at)
			}
		}
	}
}

func TestATickAsksNoMoreThanItMay(t *testing.T) {
	l := listOf(time.Second)
	n, ticks := 0, 0
	for now := time.Duration(0); n < masters; now += tick {
		asked := 0
		if k := l.ask(now, 100, func(*master.Master, *master.Poll) { asked++ }); k != asked || asked > 100 {
			t.Fatalf("%d masters in one tick, %d it says", asked, k)
		}
		if n += asked; ticks > 2*masters/100 {
			t.Fatalf("%d ticks for %d masters", ticks, n)
		}
		ticks++
	}
}

func TestAPollIsForTheMastersThatFitAllItSays(t *testing.T) {
	told := known.Master{Site: "north", Tags: []string{"Pump"}}
	for _, c := range []struct {
		say  master.PollOptions
		want bool
	}{
		{master.PollOptions{}, true},
		{master.PollOptions{Serials: []string{"1234*"}}, true},
		{master.PollOptions{Serials: []string{"99", "12345678"}}, true},
		{master.PollOptions{Serials: []string{"1235*", "1234567"}}, false},
		{master.PollOptions{Site: "north", Tag: "pump"}, true},
		{master.PollOptions{Site: "south", Tag: "pump"}, false},
		{master.PollOptions{Site: "north", Tag: "valve"}, false},
		{master.PollOptions{Serials: []string{"1*"}, Site: "north"}, true},
	} {
		if got := master.NewPoll(c.say).Wants("12345678", told); got != c.want {
			t.Errorf("%+v: %v", c.say, got)
		}
	}
}
