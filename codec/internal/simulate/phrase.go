package simulate

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"trama/codec/internal/field"
)

// phrase is a text of [simulate] with parts that are filled in.
type phrase []piece

type pieceKind uint8

const (
	pieceText   pieceKind = iota
	pieceNow              // the whole phrase: the time itself
	pieceHeard            // the whole phrase: the last value of a field of the server
	pieceSerial           // digits of the serial
	pieceNumber           // the transaction number
	pieceClock            // the time in digits
	pieceWalk             // a number that wanders in a range
)

type piece struct {
	kind      pieceKind
	text      string // as it stands; layout of a clock; key that is heard
	otherwise string // before anything was heard
	hasOther  bool
	width     int // digits; 0: as many as there are
	low, high float64
	step      float64
	decimals  int
	walk      int
}

var (
	blankPattern = regexp.MustCompile(`\{[^{}]*\}`)
	walkPattern  = regexp.MustCompile(`^(-?\d+(?:\.\d+)?)\.\.(-?\d+(?:\.\d+)?)(?::(\d+(?:\.\d+)?))?$`)
	serialBlank  = regexp.MustCompile(`^serial(?::(\d{1,2}))?$`)
	heardPattern = regexp.MustCompile(`^\$([A-Za-z_][A-Za-z0-9_]*)(?: or (.*))?$`)
	clockPattern = regexp.MustCompile(`YYYY|YY|MM|DD|hh|mm|SSS|ss`)
)

const blanksAllowed = `"now", "$KEY", "$KEY or TEXT", or a text with {serial}, {serial:DIGITS}, {number}, {now:LAYOUT}, {LOW..HIGH}, {LOW..HIGH:STEP}`

// readPhrase reads a text; constant is true when nothing in it is filled in.
func (s *Script) readPhrase(text string) (out phrase, constant bool, err error) {
	if text == "now" {
		return phrase{{kind: pieceNow}}, false, nil
	}
	if strings.HasPrefix(text, "$") {
		m := heardPattern.FindStringSubmatch(text)
		if m == nil {
			return nil, false, fmt.Errorf("%q", text)
		}
		if !slices.Contains(s.Hears, m[1]) {
			s.Hears = append(s.Hears, m[1])
		}
		return phrase{{kind: pieceHeard, text: m[1], otherwise: m[2], hasOther: strings.Contains(text, " or ")}}, false, nil
	}
	at := 0
	for _, place := range blankPattern.FindAllStringIndex(text, -1) {
		if place[0] > at {
			out = append(out, piece{text: text[at:place[0]]})
		}
		blank := text[place[0]+1 : place[1]-1]
		p, ok := s.blank(blank)
		if !ok {
			return nil, false, fmt.Errorf("{%s}", blank)
		}
		out, at = append(out, p), place[1]
	}
	if len(out) == 0 {
		return nil, true, nil
	}
	if at < len(text) {
		out = append(out, piece{text: text[at:]})
	}
	return out, false, nil
}

// blank reads what stands between braces.
func (s *Script) blank(text string) (p piece, ok bool) {
	if m := serialBlank.FindStringSubmatch(text); m != nil {
		p.width, _ = strconv.Atoi(m[1])
		p.kind = pieceSerial
		return p, m[1] == "" || p.width > 0
	}
	if text == "number" {
		return piece{kind: pieceNumber}, true
	}
	if layout, is := strings.CutPrefix(text, "now:"); is {
		return piece{kind: pieceClock, text: layout}, clockPattern.MatchString(layout)
	}
	m := walkPattern.FindStringSubmatch(text)
	if m == nil {
		return p, false
	}
	p.kind, p.walk = pieceWalk, s.walks
	p.low, _ = strconv.ParseFloat(m[1], 64)
	p.high, _ = strconv.ParseFloat(m[2], 64)
	p.decimals = max(decimalsOf(m[1]), decimalsOf(m[2]))
	p.step = math.Pow10(-p.decimals)
	if m[3] != "" {
		p.decimals = max(p.decimals, decimalsOf(m[3]))
		p.step, _ = strconv.ParseFloat(m[3], 64)
	}
	s.walks++
	return p, p.low <= p.high && p.step > 0
}

func decimalsOf(number string) int {
	if dot := strings.IndexByte(number, '.'); dot >= 0 {
		return len(number) - dot - 1
	}
	return 0
}

// say fills a phrase in.
func (ph phrase) say(s *Script, by *Speaker, now time.Time) (any, error) {
	switch first := &ph[0]; first.kind {
	case pieceNow:
		return now, nil
	case pieceHeard:
		if text, ok := by.Heard[first.text]; ok {
			return text, nil
		}
		if !first.hasOther {
			return nil, fmt.Errorf("%w: the server has not said %s yet", field.ErrMissing, first.text)
		}
		return first.otherwise, nil
	}
	var out []byte
	for i := range ph {
		switch p := &ph[i]; p.kind {
		case pieceText:
			out = append(out, p.text...)
		case pieceSerial:
			digits := by.Serial
			if p.width > 0 && len(digits) > p.width {
				digits = digits[len(digits)-p.width:]
			}
			out = append(out, strings.Repeat("0", max(p.width-len(digits), 0))...)
			out = append(out, digits...)
		case pieceNumber:
			out = strconv.AppendUint(out, by.Number, 10)
		case pieceClock:
			out = append(out, clockText(p.text, now, s.zone)...)
		case pieceWalk:
			out = strconv.AppendFloat(out, by.wander(s, p), 'f', p.decimals, 64)
		}
	}
	return string(out), nil
}

// clockText writes a time in the places of a layout.
func clockText(layout string, now time.Time, zone *time.Location) string {
	if zone != nil {
		now = now.In(zone)
	}
	return clockPattern.ReplaceAllStringFunc(layout, func(part string) string {
		switch part {
		case "YYYY":
			return now.Format("2006")
		case "YY":
			return now.Format("06")
		case "MM":
			return now.Format("01")
		case "DD":
			return now.Format("02")
		case "hh":
			return now.Format("15")
		case "mm":
			return now.Format("04")
		case "ss":
			return now.Format("05")
		}
		return fmt.Sprintf("%03d", now.Nanosecond()/1e6)
	})
}

// wander moves a value by at most a tenth of its range, and gives it on its step.
func (by *Speaker) wander(s *Script, p *piece) float64 {
	for len(by.walks) < s.walks {
		by.walks = append(by.walks, math.NaN())
	}
	v, width := by.walks[p.walk], p.high-p.low
	if math.IsNaN(v) {
		v = p.low + by.Random()*width
	} else {
		v += (2*by.Random() - 1) * width / 10
	}
	if v < p.low {
		v = 2*p.low - v
	}
	if v > p.high {
		v = 2*p.high - v
	}
	by.walks[p.walk] = v
	return min(p.low+math.Round((v-p.low)/p.step)*p.step, p.high)
}
