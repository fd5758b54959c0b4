package transport

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

func TestARegistrationIsFoundOrRefusedByItsBytes(t *testing.T) {
	imei := Registration{Form: FormDigits, Min: 15, Max: 15}
	tail := Registration{Form: FormText, Min: 1, Max: 8, After: []byte("\r\n")}
	both := Registration{Form: FormText, Min: 2, Max: 8, Before: []byte("REG:"), After: []byte("#")}
	free := Registration{Form: FormAlnum, Min: 2, Max: 5}
	raw := Registration{Form: FormBytes, Min: 3, Max: 3, After: []byte{0x16}}
	for _, c := range []struct {
		r     Registration
		data  string
		final bool
		want  verdict
		n     int
		name  string
	}{
		{imei, "865012345678901", false, whole, 15, "865012345678901"},
		{imei, "865012345678901\x01\x03", false, whole, 15, "865012345678901"},
		{imei, "86501234567890", false, begun, 0, ""},
		{imei, "86501234567890", true, refused, 0, ""},
		{imei, "8650123456789\x01", false, refused, 0, ""},
		{imei, "\x01\x03", false, refused, 0, ""},
		{tail, "site-1\r\n\x01", false, whole, 8, "site-1"},
		{tail, "site-1\r", false, begun, 0, ""},
		{tail, "site-1\r\x01", false, refused, 0, ""},
		{tail, "site-1234", false, begun, 0, ""},
		{tail, "site-1234\r\n", false, refused, 0, ""},
		{tail, "\r\n", false, refused, 0, ""},
		{both, "RE", false, begun, 0, ""},
		{both, "RX", false, refused, 0, ""},
		{both, "REG:tank#", false, whole, 9, "tank"},
		{both, "REG:t#", false, refused, 0, ""},
		{both, "REG:12345678#", false, whole, 13, "12345678"},
		{both, "REG:12345678", false, begun, 0, ""},
		{both, "REG:123456789", false, refused, 0, ""},
		{free, "ab", false, begun, 0, ""},
		{free, "ab", true, whole, 2, "ab"},
		{free, "ab\x01", false, whole, 2, "ab"},
		{free, "abcdefg", false, whole, 5, "abcde"},
		{free, "a\x01", false, refused, 0, ""},
		{raw, "\x16\x16\x01\x16", false, whole, 4, "161601"},
		{raw, "\x16\x16\x01\x17", false, refused, 0, ""},
		{Registration{Form: FormBCD, Min: 8, Max: 8}, "\x86\x50\x12\x34\x56\x78\x90\x1f", false, whole, 8, "865012345678901"},
	} {
		n, name, v := c.r.match([]byte(c.data), c.final)
		if id := string(c.r.identity(name)); v != c.want || n != c.n || id != c.name {
			t.Errorf("%+v %q: verdict %d, %d bytes, %q; want %d, %d, %q", c.r, c.data, v, n, id, c.want, c.n, c.name)
		}
	}
}

// name answers registrations and frames as they come: "{865012345678901}" and "<abc>".
func name(c *Conn, b *Batch) {
	var out []byte
	registered := b.Registered
	for i := 0; i <= len(b.Frames); i++ {
		for len(registered) > 0 && registered[0].Before == i {
			out = fmt.Appendf(out, "{%s}", registered[0].Identity)
			registered = registered[1:]
		}
		if i < len(b.Frames) {
			out = append(out, b.Frames[i]...)
		}
	}
	_ = c.Write(out)
	b.Release()
}

