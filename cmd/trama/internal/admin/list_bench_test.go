package admin

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"trama/actors"
	"trama/actors/known"
	"trama/codec"
	"trama/journal"
	"trama/transport"
)

// tenPoints is a profile whose report has ten values.
func tenPoints(tb testing.TB) *codec.Profile {
	tb.Helper()
	fields := make([]string, 10)
	for i := range fields {
		fields[i] = fmt.Sprintf(`{ key = "value_%d", type = "uint16", unit = "°C", scale = 0.1, role = "value" }`, i)
	}
	p, err := codec.Compile("ten.toml", []byte(`
name = "ten"
[frame]
header = [{ key = "serial", type = "uint32", role = "identity" }, { key = "at", type = "time", as = "unix", size = 4, role = "timestamp" }]
[[message]]
name   = "report"
from   = "master"
fields = [`+strings.Join(fields, ",\n")+`]
`))
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// past is a journal with one frame of each of so many masters.
type past struct {
	journal.Memory
	masters int
}

func (p *past) Restore(_ context.Context, _ func(journal.MasterRow) error, frame func(uint64, *journal.Record) *journal.Subject) error {
	now := time.Now()
	for i := range p.masters {
		raw := binary.BigEndian.AppendUint32(nil, uint32(10_000_000+i))
		raw = binary.BigEndian.AppendUint32(raw, uint32(now.Unix()))
		for v := range 10 {
			raw = binary.BigEndian.AppendUint16(raw, uint16(i+v))
		}
		frame(uint64(i+1), &journal.Record{Received: now, Listener: "field", Master: fmt.Sprint(10_000_000 + i), Profile: 1, Raw: raw})
	}
	return nil
}

// told is what an operator has told of so many masters: of each its name, of all their site, and of each profile its points.
func told(tb testing.TB, masters int) *known.Current {
	tb.Helper()
	var text strings.Builder
	text.WriteString("[[master]]\nprofile = \"ten\"\ntags = [\"critical\"]\n")
	for i := range 10 {
		fmt.Fprintf(&text, "[[master.point]]\npoint = \"value_%d\"\nmax = 100\n", i)
	}
	text.WriteString("[[master]]\nprefix = \"10\"\nsite = \"north\"\n")
	for i := range masters {
		fmt.Fprintf(&text, "[[master]]\nserial = \"%d\"\nname = \"pump %d\"\n", 10_000_000+i, i*7919%masters)
	}
	m, err := known.Parse("masters.toml", []byte(text.String()))
	if err != nil {
		tb.Fatal(err)
	}
	var all known.Current
	all.Set(m)
	return &all
}

// What a listing of 20,000 masters with 10 points each costs: a page of it, sorted and filtered too, and all of it.
func BenchmarkMastersAreListed(b *testing.B) {
	g, err := actors.Start(actors.Options{Logger: hclog.NewNullLogger(), Journal: &past{masters: 20_000}, Known: told(b, 20_000), MaxMasters: 1 << 20,
		Listeners: []actors.ListenerOptions{{Profile: tenPoints(b), Transport: transport.Options{Name: "field", Address: "127.0.0.1:0"}}}})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = g.Drain(context.Background()) }()
	options := testOptions(g)
	var asked time.Duration
	options.Clock = func() time.Time { asked += time.Second; return time.Unix(1_800_000_000, 0).Add(asked) } // one caller asks at its leisure
	server := httptest.NewServer(Handler(options))
	defer server.Close()
	for _, query := range []string{"?limit=50", "?limit=50&sort=name", "?limit=50&sort=seen", "?limit=50&site=north&tag=critical&sort=name", "?limit=1000", ""} {
		b.Run("page"+query, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				q, _ := http.NewRequest(http.MethodGet, server.URL+"/api/v1/masters"+query, nil)
				q.Header.Set("Authorization", "Bearer "+testToken)
				r, err := server.Client().Do(q)
				if err != nil {
					b.Fatal(err)
				}
				if n, err := io.Copy(io.Discard, r.Body); err != nil || n < 50_000 || r.Header.Get("X-Total-Count") != "20000" {
					b.Fatal(n, err, r.Status, r.Header)
				}
				_ = r.Body.Close()
			}
		})
	}
}
