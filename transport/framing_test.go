package transport

import (
	"strings"
	"sync"
	"testing"
)

func TestABeginningGoesOnUnderTheNewFraming(t *testing.T) {
	tags := make(chan any, 10)
	r := start(t, Options{Tag: "old"}, func(c *Conn, b *Batch) {
		tags <- b.Tag
		echo(c, b)
	})
	p, c := r.connect()
	p.send("<a><b")
	p.expect("<a>")
	eventually(t, "the beginning", func() bool { return c.Stats().Pending == 2 })
	long := strings.Repeat("c", 5000)
	if err := r.SetFraming(Framing{Cutter: SplitFunc(splitBrackets), MaxFrameBytes: 6000, Tag: "new"}); err != nil {
		t.Fatal(err)
	}
	p.send(long + "><d>") // more than the old one would have taken
	p.expect("<b" + long + "><d>")
	if one, two := receive(t, tags), receive(t, tags); one != "old" || two != "new" {
		t.Errorf("cut by %v, then by %v", one, two)
	}
	p.send("<" + long)
	eventually(t, "the beginning", func() bool { return c.Stats().Pending == 5001 })
	if err := r.SetFraming(Framing{Cutter: SplitFunc(splitBrackets), MaxFrameBytes: 10, Tag: "small"}); err != nil {
		t.Fatal(err)
	}
	p.send("><e>")
	p.expect("<e>")
	if n := c.Stats(); n.Skipped != 5002 {
		t.Errorf("counts %+v", n.ByteCounts)
	}
}

func TestAFramingThatCannotBeIsRefused(t *testing.T) {
	r := start(t, Options{}, echo)
	if r.SetFraming(Framing{}) == nil || r.SetFraming(Framing{Cutter: SplitFunc(splitBrackets), MaxFrameBytes: MaxFrameBytesLimit + 1}) == nil {
		t.Error("taken")
	}
	p, _ := r.connect()
	p.send("<a>")
	p.expect("<a>")
}

func TestATapSeesEveryByteThatWasCut(t *testing.T) {
	var mu sync.Mutex
	var seen []byte
	r := start(t, Options{Aside: &Aside{HeartbeatBytes: [][]byte{{0xff}}}}, echo)
	f := r.Framing()
	f.Tap = func(_, at uint64, data []byte, _ bool) {
		mu.Lock()
		defer mu.Unlock()
		if at != uint64(len(seen)) {
			t.Errorf("at %d, %d were seen", at, len(seen))
		}
		seen = append(seen, data...)
	}
	if err := r.SetFraming(f); err != nil {
		t.Fatal(err)
	}
	p, _ := r.connect()
	p.send("<a>--<b>\xff\xff-<c")
	p.expect("<a><b>")
	p.send("><d>-")
	p.expect("<c><d>")
	eventually(t, "all", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return string(seen) == "<a>--<b>-<c><d>-"
	})
}
