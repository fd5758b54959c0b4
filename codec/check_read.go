package codec

import (
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"
)

// example is one [[example]] of a definition: a frame, what it says and how it is answered.
type example struct {
	file      string
	line      int
	path      string
	title     string
	direction Direction
	frame     []byte
	expect    map[string]any
	reply     []byte
	request   []byte // the frame that this one answers
	now       time.Time
}

// compileExamples checks that they can be run; whether they hold is said by CheckExamples.
func compileExamples(src *source, d *definition, p *program) (out []example) {
	known := map[string]bool{}
	for i := range p.ops {
		known[p.ops[i].field.Key] = true
	}
	for _, def := range d.examples {
		e := example{file: src.File, line: src.Line(def.path), path: def.path, title: def.title, expect: def.expect}
		e.direction = Direction(slices.Index(directionWords, def.direction))
		var err error
		if e.frame, err = hexBytes(def.hex); err != nil {
			src.problem(def.path+".hex", quote(def.hex), "hexadecimal digits, two for each byte")
		}
		if e.reply, err = hexBytes(def.reply); err != nil {
			src.problem(def.path+".reply", quote(def.reply), "hexadecimal digits, two for each byte")
		}
		if e.request, err = hexBytes(def.request); err != nil {
			src.problem(def.path+".request", quote(def.request), "hexadecimal digits, two for each byte")
		}
		if def.now != "" {
			if e.now, err = time.Parse(time.RFC3339, def.now); err != nil {
				e.now, err = time.ParseInLocation("2006-01-02T15:04:05", def.now, p.zone)
			}
			if err != nil {
				src.problem(def.path+".now", quote(def.now), "RFC 3339, with or without a zone")
			}
		}
		for _, key := range slices.Sorted(maps.Keys(def.expect)) {
			if !known[key] {
				src.problem(def.path+".expect."+key, quote(key), "a field of a message", slices.Sorted(maps.Keys(known))...)
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
