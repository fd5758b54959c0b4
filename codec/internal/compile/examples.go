package compile

import (
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"

	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/schema"
)

// CompileExamples checks that they can be run; whether they hold is said by CheckExamples.
func CompileExamples(src *schema.Reader, d *schema.Definition, p *program.Program) (out []program.Example) {
	known := map[string]bool{}
	for i := range p.Ops {
		known[p.Ops[i].Field.Key] = true
	}
	for _, def := range d.Examples {
		e := program.Example{File: src.File, Line: src.Line(def.Path), Path: def.Path, Title: def.Title,
			Expect: def.Expect, Samples: def.Samples, Arguments: def.Arguments}
		e.Direction = field.Direction(slices.Index(field.DirectionWords, def.Direction))
		var err error
		if e.Frame, err = hexBytes(def.Hex); err != nil {
			src.Problem(def.Path+".hex", field.Quote(def.Hex), "hexadecimal digits, two for each byte")
		}
		if e.Reply, err = hexBytes(def.Reply); err != nil {
			src.Problem(def.Path+".reply", field.Quote(def.Reply), "hexadecimal digits, two for each byte")
		}
		if e.Request, err = hexBytes(def.Request); err != nil {
			src.Problem(def.Path+".request", field.Quote(def.Request), "hexadecimal digits, two for each byte")
		}
		if def.Command != "" {
			if e.Command, _ = p.Command(def.Command); e.Command == nil {
				src.Problem(def.Path+".command", field.Quote(def.Command), "the name of a command", p.OrderNames()...)
			}
		}
		if def.Now != "" {
			if e.Now, err = time.Parse(time.RFC3339, def.Now); err != nil {
				e.Now, err = time.ParseInLocation("2006-01-02T15:04:05", def.Now, p.Zone)
			}
			if err != nil {
				src.Problem(def.Path+".now", field.Quote(def.Now), "RFC 3339, with or without a zone")
			}
		}
		for _, key := range slices.Sorted(maps.Keys(def.Expect)) {
			if !known[key] {
				src.Problem(def.Path+".expect."+key, field.Quote(key), "a field of a message", slices.Sorted(maps.Keys(known))...)
			}
		}
		out = append(out, e)
	}
	return out
}

// hexBytes reads hexadecimal digits; blanks between them are for the eye.
func hexBytes(text string) ([]byte, error) {
	return hex.DecodeString(strings.Join(strings.Fields(text), ""))
}
