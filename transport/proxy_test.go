package transport

import (
	"encoding/hex"
	"net/netip"
	"testing"
)

const proxyV2 = "\r\n\r\n\x00\r\nQUIT\n"

func TestAProxyHeaderGivesTheAddressOfThePeer(t *testing.T) {
	v4, v6 := netip.MustParseAddrPort("203.0.113.7:40112"), netip.MustParseAddrPort("[2001:db8::7]:443")
	bin := func(text string) string {
		raw, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return proxyV2 + string(raw)
	}
	for _, c := range []struct {
		header string
		want   verdict
		peer   netip.AddrPort
	}{
		{"PROXY TCP4 203.0.113.7 198.51.100.2 40112 12990\r\n", whole, v4},
		{"PROXY TCP6 2001:db8::7 2001:db8::1 443 12990\r\n", whole, v6},
		{"PROXY UNKNOWN\r\n", whole, netip.AddrPort{}},
		{"PROXY UNKNOWN ff::1 ff::2 1 2\r\n", whole, netip.AddrPort{}},
		{"PROXY TCP4 203.0.113.7 198.51.100.2 40112\r\n", refused, netip.AddrPort{}},
		{"PROXY TCP4 203.0.113 198.51.100.2 40112 12990\r\n", refused, netip.AddrPort{}},
		{"PROXY TCP4 203.0.113.7 198.51.100.2 70000 12990\r\n", refused, netip.AddrPort{}},
		{"PROXY UDP4 203.0.113.7 198.51.100.2 40112 12990\r\n", refused, netip.AddrPort{}},
		{bin("2111000ccb007107c63364029cb032be"), whole, v4},
		{bin("21110010cb007107c63364029cb032be03000100"), whole, v4},
		{bin("2121002420010db800000000000000000000000720010db800000000000000000000000101bb32be"), whole, v6},
		{bin("20000000"), whole, netip.AddrPort{}},
		{bin("21310000"), whole, netip.AddrPort{}},
		{bin("2111000bcb007107c63364029cb032"), refused, netip.AddrPort{}},
		{bin("3111000ccb007107c63364029cb032be"), refused, netip.AddrPort{}},
	} {
		n, peer, v := proxyHeader([]byte(c.header))
		if v != c.want || peer != c.peer || v == whole && n != len(c.header) {
			t.Errorf("%q: verdict %d, %d of %d bytes, %v", c.header, v, n, len(c.header), peer)
		}
		if c.want != whole {
			continue
		}
		if n, peer, v := proxyHeader([]byte(c.header + "<a>")); v != whole || peer != c.peer || n != len(c.header) {
			t.Errorf("%q, more behind: verdict %d, %d bytes, %v", c.header, v, n, peer)
		}
		for n := range c.header {
			if _, _, v := proxyHeader([]byte(c.header[:n])); v != begun {
				t.Errorf("%q: verdict %d", c.header[:n], v)
			}
		}
	}
}

func TestAPortBehindABalancerTakesNothingWithoutItsHeader(t *testing.T) {
	r := start(t, Options{Proxy: true, Aside: &Aside{Registration: &Registration{Form: FormDigits, Min: 5, Max: 5}}}, name)
	for _, header := range []string{"PROXY TCP4 203.0.113.7 198.51.100.2 40112 12990\r\n", proxyV2 + "\x21\x11\x00\x0c\xcb\x00\x71\x07\xc6\x33\x64\x02\x9c\xb0\x32\xbe"} {
		for _, cut := range []int{1, len(header)} {
			p, c := r.connect()
			for rest := header; len(rest) > 0; rest = rest[cut:] {
				p.send(rest[:cut])
			}
			p.send("86501<a>")
			p.expect("{86501}<a>")
			if remote := c.Remote().String(); remote != "203.0.113.7:40112" {
				t.Errorf("remote %s", remote)
			}
			if n := c.Stats(); n.Skipped != 0 || int(n.Aside) != len(header)+5 {
				t.Errorf("counts %+v", n.ByteCounts)
			}
		}
	}
	p, c := r.connect()
	p.send("86501<a><b>")
	if rest := p.expectEnd(); rest != "" {
		t.Errorf("answered %q", rest)
	}
	r.expectReason(CloseRefused)
	if _, detail := c.Reason(); detail != "no PROXY header" || c.Stats().Frames != 0 {
		t.Errorf("detail %q, counts %+v", detail, c.Stats().ByteCounts)
	}
}