func TestAsidesAreTakenHoweverTheStreamIsCut(t *testing.T) {
	imei := &Registration{Form: FormDigits, Min: 5, Max: 5}
	word := &Registration{Form: FormText, Min: 3, Max: 32}
	marked := &Registration{Form: FormDigits, Min: 5, Max: 5, Before: []byte("\r\n")}
	raw := &Registration{Form: FormBytes, Min: 8, Max: 8}
	for title, s := range map[string]struct {
		aside        Aside
		stream, want string
		beats, skips uint64
	}{
		"a registration glued to a frame":      {Aside{Registration: imei}, "86501<a><b>", "{86501}<a><b>", 0, 0},
		"a second one is noise":                {Aside{Registration: imei}, "86501<a>86502<b>", "{86501}<a><b>", 0, 5},
		"or not":                               {Aside{Registration: &Registration{Form: FormDigits, Min: 5, Max: 5, Repeat: true}}, "86501<a>86502<b>86501<c>", "{86501}<a>{86502}<b>{86501}<c>", 0, 0},
		"none":                                 {Aside{Registration: imei}, "<a><b>", "<a><b>", 0, 0},
		"behind a heartbeat":                   {Aside{Registration: imei, HeartbeatBytes: [][]byte{{0xff}}}, "\xff86501\xff\xff<a>", "{86501}<a>", 3, 0},
		"behind line ends":                     {Aside{Registration: imei}, "\r\n86501\r\n<a>", "{86501}<a>", 0, 4},
		"behind an echo":                       {Aside{Registration: imei}, "ATE0\r\nOK\r\n86501<a>", "{86501}<a>", 0, 10},
		"behind the mark of a modem":           {Aside{Registration: imei}, "+IPD,5:86501<a>", "{86501}<a>", 0, 7},
		"behind a PROXY line":                  {Aside{Registration: imei}, "PROXY TCP4 192.0.2.1 192.0.2.2 40112 12990\r\n86501<a>", "{86501}<a>", 0, 44},
		"behind other dirt":                    {Aside{Registration: imei}, "\x00\xffIMEI=123 4567 86501;<a>", "{86501}<a>", 0, 17},
		"text behind an echo":                  {Aside{Registration: word}, "AT+CIPSEND=7\r\nOK\r\nsite-1\r<a>", "{site-1}<a>", 0, 19},
		"text behind a mark":                   {Aside{Registration: word}, "+IPD,6:site-1 <a>", "{site-1}<a>", 0, 8},
		"behind dirt, with a mark of its own":  {Aside{Registration: marked}, "OK\r\n\r\n86501<a>", "{86501}<a>", 0, 4},
		"a frame is no dirt":                   {Aside{Registration: imei}, "<a>86501<b>", "<a>{86501}<b>", 0, 0},
		"who talks HTTP has no name":           {Aside{Registration: imei}, "GET /86501 HTTP/1.1\r\nHost: 86501\r\n<a>", "<a>", 0, 34},
		"likewise in words":                    {Aside{Registration: word}, "OPTIONS / HTTP/1.1\r\n<a>", "<a>", 0, 20},
		"behind line ends too":                 {Aside{Registration: word}, "\r\nHEAD / HTTP/1.1\r\n<a>", "<a>", 0, 19},
		"who talks SSH has no name":            {Aside{Registration: word}, "SSH-2.0-Go\r\n<a>", "<a>", 0, 12},
		"who says hello in TLS has no name":    {Aside{Registration: raw}, "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03<a>", "<a>", 0, 10},
		"heartbeats between frames":            {Aside{HeartbeatBytes: [][]byte{{0xff}, []byte("ping")}}, "<a>ping\xff<b>\xffping", "<a><b>", 4, 0},
		"the beginning of one is none":         {Aside{HeartbeatBytes: [][]byte{[]byte("ping")}}, "<a>pin<b>", "<a><b>", 0, 3},
		"one inside a frame is of it":          {Aside{HeartbeatBytes: [][]byte{[]byte("ping")}}, "<ping><b>", "<ping><b>", 0, 0},
		"a frame comes before a heartbeat":     {Aside{HeartbeatBytes: [][]byte{[]byte("<a")}}, "<a><b>", "<a><b>", 0, 0},
		"what the framing refuses is one then": {Aside{HeartbeatBytes: [][]byte{[]byte("<a")}}, "<a-<b>", "<b>", 1, 1},
	} {
		for _, cut := range []string{"whole", "bytes", "random"} {
			if len(s.stream) > 16 && cut != "whole" { // a pause of half a second would make it another stream: the fewer pieces the better
				cut = "halves"
			}
			t.Run(title+"/"+cut, func(t *testing.T) {
				r := start(t, Options{Aside: &s.aside}, name)
				p, c := r.connect()
				for rest := s.stream; len(rest) > 0; {
					n := map[string]int{"whole": len(rest), "bytes": 1, "random": 1 + rand.IntN(7), "halves": 1 + rand.IntN(len(s.stream))}[cut]
					n = min(n, len(rest))
					p.send(rest[:n])
					rest = rest[n:]
				}
				p.expect(s.want)
				eventually(t, "the last heartbeat", func() bool { return c.Stats().Pending == 0 && c.Stats().Received == uint64(len(s.stream)) })
				if n := c.Stats(); n.Beats != s.beats || n.Skipped != s.skips {
					t.Errorf("counts %+v", n.ByteCounts)
				}
			})
		}
	}
}

func TestDirtThatLooksLikeANameIsGivenUpAfterAWhile(t *testing.T) {
	r := start(t, Options{Aside: &Aside{Registration: &Registration{Form: FormDigits, Min: 5, Max: 5}}}, name)
	p, c := r.connect()
	p.send("+CSQ: 20")
	eventually(t, "it is noise", func() bool { return c.Stats().Skipped == 8 })
	p.send("86501<a>")
	p.expect("{86501}<a>")
}

func TestHalfANameBehindDirtIsNone(t *testing.T) {
	r := start(t, Options{Aside: &Aside{Registration: &Registration{Form: FormDigits, Min: 5, Max: 5}}}, name)
	p, _ := r.connect()
	p.send("+CSQ: 2086501<a>")
	p.expect("<a>")
}

func TestHeartbeatsAreEchoedOnRequest(t *testing.T) {
	r := start(t, Options{Aside: &Aside{HeartbeatBytes: [][]byte{[]byte("ping"), {0xfe}}, HeartbeatEcho: true}}, name)
	p, _ := r.connect()
	p.send("ping\xfe")
	p.expect("ping\xfe")
}

