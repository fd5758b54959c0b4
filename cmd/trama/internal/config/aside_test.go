package config

import (
	"reflect"
	"testing"

	"trama/transport"
)

func TestWhatComesBesideTheFramesReachesTheTransport(t *testing.T) {
	c, err := Load("testdata/aside.good.toml")
	if err != nil {
		t.Fatal(err)
	}
	want := []*transport.Aside{
		{HeartbeatBytes: [][]byte{{0xff}, {0xfe}, []byte("ping")}, HeartbeatText: 8, HeartbeatEcho: true,
			Registration: &transport.Registration{Form: transport.FormDigits, Min: 15, Max: 15}},
		{Registration: &transport.Registration{Form: transport.FormText, Min: 4, Max: 32, Before: []byte("REG:"), After: []byte("\r\n"), Repeat: true}},
		nil,
		{Registration: &transport.Registration{Form: transport.FormAlnum, Min: 19, Max: 19}},
		{Registration: &transport.Registration{Form: transport.FormDigits, Min: 15, Max: 15, Before: []byte("\r\n"), After: []byte(" ")}},
	}
	for i, l := range c.Listeners {
		if !reflect.DeepEqual(l.Transport.Aside, want[i]) {
			t.Errorf("%s: %+v, want %+v", l.Name, l.Transport.Aside, want[i])
		}
		if l.FrameNames != (l.Name == "tcp") {
			t.Errorf("%s: %v", l.Name, l.FrameNames)
		}
	}
	// A transaction number of Modbus TCP may begin with any byte, a unit of Modbus RTU with these.
	if first, none := c.Listeners[0].Ambiguous(), c.Listeners[2].Ambiguous(); len(first) == 0 || len(none) != 0 {
		t.Errorf("%x %x", first, none)
	}
}
