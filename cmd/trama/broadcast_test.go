package main

import "testing"

func TestABroadcastEndsAsSentAtOnce(t *testing.T) {
	p := serve(t, `
[admin]
listen = "127.0.0.1:0"
[[listener]]
name = "rtu"
address = "127.0.0.1:0"
profile = "modbus-rtu"
registration = "imei"
`)
	c := p.dial("rtu")
	c.send([]byte("866771029500041"))
	await(t, "the modem", func() bool { return p.cli("masters", "866771029500041").code == 0 })
	r := p.cli("send", "866771029500041", "6", "unit=0", "address=5", "value=1", "--wait", "5m")
	r.want(t, 0, "sent: write-register was sent to 866771029500041", "nobody answers it")
	if got := c.receive(8); string(got) != string(fromHex(t, "00060005000159da")) {
		t.Errorf("received %x", got)
	}
}
