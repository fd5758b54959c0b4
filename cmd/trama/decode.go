package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"trama/cmd/trama/internal/explain"
	"trama/codec"
	"trama/codec/protect"
	"trama/internal/words"
)

func (a *app) decodeCommand() *cobra.Command {
	var profile, direction, request string
	var asJSON bool
	var under protection
	c := &cobra.Command{
		Use:   "decode --profile NAME [HEX…]",
		Short: "Show the fields of frames given in hexadecimal",
		Long: "decode shows the fields of one frame, or of several that follow each other.  Blanks and colons in the hexadecimal do not matter.\n" +
			"Without HEX every line of standard input is taken as one text; empty lines and lines that start with # are passed over.\n" +
			"Protected frames are opened with the key of --key.",
		Example: "  trama decode --profile extended 00250100000000123456780102036d0020261123143000000000070041ac0000",
		RunE: func(_ *cobra.Command, args []string) error {
			d, err := newDecoder(a, profile, direction, asJSON)
			if err == nil {
				err = d.answering(request)
			}
			if err == nil {
				err = under.read()
			}
			if err != nil {
				return err
			}
			d.under = &under
			if len(args) > 0 {
				return d.text(strings.Join(args, ""))
			}
			return d.lines()
		},
	}
	c.Flags().StringVarP(&profile, "profile", "p", "", "shipped profile, or `path` of a definition (required)")
	c.Flags().StringVar(&direction, "direction", "any", "any, uplink (to the server) or downlink (from it)")
	c.Flags().StringVar(&request, "request", "", "the frame in `hex` that these answer, for fields that follow from it")
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object per frame; encode --from-json takes it back")
	under.flags(c.Flags(), ", which frames of suites 10 and 11 do not say")
	return c
}

// decoder shows frames of one profile.
type decoder struct {
	*app
	profile   *codec.Profile
	direction codec.Direction
	json      bool
	request   *codec.Frame // what the frames answer; nil: not known
	under     *protection
	frame     codec.Frame
	shown     int
}

// answering takes the request of --request.
func (d *decoder) answering(text string) error {
	if text == "" {
		return nil
	}
	raw, err := explain.ParseHex(text)
	if err != nil {
		return usageError{fmt.Errorf("--request: %w", err)}
	}
	d.request = new(codec.Frame)
	if err := d.profile.Decode(codec.Downlink, raw, d.request); err != nil {
		return fmt.Errorf("--request: %w", err)
	}
	return nil
}

func newDecoder(a *app, profile, direction string, asJSON bool) (*decoder, error) {
	p, err := findProfile(profile)
	if err != nil {
		return nil, err
	}
	d := &decoder{app: a, profile: p, json: asJSON}
	d.direction, err = parseDirection(direction)
	return d, err
}

func parseDirection(word string) (codec.Direction, error) {
	for _, d := range []codec.Direction{codec.Any, codec.Uplink, codec.Downlink} {
		if d.String() == word {
			return d, nil
		}
	}
	return codec.Any, usageError{fmt.Errorf("--direction: %w", words.OneOf(word, []string{"any", "uplink", "downlink"}))}
}

