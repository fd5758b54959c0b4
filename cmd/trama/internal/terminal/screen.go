package terminal

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
	"golang.org/x/text/width"
)

// Screen is where texts are shown: how wide it is, whether it has colours, and the zone of its times.
type Screen struct {
	Width  int // in characters; 0: nothing is left out and nothing is shortened
	Colour bool
	Zone   *time.Location
}

// narrow is the width of a terminal that does not say how wide it is.
const narrow = 80

// ScreenOf is the terminal behind a file; any other output has no colours and no width, unless COLUMNS says one.
func ScreenOf(out io.Writer) Screen {
	s := Screen{Zone: time.Local}
	if file, ok := out.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		s.Colour = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		if s.Width, _, _ = term.GetSize(int(file.Fd())); s.Width <= 0 { // an error leaves 0
			s.Width = narrow
		}
	}
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		s.Width = n
	}
	return s
}

// Colours of a terminal.
const (
	Faint   = "\x1b[2m"
	Red     = "\x1b[1;31m"
	Green   = "\x1b[32m"
	Yellow  = "\x1b[33m"
	Cyan    = "\x1b[36m"
	noMore  = "\x1b[0m"
	instant = "2006-01-02 15:04:05Z07:00"
)

// Paint puts a text into a colour; what a terminal would obey is shown.
func (s Screen) Paint(colour, text string) string {
	if text = Text(text); !s.Colour || colour == "" || text == "" {
		return text
	}
	return colour + text + noMore
}

// Moment is a time with its zone, to the second; a dash for none.
func (s Screen) Moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(s.Zone).Format(instant)
}

// Precise is Moment to the millisecond.
func (s Screen) Precise(t time.Time) string {
	return t.In(s.Zone).Format("2006-01-02 15:04:05.000Z07:00")
}

// Line is one line, shortened to the width.
func (s Screen) Line(text string) string { return s.Fit(Text(text)) }

// Fit is Line for a text that is fit to be seen and may have colours.
func (s Screen) Fit(text string) string {
	if s.Width > 0 {
		return shorten(text, s.Width)
	}
	return text
}

// Age is a duration to the precision that a reader needs.
func Age(d time.Duration) string {
	switch d = max(d, 0); {
	case d < 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d < time.Hour-time.Second/2: // else it is rounded to 1h0m0s
		return d.Round(time.Second).String()
	case d < 48*time.Hour:
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	}
	return fmt.Sprintf("%dd", d/(24*time.Hour))
}

// Since is the age of a moment; a dash for none.
func Since(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return Age(time.Since(t))
}

// size is how many characters of a screen a text takes: Chinese ones are twice as wide, marks stand on others.
func size(text string) (n int) {
	for _, r := range text {
		n += runeSize(r)
	}
	return n
}

func runeSize(r rune) int {
	if r < 0x300 {
		return 1
	}
	switch kind := width.LookupRune(r).Kind(); {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case kind == width.EastAsianWide, kind == width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// shorten ends a text that is wider than a width with an ellipsis; colours take no room.
func shorten(text string, width int) string {
	at, cut, colour, coloured := 0, 0, false, false
	for i, r := range text {
		switch {
		case r == '\x1b':
			colour, coloured = true, true
		case colour:
			colour = r != 'm'
		default:
			if at += runeSize(r); at > width {
				if text = text[:cut] + "…"; coloured {
					text += noMore
				}
				return text
			}
			if at < width {
				cut = i + utf8.RuneLen(r)
			}
		}
	}
	return text
}
