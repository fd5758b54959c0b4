package admission_test

import (
	"fmt"
	"testing"
	"time"

	"trama/actors/admission"
)

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

func TestTheWaitingRoomIsBoundedAndTheLongestSilentGoes(t *testing.T) {
	var r admission.WaitingRoom
	for n := range admission.MostWaiting {
		if !r.See(admission.Waiting{Serial: fmt.Sprint(n), First: noon.Add(time.Duration(n)), Last: noon.Add(time.Duration(n)), Frames: 1}) {
			t.Fatalf("%d was here before", n)
		}
	}
	again := admission.Waiting{Serial: "0", First: noon.Add(time.Hour), Last: noon.Add(time.Hour), Frames: 2}
	if r.See(again) {
		t.Error("0 is new")
	}
	if w, held := r.Get("0"); !held || w.Frames != 3 || !w.First.Equal(noon) || !w.Last.Equal(again.Last) {
		t.Errorf("%+v", w)
	}
	r.See(admission.Waiting{Serial: "one more", Last: noon.Add(time.Hour)})
	if len(r.List()) != admission.MostWaiting || r.Holds("1") || !r.Holds("0") || !r.Holds("2") || !r.Holds("one more") {
		t.Errorf("%d wait", len(r.List()))
	}
	if !r.Remove("2") || r.Remove("2") || r.Holds("2") {
		t.Error("2 is not removed")
	}
}

func TestAPauseIsToldOnce(t *testing.T) {
	p := admission.NewPace(60)
	told, admitted := 0, 0
	at := noon
	for range 600 { // ten a second for a minute
		ok, tell := p.Admit(at)
		if ok {
			admitted++
		}
		if tell {
			told++
		}
		at = at.Add(100 * time.Millisecond)
	}
	if admitted < 118 || admitted > 121 || told != 1 {
		t.Errorf("%d admitted, told %d times", admitted, told)
	}
	at = at.Add(time.Hour)
	for range 61 {
		if _, tell := p.Admit(at); tell {
			told++
		}
	}
	if told != 2 {
		t.Errorf("told %d times", told)
	}
	if ok, _ := admission.NewPace(0).Admit(noon); !ok {
		t.Error("0 is not any number")
	}
}

func TestSerialsAreListedWholeOrByTheirBeginning(t *testing.T) {
	p := admission.Policy{Serials: []string{"1234*", "87654321"}}
	for serial, want := range map[string]bool{"1234": true, "12345678": true, "123": false, "87654321": true, "876543210": false, "": false} {
		if p.Names([]byte(serial)) != want {
			t.Errorf("%q: %v", serial, !want)
		}
	}
	for _, all := range []admission.Policy{{}, {Serials: []string{"*"}}} {
		if !all.Names([]byte("1")) {
			t.Errorf("%q names nobody", all.Serials)
		}
	}
}
