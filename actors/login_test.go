package actors

import (
	"fmt"
	"testing"
)

// TestLoginNamesTheConnection uses published frames: a tracker that says who it is once, then reports without saying it again.
func TestLoginNamesTheConnection(t *testing.T) {
	g := start(t, "trackers:gt06")
	d := dial(t, g, "trackers")
	d.send("78780d010352887071911998000479d00d0a")
	if got, want := d.receive(10), "7878050100048e710d0a"; got != want {
		t.Fatalf("login: %s, want %s", got, want)
	}
	d.send("78781f120f0a140e150bc505e51e780293a9e800540000f601006e0055da00035f240d0a")
	var info MasterInfo
	await(t, "the position is its", func() bool { info = g.Masters()[0]; return info.Frames == 2 })
	if info.Serial != "0352887071911998" && info.Serial != "352887071911998" {
		t.Errorf("serial %s", info.Serial)
	}
	if len(info.Points) == 0 {
		t.Errorf("no values: %s", fmt.Sprint(info))
	}
}

func TestAnotherFamilyIsAcknowledgedInItsOwnWay(t *testing.T) {
	g := start(t, "vehicles:jt808")
	d := dial(t, g, "vehicles")
	d.send("7e02000026123456789012007d02000000010000000200ba7f0e07e4f11c0028003c00001810151010100104000000640202007d01137e")
	got := d.receive(20)
	if want := "7e80010005123456789012"; got[:len(want)] != want {
		t.Errorf("acknowledgement %s, want %s…", got, want)
	}
	if m, err := g.Master("123456789012"); err != nil || m.State != "online" {
		t.Errorf("%v %+v", err, m)
	}
}