func TestTextThatIsNoFrameIsAHeartbeatUpToASize(t *testing.T) {
	r := start(t, Options{Aside: &Aside{HeartbeatText: 8}}, name)
	p, c := r.connect()
	p.send("alive\r\n<a>")
	p.expect("<a>")
	p.send("too much text<b>")
	p.expect("<b>")
	p.send("\x01\x02<c>")
	p.expect("<c>")
	if n := c.Stats(); n.Beats != 1 || n.Aside != 7 || n.Skipped != 15 {
		t.Errorf("counts %+v", n.ByteCounts)
	}
}

func TestAHeartbeatThatCouldBeginAFrameIsTakenWhenNothingFollows(t *testing.T) {
	t.Parallel() // it waits most of the time
	r := start(t, Options{Aside: &Aside{HeartbeatBytes: [][]byte{[]byte("<")}}}, name)
	p, c := r.connect()
	p.send("<a><")
	p.expect("<a>")
	eventually(t, "taken", func() bool { return c.Stats().Beats == 1 })
	p.send("<b>")
	p.expect("<b>")
}

func TestARegistrationOfVaryingSizeEndsWhenNothingFollows(t *testing.T) {
	t.Parallel() // it waits most of the time
	r := start(t, Options{Aside: &Aside{Registration: &Registration{Form: FormAlnum, Min: 3, Max: 20}}}, name)
	p, _ := r.connect()
	p.send("tank7")
	p.expect("{tank7}")
	p.send("<a>")
	p.expect("<a>")
}

func TestHeartbeatsKeepARegisteredPeerAndNobodyElse(t *testing.T) {
	t.Parallel() // it waits most of the time
	const limit = time.Second
	aside := &Aside{HeartbeatBytes: [][]byte{{0xff}}, Registration: &Registration{Form: FormDigits, Min: 5, Max: 5}}
	r := start(t, Options{FirstFrameTimeout: limit, IdleTimeout: limit, Aside: aside}, name)
	p, _ := r.connect()
	p.send("86501")
	p.expect("{86501}")
	for begin := time.Now(); time.Since(begin) < 2*limit; {
		p.send("\xff")
		time.Sleep(limit / 20) // a real pause is what is tested
	}
	if len(r.reasons) != 0 {
		t.Fatalf("closed as %q", <-r.reasons)
	}
	expectClosedAfter(t, r, p, time.Now(), limit/2, CloseIdle)
	begin := time.Now()
	stranger, _ := r.connect()
	drip(stranger, "\xff", 10*time.Millisecond)
	expectClosedAfter(t, r, stranger, begin, limit, CloseFirstFrame)
}

func TestWhatIsNoAsideAfterAllMayStillBeAFrame(t *testing.T) {
	t.Parallel() // it waits most of the time
	const limit = 3 * time.Second
	r := start(t, Options{FrameTimeout: limit, Aside: &Aside{HeartbeatBytes: [][]byte{[]byte("<abcd")}}}, name)
	p, c := r.connect()
	p.send("<abc")
	time.Sleep(asideWait + 100*time.Millisecond) // a real pause is what is tested
	p.send(">")
	p.expect("<abc>")
	begin := time.Now()
	p.send("<ab")
	expectClosedAfter(t, r, p, begin, limit-50*time.Millisecond, CloseFrame)
	if n := c.Stats(); n.CutOff != 3 || n.Beats != 0 {
		t.Errorf("counts %+v", n.ByteCounts)
	}
}

func TestAFrameBehindAHeartbeatThatLooksLikeOneIsNotHeldUp(t *testing.T) {
	t.Parallel() // it waits most of the time
	r := start(t, Options{Cutter: SplitFunc(splitLength), Aside: &Aside{HeartbeatBytes: [][]byte{{0x40}}}}, name)
	p, c := r.connect()
	p.send("\x40\x03ab") // with its heartbeat it looks like a frame of 64 bytes
	p.expect("\x03ab")
	if n := c.Stats(); n.Beats != 1 || n.Skipped != 0 {
		t.Errorf("counts %+v", n.ByteCounts)
	}
}

// What a read of noise costs where a registration is searched; twice as much noise costs twice as much.
func BenchmarkNoiseWhereARegistrationIsSearched(b *testing.B) {
	for _, size := range []int{1000, 2000, 4000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			l := &Listener{options: Options{Aside: &Aside{Registration: &Registration{Form: FormDigits, Min: 5, Max: 20}}}}
			l.framing.Store(&framing{Framing: Framing{MaxFrameBytes: 4096, Cutter: SplitFunc(func([]byte, bool) (int, []byte, error) { return 1, nil, nil })}})
			c := &Conn{listener: l, reading: &reading{}}
			data := bytes.Repeat([]byte{0x81}, size)
			for b.Loop() {
				if done := c.cut(new(Batch), data, cutStream); done.skipped != size {
					b.Fatal(done)
				}
			}
		})
	}
}
