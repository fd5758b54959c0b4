package presence_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"trama/actors/presence"
)

// story drives a Watch; the clock stands where it was left.
type story struct {
	t   *testing.T
	w   presence.Watch
	now time.Duration
}

func tell(t *testing.T) *story {
	return &story{t: t, now: time.Hour}
}

func (s *story) want(got []presence.Change, want ...string) {
	s.t.Helper()
	var kinds []string
	for _, c := range got {
		kinds = append(kinds, c.Kind)
	}
	if fmt.Sprint(kinds) != fmt.Sprint(want) {
		s.t.Errorf("at %v: told %v, want %v", s.now, got, want)
	}
}

// reports sends so many frames, one each interval, and looks in between as the gateway does.
func (s *story) reports(n int, every time.Duration) (all []presence.Change) {
	for range n {
		all = append(all, s.pass(every)...)
		all = append(all, s.w.Heard(s.now)...)
	}
	return all
}

// pass lets time pass, with a look whenever one is due.
func (s *story) pass(d time.Duration) (all []presence.Change) {
	end := s.now + d
	for due := s.w.Due(); due != 0 && due <= end; due = s.w.Due() {
		s.now = due
		changes := s.w.Look(s.now)
		if len(changes) == 0 && s.w.Due() == due {
			s.t.Fatalf("a look at %v changes nothing and is due again", due)
		}
		all = append(all, changes...)
	}
	s.now = end
	return all
}

func TestWithoutAnIntervalTheLinkSaysWhetherAMasterIsThere(t *testing.T) {
	s := tell(t)
	s.want(s.w.LinkUp(s.now), "online")
	s.want(s.w.Heard(s.now))
	s.want(s.pass(100 * time.Hour))
	s.want(s.w.LinkDown(s.now, "peer closed", ""), "offline")
	s.want(s.w.LinkUp(s.now), "online")
}

func TestAMasterIsLateAfterTwoAndOfflineAfterFourIntervals(t *testing.T) {
	s := tell(t)
	s.w.Given = 10 * time.Minute
	s.want(s.w.LinkUp(s.now), "online")
	s.want(s.w.Heard(s.now))
	s.want(s.pass(20*time.Minute - time.Second))
	s.want(s.pass(time.Second), "late")
	late := s.w.Heard(s.now)
	s.want(late, "online")
	if late[0].Detail != "after 20m without a frame" {
		t.Errorf("told %q", late[0].Detail)
	}
	s.want(s.pass(20*time.Minute), "late")
	offline := s.pass(20 * time.Minute)
	s.want(offline, "offline")
	if offline[0].Detail != "no frame for 40m, it reports every 10m" {
		t.Errorf("told %q", offline[0].Detail)
	}
	s.want(s.pass(1000 * time.Hour))
}

func TestADeviceThatDialsInForEachReportIsAwayInBetween(t *testing.T) {
	s := tell(t)
	s.w.Given = time.Hour
	s.want(s.w.LinkUp(s.now), "online")
	for range 20 {
		s.want(s.w.Heard(s.now))
		s.want(s.w.LinkDown(s.now, "peer closed", ""))
		if s.w.Shown() != presence.Away {
			t.Fatalf("it is %s", s.w.Shown())
		}
		s.want(s.pass(time.Hour))
		s.want(s.w.LinkUp(s.now))
	}
	s.want(s.w.LinkDown(s.now, "peer closed", ""))
	s.want(s.pass(time.Hour), "late")
	gone := s.pass(2 * time.Hour)
	s.want(gone, "offline")
	if gone[0].Reason != "peer closed" || !strings.HasPrefix(gone[0].Detail, "no frame for 4h") {
		t.Errorf("told %q", gone[0].Detail)
	}
}

func TestAnIntervalIsLearned(t *testing.T) {
	for name, c := range map[string]struct {
		reports func(s *story)
		want    time.Duration
	}{
		"nothing yet":  {func(s *story) { s.reports(4, 10*time.Minute) }, 0},
		"a steady one": {func(s *story) { s.reports(6, 10*time.Minute) }, 10 * time.Minute},
		"nine frames a report": {func(s *story) {
			for range 4 {
				s.reports(1, 10*time.Minute)
				s.reports(8, 2*time.Second)
			}
		}, 10 * time.Minute},
		"one outage":            {func(s *story) { s.reports(8, 10*time.Minute); s.reports(1, 30*time.Hour); s.reports(8, 10*time.Minute) }, 10 * time.Minute},
		"a new, longer habit":   {func(s *story) { s.reports(16, 10*time.Minute); s.reports(40, 24*time.Hour) }, 24 * time.Hour},
		"a new, shorter habit":  {func(s *story) { s.reports(16, time.Hour); s.reports(40, time.Minute) }, time.Minute},
		"in a hurry all along":  {func(s *story) { s.reports(16, 2*time.Second) }, 30 * time.Second},
		"faster than any habit": {func(s *story) { s.reports(100, 100*time.Millisecond) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := tell(t)
			s.w.LinkUp(s.now)
			c.reports(s)
			if got := s.w.Interval(); got != c.want {
				t.Errorf("learned %s, want %s", got, c.want)
			}
		})
	}
}

func TestALinkThatComesAndGoesIsOneEvent(t *testing.T) {
	s := tell(t)
	var told []presence.Change
	for range 100 {
		told = append(told, s.w.LinkUp(s.now)...)
		told = append(told, s.pass(2*time.Second)...)
		told = append(told, s.w.LinkDown(s.now, "peer closed", "")...)
		told = append(told, s.pass(2*time.Second)...)
	}
	if n := len(told); n > 14 || told[n-1].Kind != presence.Flapping {
		t.Errorf("told %d times, at last %v", n, told[n-1])
	}
	s.want(s.pass(10*time.Minute), "offline")
	s.want(s.w.LinkUp(s.now), "online")
}

func TestARestartOfTheGatewayGivesAMasterItsTime(t *testing.T) {
	s := tell(t)
	s.w.LinkUp(s.now)
	s.reports(8, 10*time.Minute)
	var after story
	after.t, after.now = t, s.now+5*time.Hour // the gateway was down
	after.w.Restore(s.w.State, s.now, s.w.Gaps())
	after.w.Began(after.now)
	after.want(after.w.Look(after.now))
	after.want(after.pass(20*time.Minute), "late")
	after.want(after.w.LinkUp(after.now))
	after.want(after.w.Heard(after.now), "online")
	if got := after.w.Interval(); got != 10*time.Minute {
		t.Errorf("it has learned %s", got)
	}
}

// A start reads again what was recorded behind the last state; the time in which there was no gateway is no gap.
func TestTheTimeWithoutAGatewayIsNoInterval(t *testing.T) {
	s := tell(t)
	s.w.LinkUp(s.now)
	s.reports(4, time.Minute)
	s.now += 48 * time.Hour
	s.w.Began(s.now)
	s.w.LinkUp(s.now)
	s.w.Heard(s.now)
	s.reports(3, time.Minute)
	if got := s.w.Interval(); got != time.Minute {
		t.Errorf("it has learned %s", got)
	}
}