// lines decodes every line of standard input and goes on after one that is wrong.
func (d *decoder) lines() error {
	in := bufio.NewScanner(d.stdin)
	in.Buffer(nil, 1<<20)
	failed := false
	for n := 1; in.Scan(); n++ {
		line := strings.TrimSpace(in.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		if err := d.text(line); err != nil {
			d.complain("line %d: %v", n, err)
			failed = true
		}
	}
	if err := in.Err(); err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	if failed {
		return errSilent
	}
	return nil
}

// text decodes one frame, or several one after the other.
func (d *decoder) text(text string) error {
	raw, err := explain.ParseHex(text)
	if err != nil {
		return usageError{err}
	}
	whole := d.one(raw)
	if whole == nil {
		return d.show()
	}
	frames := d.cut(raw)
	if len(frames) < 2 {
		return whole
	}
	for _, raw := range frames {
		if err := d.one(raw); err != nil {
			return err
		}
		if err := d.show(); err != nil {
			return err
		}
	}
	return nil
}

// one decodes one frame, and opens it first when it is protected.
func (d *decoder) one(raw []byte) error {
	if l := d.profile.Security(); l == nil || !l.Is(raw) {
		return d.profile.Decode(d.direction, raw, &d.frame)
	}
	if _, found := d.profile.Next(d.direction, raw, codec.Weak, &d.frame); !found || !d.frame.Closed() {
		return fmt.Errorf("the frame is protected, and not one %s",
			map[codec.Direction]string{codec.Uplink: "from a master", codec.Downlink: "from the server"}[d.direction])
	}
	return d.under.opens(d.profile.Head(&d.frame), func(o *protect.Opening) error { return d.profile.Open(&d.frame, o) })
}

// cut splits a text that holds nothing but whole frames; any other gives nil.
func (d *decoder) cut(raw []byte) (frames [][]byte) {
	var hints codec.Around
	if d.under.file != "" {
		hints = codec.Weak
	}
	split := d.profile.Splitter(d.direction, hints)
	for len(raw) > 0 {
		advance, token, err := split(raw, true)
		if err != nil || token == nil || advance != len(token) {
			return nil
		}
		frames = append(frames, token)
		raw = raw[advance:]
	}
	return frames
}

func (d *decoder) show() error {
	if d.request != nil && d.frame.Direction() != codec.Downlink {
		if err := d.profile.Relate(d.request, &d.frame); err != nil {
			return err
		}
	}
	if d.json {
		return d.object()
	}
	if d.shown > 0 {
		d.say("")
	}
	d.shown++
	m := d.frame.Message()
	d.say("%s", strings.TrimSuffix(fmt.Sprintf("%s %s from %s, %d bytes: %s", d.profile.Name(), m.Name, d.frame.From(),
		len(d.frame.Raw()), m.Title), ": "))
	if came := cameUnder(&d.frame); came != nil {
		d.say("protected by %v", came)
	}
	var rows [][]string
	for _, it := range d.frame.Items() {
		rows = append(rows, []string{strings.Repeat("  ", it.Depth) + it.Field.Key, explain.Value(it),
			shownBytes(d.frame.Raw(), it), it.Field.Title})
	}
	d.table(rows)
	if samples := d.samples(); len(samples) > 0 {
		rows = nil
		d.say("samples:")
		for _, s := range samples {
			device := ""
			if !s.Device.IsZero() {
				device = s.Device.Format(time.RFC3339Nano)
			}
			rows = append(rows, []string{s.Point, strings.TrimSpace(s.text + " " + s.Unit), device, s.Quality})
		}
		d.table(rows)
	}
	return nil
}

// table prints rows in columns; a cell of more than 40 characters moves no other row.
func (d *decoder) table(rows [][]string) {
	var widths [4]int
	for _, row := range rows {
		for i, cell := range row {
			if n := utf8.RuneCountInString(cell); n <= 40 {
				widths[i] = max(widths[i], n)
			}
		}
	}
	for _, row := range rows {
		line := ""
		for i, cell := range row {
			line += fmt.Sprintf("  %-*s", widths[i], cell)
		}
		d.say("%s", strings.TrimRight(line, " "))
	}
}

// sample is one value of a point, as JSON shows it.
type sample struct {
	Point   string    `json:"point"`
	Value   any       `json:"value"`
	Unit    string    `json:"unit,omitempty"`
	Device  time.Time `json:"device_time,omitzero"`
	Quality string    `json:"quality"`
	text    string
}

// samples are those of the frame; what a server sends has none.
func (d *decoder) samples() []sample {
	out := []sample{}
	if d.frame.From() == codec.Server {
		return out
	}
	var all codec.Samples
	d.profile.Samples(&d.frame, time.Time{}, &all)
	for _, s := range all.List {
		v := s.Item.Value()
		out = append(out, sample{string(s.Point), v.Any(), s.Item.Field.Unit, s.Device, s.Quality.String(), v.String()})
	}
	return out
}

// object prints the frame as one JSON object.
func (d *decoder) object() error {
	out := json.NewEncoder(d.jsonOut())
	out.SetEscapeHTML(false)
	return out.Encode(struct {
		Profile   string          `json:"profile"`
		Message   string          `json:"message"`
		Direction string          `json:"direction"`
		Fields    json.RawMessage `json:"fields"`
		Samples   []sample        `json:"samples"`

		Protection *came `json:"protection,omitempty"`
	}{d.profile.Name(), d.frame.Message().Name, d.frame.Direction().String(), d.frame.AppendFields(nil), d.samples(),
		cameUnder(&d.frame)})
}

// shownBytes are the bytes of a field as they stand in the frame, with their place.
func shownBytes(raw []byte, it codec.Item) string {
	if it.Len == 0 || it.Off < 0 || it.Off+it.Len > len(raw) || it.Kind == codec.KindList || it.Kind == codec.KindGroup {
		return ""
	}
	return fmt.Sprintf("%d: %x", it.Off, raw[it.Off:it.Off+it.Len])
}
