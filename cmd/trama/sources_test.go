package main

import (
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"trama/actors"
)

// portOf is a configuration of one port of extended masters with further keys.
func portOf(keys string) string {
	return "[admin]\nlisten = \"127.0.0.1:0\"\n[[listener]]\nname = \"field\"\naddress = \"127.0.0.1:0\"\nprofile = \"extended\"\n" + keys
}

// dialFrom is dial from another address of the loopback network.
func (p *program) dialFrom(address, listener string) *peer {
	p.t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	conn, err := d.Dial("tcp", p.addresses.Listeners[listener])
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = conn.Close() })
	return &peer{p.t, conn}
}

// ends waits until the program has closed the connection and wants no byte before.
func (c *peer) ends() {
	c.t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		c.t.Fatal(err)
	}
	n, err := c.Read(make([]byte, 1))
	if n > 0 || err != io.EOF && !errors.Is(err, syscall.ECONNRESET) {
		c.t.Fatalf("%d bytes, %v", n, err)
	}
}

// reports sends a measurement and wants its acknowledgement.
func (c *peer) reports(serial, transaction int) {
	c.t.Helper()
	c.send(fromHex(c.t, measurement(serial, transaction)))
	if got := masked(c.receive(len(receipt(serial, transaction)) / 2)); got != receipt(serial, transaction) {
		c.t.Fatalf("answered %s", got)
	}
}

// field is what is known of the first listener.
func (p *program) field() actors.ListenerInfo {
	p.t.Helper()
	var all []actors.ListenerInfo
	p.get("/api/v1/listeners", &all)
	return all[0]
}

// remotes are the addresses of the live connections.
func (p *program) remotes() (all []string) {
	p.t.Helper()
	var list []actors.ConnectionInfo
	p.get("/api/v1/connections", &list)
	for _, c := range list {
		all = append(all, c.Remote)
	}
	return all
}

func TestOnlyNamedNetworksMayConnect(t *testing.T) {
	p := serve(t, portOf(`sources = ["127.0.0.2", "10.0.0.0/8"]`))
	for range 3 {
		conn, err := net.Dial("tcp", p.addresses.Listeners["field"])
		if errors.Is(err, syscall.ECONNRESET) { // before connect had returned
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		(&peer{t, conn}).ends()
		_ = conn.Close()
	}
	p.dialFrom("127.0.0.2", "field").reports(1, 1)
	l := p.field()
	if l.Closed["network not allowed"] != 3 || l.Refused != 3 || l.Live != 1 {
		t.Errorf("closed %v, %d refused, %d live", l.Closed, l.Refused, l.Live)
	}
	if n := strings.Count(p.log.String(), "networks that may not connect"); n != 1 {
		t.Errorf("the log tells of it %d times", n)
	}
}

func TestAProxyHeaderCountsFromTheNamedBalancerOnly(t *testing.T) {
	const header = "PROXY TCP4 203.0.113.7 198.51.100.2 40112 12990\r\n"
	p := serve(t, portOf(`sources = ["127.0.0.2", "203.0.113.0/24"]`+"\n"+`proxy_protocol = ["127.0.0.3"]`))

	balanced := p.dialFrom("127.0.0.3", "field")
	balanced.send([]byte(header))
	balanced.reports(1, 1)
	if got := p.remotes(); len(got) != 1 || got[0] != "203.0.113.7:40112" {
		t.Errorf("remotes %q", got)
	}
	_ = balanced.Close()
	await(t, "the end", func() bool { return len(p.remotes()) == 0 })

	direct := p.dialFrom("127.0.0.2", "field")
	direct.send([]byte(header))
	direct.reports(2, 1)
	if got := p.remotes(); len(got) != 1 || got[0] != direct.LocalAddr().String() {
		t.Errorf("remotes %q", got)
	}
	if l := p.field(); l.Skipped != uint64(len(header)) {
		t.Errorf("%d bytes of the header are noise", l.Skipped)
	}

	foreign := p.dialFrom("127.0.0.3", "field")
	foreign.send([]byte("PROXY TCP4 198.51.100.9 198.51.100.2 40112 12990\r\n"))
	foreign.ends()
	own := p.dialFrom("127.0.0.3", "field")
	own.send([]byte("PROXY UNKNOWN\r\n")) // its own check: its own address counts
	own.ends()
	bare := p.dialFrom("127.0.0.3", "field")
	bare.send(fromHex(t, measurement(3, 1)))
	bare.ends()
	await(t, "the counts", func() bool {
		closed := p.field().Closed
		return closed["network not allowed"] == 2 && closed["refused"] == 1
	})
	if n := len(p.masters()); n != 2 {
		t.Errorf("%d masters", n)
	}
}
