package transport

import "testing"

// The first bytes of a peer: a header that is whole was begun in all that is shorter, is bounded, and does not depend on
// what follows it.
func FuzzProxyHeader(f *testing.F) {
	f.Add([]byte("PROXY TCP4 203.0.113.7 198.51.100.2 40112 12990\r\n<a>"))
	f.Add([]byte("PROXY UNKNOWN\r\n"))
	f.Add([]byte(proxyV2 + "\x21\x11\x00\x0c\xcb\x00\x71\x07\xc6\x33\x64\x02\x9c\xb0\x32\xbe"))
	f.Fuzz(func(t *testing.T, data []byte) {
		n, peer, v := proxyHeader(data)
		switch v {
		case begun:
			if len(data) >= longestProxy {
				t.Fatalf("%d bytes, and more are asked for", len(data))
			}
		case whole:
			if n <= 0 || n > len(data) || n > longestProxy {
				t.Fatalf("a header of %d bytes in %d", n, len(data))
			}
			for k := range n {
				if _, _, v := proxyHeader(data[:k]); v != begun {
					t.Fatalf("%q: verdict %d, and with what follows it is whole", data[:k], v)
				}
			}
			if again, same, v := proxyHeader(data[:n]); again != n || same != peer || v != whole {
				t.Fatalf("%q: %d bytes of %v alone, %d of %v with what follows", data[:n], again, same, n, peer)
			}
		}
	})
}

// The bytes of a modem that gives its name: the name is within its bounds, and what was refused stays so with more bytes.
func FuzzRegistration(f *testing.F) {
	f.Add(uint8(0), uint8(15), uint8(15), []byte(""), []byte(""), []byte("865413050000001<frame>"))
	f.Add(uint8(3), uint8(4), uint8(32), []byte("#"), []byte("\r\n"), []byte("#name\r\n<frame>"))
	f.Add(uint8(6), uint8(8), uint8(8), []byte{0}, []byte{0xff}, []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 0xff})
	f.Fuzz(func(t *testing.T, form, least, most uint8, before, after, data []byte) {
		r := Registration{Form: Form(form % 8), Min: 1 + int(least)%MaxRegistrationBytes, Before: before, After: after}
		r.Max = min(r.Min+int(most), MaxRegistrationBytes)
		n, name, v := r.match(data, false)
		if v == whole && (n > len(data) || n != len(before)+len(name)+len(after) || len(name) < r.Min || len(name) > r.Max) {
			t.Fatalf("%d bytes, name %q", n, name)
		}
		if v == begun && len(data) >= len(before)+r.Max+len(after) {
			t.Fatalf("%d bytes, and more are asked for", len(data))
		}
		for k := range data {
			if _, _, before := r.match(data[:k], false); before == refused && v != refused {
				t.Fatalf("%q is refused, and with what follows it is not", data[:k])
			}
		}
	})
}
