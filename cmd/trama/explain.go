package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"trama/cmd/trama/internal/explain"
	"trama/codec"
	trace "trama/codec/explain"
	"trama/codec/protect"
)

func (a *app) explainCommand() *cobra.Command {
	e := explainer{app: a}
	c := &cobra.Command{
		Use:   "explain [--profile NAME] HEX… | - | @FILE",
		Short: "Show byte by byte what is in frames, and what is wrong with them",
		Long: "explain shows of each byte its place, field, value and meaning, and whether the checksums are right.  The bytes may be a frame,\n" +
			"several, or a stretch of a stream with noise: each byte is accounted for.  A frame that is refused is explained as far as it goes.\n" +
			"Without --profile every known profile is tried (the shipped ones and those of the configuration), and the best one explains.\n" +
			"Blanks, colons, line breaks and 0x in the hexadecimal do not matter; - is standard input, @FILE a file.\n" +
			"Of a protected frame it shows what is not encrypted; with the key of --key it shows whether its tag is right, and the plain frame.\n" +
			"It exits with 1 unless every byte is in a frame that is accepted.",
		Example: "  trama explain --profile modbus-rtu 01 03 02 7f ff d8 34\n" +
			"  trama explain @capture.txt",
		Args: noneEmpty(cobra.MinimumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error { return e.explain(args) },
	}
	f := c.Flags()
	f.StringVarP(&e.profile, "profile", "p", "", "shipped profile, or `path` of a definition; without it the known ones are tried")
	f.StringVar(&e.direction, "direction", "any", "any, uplink (to the server) or downlink (from it)")
	f.StringVar(&e.colour, "color", "auto", "auto (on a terminal, unless NO_COLOR is set), always or never")
	f.BoolVar(&e.json, "json", false, "print JSON")
	e.under.flags(f, ", which frames of suites 10 and 11 do not say")
	f.BoolVar(&e.raw, "raw", false, "standard input or the file holds the bytes themselves, not hexadecimal")
	return c
}

type explainer struct {
	*app
	profile, direction, colour string
	json, raw                  bool
	under                      protection
}

// mostExplained bounds what is explained at once: a ruler is for people.
const mostExplained = 1 << 20

// tolerated is how many profiles that fit equally badly are listed.
const tolerated = 5

func (e *explainer) explain(args []string) error {
	direction, err := parseDirection(e.direction)
	if err != nil {
		return err
	}
	screen, err := e.coloured(e.colour)
	if err != nil {
		return err
	}
	data, err := e.bytes(args)
	if err == nil {
		err = e.under.read()
	}
	if err != nil {
		return err
	}
	var candidates []explain.Candidate
	best := explain.Candidate{Direction: direction}
	if e.profile != "" {
		if best.Profile, err = findProfile(e.profile); err != nil {
			return err
		}
		var hints codec.Around
		if e.under.file != "" {
			hints = codec.Weak
		}
		best.Pieces = trace.Stream(best.Profile, direction, data, hints)
	} else {
		if candidates, err = e.candidates(direction, data); err != nil {
			return err
		}
		candidates = e.opened(candidates)
		best = candidates[0]
	}
	e.open(best)
	if e.json {
		if err := explain.NewReport(best.Profile, best.Direction, data, best.Pieces, candidates).Write(e.jsonOut()); err != nil {
			return err
		}
	} else {
		if candidates != nil {
			e.showCandidates(candidates)
		}
		ruler := explain.Ruler{Out: e.stdout, Colour: screen.Colour}
		ruler.Show(best.Profile, data, best.Pieces)
	}
	for _, piece := range best.Pieces {
		if piece.Trace == nil || piece.Trace.Outcome != trace.Accepted {
			return errSilent
		}
	}
	return nil
}

// open tries the key on each protected frame.
func (e *explainer) open(best explain.Candidate) {
	for _, piece := range best.Pieces {
		if t := piece.Trace; t != nil && t.Outcome == trace.Closed && e.under.file != "" {
			_ = e.under.opens(t.Protected.Head, func(o *protect.Opening) error { return t.Open(best.Profile, o) }) // the trace tells
		}
	}
}

// opened are the candidates under which most reads once the key has opened it; without a key, all.
func (e *explainer) opened(all []explain.Candidate) []explain.Candidate {
	most, best := 0, all
	for _, c := range all {
		e.open(c)
		n := 0
		for _, piece := range c.Pieces {
			if t := piece.Trace; t != nil && t.Protected != nil && t.Outcome == trace.Accepted {
				n++
			}
		}
		if n > most {
			most, best = n, nil
		}
		if n == most && most > 0 {
			best = append(best, c)
		}
	}
	return best
}

// candidates are the profiles that fit at all, the best first; when none does, the one that reads furthest.
func (e *explainer) candidates(direction codec.Direction, data []byte) ([]explain.Candidate, error) {
	all, err := e.knownProfiles()
	if err != nil {
		return nil, err
	}
	var profiles []*codec.Profile
	for _, k := range all {
		profiles = append(profiles, k.Profile)
	}
	directions := []codec.Direction{codec.Uplink, codec.Downlink}
	if direction != codec.Any {
		directions = []codec.Direction{direction}
	}
	ranked := explain.Rank(profiles, directions, data)
	n := 1
	for n < len(ranked) && ranked[n].Class > explain.Foreign {
		n++
	}
	return ranked[:n], nil
}

func (e *explainer) showCandidates(all []explain.Candidate) {
	best := explain.Equals(all)
	switch class := all[0].Class; {
	case class == explain.Foreign:
		e.say("no known profile accepts these bytes; %s reads furthest", all[0].Profile.Name())
		e.say("")
		return
	case class == explain.Partial:
		e.say("no known profile accepts all of these bytes; %s fits best", all[0].Profile.Name())
	case len(best) == 1:
		e.say("%s accepts these bytes", all[0].Profile.Name())
	default:
		e.say("ambiguous: %d ways to read these bytes fit equally well; explained by the first, --profile and --direction choose", len(best))
	}
	n := max(len(best), min(len(all), tolerated))
	for ; all[0].Class > explain.Partial && all[n-1].Class == explain.Partial; n-- {
	}
	all = all[:n]
	e.table("  PROFILE\tDIRECTION:1\tVERDICT\tMESSAGES", len(all), func(i int) []any {
		c := &all[i]
		way := c.Direction.String()
		if c.Direction == codec.Any {
			way = "either"
		}
		return []any{"  " + c.Profile.Name(), way, c.Class, strings.Join(c.Messages(), ", ")}
	})
	e.say("")
}

// bytes are what the arguments, standard input or a file say.
func (e *explainer) bytes(args []string) ([]byte, error) {
	text, from := strings.Join(args, " "), ""
	var in io.Reader
	switch file, isFile := strings.CutPrefix(args[0], "@"); {
	case len(args) == 1 && args[0] == "-":
		in, from = e.stdin, "standard input: "
	case len(args) == 1 && isFile:
		f, err := os.Open(file)
		if err != nil {
			return nil, usageError{err}
		}
		defer func() { _ = f.Close() }()
		in, from = f, file+": "
	case e.raw:
		return nil, usageError{fmt.Errorf("--raw: found bytes on the command line, expected - or @FILE")}
	}
	if in != nil {
		src, err := io.ReadAll(io.LimitReader(in, 8*mostExplained))
		if err != nil {
			return nil, fmt.Errorf("%s%w", from, err)
		}
		if text = string(src); e.raw && text == "" {
			return nil, usageError{fmt.Errorf("%sno bytes", from)}
		}
	}
	data := []byte(text)
	if !e.raw {
		var err error
		if data, err = explain.ParseHex(text); err != nil {
			return nil, usageError{fmt.Errorf("%s%w", from, err)}
		}
	}
	if len(data) > mostExplained {
		return nil, usageError{fmt.Errorf("%s%d bytes, at most %d are explained at once", from, len(data), mostExplained)}
	}
	return data, nil
}
