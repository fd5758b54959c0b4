package terminal_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/text/width"

	"trama/cmd/trama/internal/terminal"
)

// seen is how wide a line is on a terminal.
func seen(line string) (n int) {
	for _, r := range line {
		if unicode.Is(unicode.Mn, r) {
			continue
		}
		if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
			n++
		}
		n++
	}
	return n
}

func table(s terminal.Screen, heading string, rows ...[]any) []string {
	var out strings.Builder
	if err := s.Table(&out, heading, len(rows), func(i int) []any { return rows[i] }); err != nil {
		panic(err) // of a strings.Builder
	}
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}

func TestColumnsGoInTheOrderOfTheirWeight(t *testing.T) {
	const heading = "NAME\tADDRESS:2\tLIVE\tHASH:3\tNOTE:1?\tERROR:1"
	row := []any{"gsm", "127.0.0.1:12986", 1234, "6edc17e9227d", "", "none"}
	other := []any{"compact", "-", 7, "-", nil, strings.Repeat("long ", 20)}
	for _, test := range []struct {
		width int
		want  []string
	}{
		{0, []string{
			"NAME     ADDRESS          LIVE  HASH          ERROR",
			"gsm      127.0.0.1:12986  1234  6edc17e9227d  none",
			"compact  -                   7  -             " + strings.Repeat("long ", 20)[:99]}},
		{80, []string{
			"NAME     ADDRESS          LIVE  HASH          ERROR",
			"gsm      127.0.0.1:12986  1234  6edc17e9227d  none",
			"compact  -                   7  -             long long long long long long lon…"}},
		{60, []string{
			"NAME     ADDRESS          LIVE  ERROR",
			"gsm      127.0.0.1:12986  1234  none",
			"compact  -                   7  long long long long long lo…"}},
		{40, []string{"NAME     LIVE  ERROR", "gsm      1234  none", "compact     7  long long long long long…"}},
		{14, []string{"NAME     LIVE", "gsm      1234", "compact     7"}},
		{8, []string{"NA…  L…", "gsm  …", "co…   7"}},
	} {
		got := table(terminal.Screen{Width: test.width}, heading, row, other)
		if test.width == 8 { // so narrow that nothing is left to choose
			for _, line := range got {
				if seen(line) > 8 {
					t.Errorf("8: %q", line)
				}
			}
			continue
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("width %d: got\n%s\nwant\n%s", test.width, strings.Join(got, "\n"), strings.Join(test.want, "\n"))
		}
	}
}

func TestASerialIsShortenedAfterAllOthers(t *testing.T) {
	long := strings.Repeat("serial", 5)
	s := terminal.Screen{Width: 60, Zone: time.UTC}
	if got := table(s, "SERIAL\tNAME\tVALUES", []any{terminal.Key(long), strings.Repeat("name", 9), strings.Repeat("value", 9)}); !strings.HasPrefix(got[1], long+"  nam") || seen(got[1]) > 60 {
		t.Errorf("%q", got[1])
	}
	s.Width = 20
	if got := table(s, "SERIAL", []any{terminal.Key(long)}); got[1] != long[:19]+"…" {
		t.Errorf("%q", got[1])
	}
}

// With any cells, no row is wider than the screen, and without a width nothing is left out.
func TestNoRowIsWiderThanTheScreen(t *testing.T) {
	words := []string{"", "-", "a", "漢字漢字漢字漢字", "x\x1b[2J", "e\u0301", strings.Repeat("word ", 30), "\xff\n\u202e"}
	for range 2000 {
		n := 1 + rand.IntN(8)
		var heading []string
		for i := range n {
			heading = append(heading, fmt.Sprintf("C%d:%d", i, i)+[]string{"", "?"}[rand.IntN(2)])
		}
		var rows [][]any
		for range rand.IntN(5) {
			var row []any
			for range n {
				row = append(row, []any{words[rand.IntN(len(words))], rand.Int(), time.Now(), time.Hour, terminal.State("online"), nil}[rand.IntN(6)])
			}
			rows = append(rows, row)
		}
		s := terminal.Screen{Width: 30 + rand.IntN(150), Zone: time.UTC}
		for _, line := range table(s, strings.Join(heading, "\t"), rows...) {
			if seen(line) > s.Width {
				t.Fatalf("width %d: %d wide: %q", s.Width, seen(line), line)
			}
		}
		for _, line := range table(terminal.Screen{Zone: time.UTC}, strings.Join(heading, "\t"), rows...) {
			if strings.Contains(line, "…") {
				t.Fatalf("shortened: %q", line)
			}
		}
	}
}

func TestCellsSayWhatTheyAre(t *testing.T) {
	zone := time.FixedZone("", 3600)
	n := uint64(5)
	got := table(terminal.Screen{Colour: true, Zone: zone}, "STATE\tAT\tAGE\tN",
		[]any{terminal.State("online"), time.Unix(0, 0), 90 * time.Second, &n},
		[]any{terminal.State("online, refusing"), time.Time{}, 50 * time.Hour, (*uint64)(nil)},
		[]any{terminal.State("offline"), time.Unix(0, 0), time.Duration(0), uint8(12)})
	want := []string{
		"STATE             AT                         AGE     N",
		"\x1b[32monline\x1b[0m            1970-01-01 01:00:00+01:00  1m30s   5",
		"\x1b[33monline, refusing\x1b[0m  -                          2d      -",
		"\x1b[1;31moffline\x1b[0m           1970-01-01 01:00:00+01:00  0s     12",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestDetailsGoOnInTheNextLine(t *testing.T) {
	var out strings.Builder
	rows := [][2]string{{"serial", "1"}, {"hint", "no frame came with this serial"}, {"x", "averyveryverylongword"}}
	if err := (terminal.Screen{Width: 20}).Details(&out, rows); err != nil {
		t.Fatal(err)
	}
	want := "serial  1\nhint    no frame\n        came with\n        this serial\nx       averyveryve…\n"
	if got := out.String(); got != want {
		t.Errorf("got\n%s", got)
	}
}
