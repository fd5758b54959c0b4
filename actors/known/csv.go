package known

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Columns are those of a table of masters as CSV: whom a row is about, what holds for the master, and one of its points.
// A master of several points has several rows; what is said of the master need not be said again.
var Columns = []string{"serial", "prefix", "profile", "name", "site", "tags", "interval", "delivery_window", "point", "point_name", "unit",
	"scale", "min", "max"}

// columns that stand in the table of a point, and their keys there.
var pointKeys = map[string]string{"point": "point", "point_name": "name", "unit": "unit", "scale": "scale",
	"min": "min", "max": "max"}

// entry is one [[master]] while rows are gathered.
type entry struct {
	values map[string]string // by column
	lines  map[string]int    // of the row that said it
	points []entry
}

// Import makes a masters.toml of a table as CSV, with commas, semicolons or tabs.  The first row names the columns, in any
// order.  The error is an *Error with every problem, by the lines of the CSV.
func Import(file string, r io.Reader) ([]byte, error) {
	entries, err := readCSV(file, r)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	var lines []int // of the CSV, for each line of the TOML
	put := func(line int, format string, args ...any) {
		fmt.Fprintf(&out, format+"\n", args...)
		lines = append(lines, line)
	}
	for i, e := range entries {
		if i > 0 {
			put(0, "")
		}
		put(e.first(), "[[master]]")
		for _, column := range Columns {
			value, said := e.values[column]
			switch line := e.lines[column]; {
			case !said:
			case column == "tags":
				var tags []string
				for _, tag := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" ,;|", r) }) {
					tags = append(tags, quoted(tag))
				}
				put(line, "tags = [%s]", strings.Join(tags, ", "))
			default:
				put(line, "%s = %s", column, quoted(value))
			}
		}
		for _, p := range e.points {
			put(p.first(), "[[master.point]]")
			for _, column := range Columns {
				value, said := p.values[column]
				if _, err := strconv.ParseFloat(value, 64); said &&
					(err != nil || column == "point" || column == "point_name" || column == "unit") {
					value = quoted(value) // a number that is none is told as a text
				}
				if said {
					put(p.lines[column], "%s = %s", pointKeys[column], value)
				}
			}
		}
	}
	_, err = Parse(file, out.Bytes())
	var bad *Error
	if errors.As(err, &bad) {
		for i := range bad.Problems {
			p := &bad.Problems[i]
			p.Key = p.Key[strings.LastIndexByte(p.Key, '.')+1:]
			if p.Line > 0 && p.Line <= len(lines) {
				p.Line = lines[p.Line-1]
			}
		}
	}
	return out.Bytes(), err
}

func (e *entry) first() int {
	line := 0
	for _, n := range e.lines {
		if line == 0 || n < line {
			line = n
		}
	}
	return line
}

// readCSV gathers the rows of each master.
func readCSV(file string, r io.Reader) (entries []*entry, err error) {
	in := bufio.NewReader(r)
	if mark, _ := in.Peek(3); string(mark) == "\ufeff" {
		_, _ = in.Discard(3) // it was peeked at
	}
	head, _ := in.Peek(4096)
	first, _, _ := bytes.Cut(head, []byte("\n"))
	table := csv.NewReader(in)
	for _, comma := range []rune{',', ';', '\t'} {
		if bytes.ContainsRune(first, comma) {
			table.Comma = comma
			break
		}
	}
	heading, err := table.Read()
	if err != nil {
		return nil, fmt.Errorf("%s: no heading: %w", file, err)
	}
	for i, column := range heading {
		heading[i] = strings.ToLower(strings.TrimSpace(column))
		if !slices.Contains(Columns, heading[i]) {
			return nil, fmt.Errorf("%s:1: found the column %q, expected some of %s", file, column, strings.Join(Columns, ", "))
		}
	}
	byName := map[[2]string]*entry{}
	for {
		row, err := table.Read()
		if err == io.EOF {
			return entries, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		line, _ := table.FieldPos(0)
		cells := map[string]string{}
		for i, column := range heading {
			if cell := strings.TrimSpace(row[i]); cell != "" {
				cells[column] = cell
			}
		}
		if len(cells) == 0 {
			continue
		}
		var who [2]string
		for _, kind := range Columns[:3] {
			if cells[kind] != "" {
				who = [2]string{kind, cells[kind]}
			}
		}
		e := byName[who]
		if e == nil || who[0] == "" {
			e = &entry{values: map[string]string{}, lines: map[string]int{}}
			byName[who] = e
			entries = append(entries, e)
		}
		point := entry{values: map[string]string{}, lines: map[string]int{}}
		for column, cell := range cells {
			into := e
			if _, ofPoint := pointKeys[column]; ofPoint {
				into = &point
			}
			if before, said := into.values[column]; said && before != cell {
				return nil, fmt.Errorf("%s:%d: %s: found %q, expected %q as in line %d", file, line, column, cell, before, into.lines[column])
			}
			if _, said := into.values[column]; !said {
				into.values[column], into.lines[column] = cell, line
			}
		}
		if len(point.values) > 0 {
			e.points = append(e.points, point)
		}
	}
}

// quoted is a text as TOML writes it.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s) + `"`
}
