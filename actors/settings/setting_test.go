package settings_test

import (
	"math"
	"reflect"
	"testing"
	"time"

	"trama/actors/settings"
)

type args = map[string]any

func at(minute int) time.Time { return time.Date(2026, 1, 2, 3, minute, 0, 0, time.UTC) }

func TestASettingStandsAsTheMasterHasAnswered(t *testing.T) {
	s := &settings.Setting{Name: "set-levels"}
	expect := func(what string, state settings.State, differences ...settings.Difference) {
		t.Helper()
		if i := s.Info(); i.State != state || len(differences) != len(i.Difference) || len(differences) > 0 && !reflect.DeepEqual(i.Difference, differences) {
			t.Errorf("%s: %s %+v, want %s %+v", what, i.State, i.Difference, state, differences)
		}
	}
	type d = settings.Difference
	s.Set(args{"PRT": 15, "HV": "80"}, "anna", at(1))
	expect("desired", settings.Waiting, d{Argument: "HV", Desired: "80"}, d{Argument: "PRT", Desired: 15})
	s.Acknowledge(args{"PRT": "15", "HV": 80.0}, at(2))
	expect("acknowledged, in other words", settings.Acknowledged)
	s.Acknowledge(args{"PRT": 20, "HV": 80}, at(3))
	expect("somebody has sent something else", settings.Drift, d{Argument: "PRT", Desired: 15, Has: 20})
	s.Acknowledge(args{"PRT": 15, "HV": 80}, at(4))
	expect("told again", settings.Acknowledged)
	s.Set(args{"PRT": 10, "HV": 80}, "ben", at(5))
	expect("something else is desired", settings.Waiting, d{Argument: "PRT", Desired: 10, Has: 15})
	if s.Refuse(args{"PRT": 11, "HV": 80}, 1, at(6)) {
		t.Error("something else was refused, and it counts")
	}
	s.Refuse(args{"PRT": 10, "HV": "80"}, 1, at(6))
	expect("refused", settings.Refused, d{Argument: "PRT", Desired: 10, Has: 15})
	s.Set(args{"PRT": 15, "HV": 80}, "ben", at(7))
	expect("what it has is desired again", settings.Acknowledged)
}

func TestAReportOfSomethingElseIsDrift(t *testing.T) {
	s := &settings.Setting{Name: "set-slaves"}
	s.Set(args{"LS": 5}, "anna", at(1))
	if s.Report("LS", "7", at(2)) || s.State() != settings.Waiting {
		t.Error("a report counts before the acknowledgement:", s.State())
	}
	s.Acknowledge(args{"LS": 5}, at(3))
	for i, c := range []struct {
		report string
		news   bool
		state  settings.State
	}{{"5", true, settings.Acknowledged}, {"5", false, settings.Acknowledged}, {"4", true, settings.Drift}, {"4", false, settings.Drift},
		{"5", true, settings.Acknowledged}} {
		if news := s.Report("LS", c.report, at(4+i)); news != c.news || s.State() != c.state {
			t.Errorf("report %d, %s: %v %s", i, c.report, news, s.State())
		}
	}
}

// A report that shows no argument of the command must stay what it was at first.
func TestAReportOfItsOwnMeaningMustStay(t *testing.T) {
	s := &settings.Setting{Name: "set-sensors"}
	s.Set(args{"SCodeA": 1}, "anna", at(1))
	s.Acknowledge(args{"SCodeA": 1}, at(2))
	s.Report("SL", "7", at(3))
	s.Report("SL", "3", at(4))
	if d := s.Difference(); s.State() != settings.Drift || len(d) != 1 || d[0].Desired != "7" || d[0].Has != "3" || !d[0].Reported {
		t.Errorf("%s %+v", s.State(), d)
	}
	s.Acknowledge(args{"SCodeA": 1}, at(5))
	s.Report("SL", "3", at(6))
	if s.State() != settings.Acknowledged {
		t.Errorf("after another acknowledgement: %s %+v", s.State(), s.Difference())
	}
}

func TestARowHoldsASettingExactly(t *testing.T) {
	code := uint64(2)
	s := settings.Setting{Name: "x", Arguments: args{"big": uint64(math.MaxUint64), "low": int64(math.MinInt64), "f": 0.5, "list": []any{int64(1), "a"}},
		By: "anna", At: at(1), Acknowledged: args{"g": args{"x": int64(1)}}, AcknowledgedAt: at(2), Code: &code, RefusedAt: at(3), Command: 7}
	row, err := s.Row()
	if err != nil {
		t.Fatal(err)
	}
	if back, err := settings.Read(row); err != nil || !reflect.DeepEqual(back, s) {
		t.Errorf("%+v, %v, want %+v", back, err, s)
	}
	if _, err := settings.Read([]byte("{")); err == nil {
		t.Error("half a row is read")
	}
}
