package terminal

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Table writes rows under a heading that names the columns, with tabs between them:
//
//	NAME       always there
//	NAME:3     left out of a screen that is too narrow, the highest number first
//	NAME?      left out when no row has anything in it; also NAME:3?
//
// A cell is a text, a number, a time.Time, a time.Duration (an age), a [Key] or a [State].  A column of numbers stands on
// the right.  A row that is still too wide is shortened, the widest column first.  An error is that of out.
func (s Screen) Table(out io.Writer, heading string, n int, row func(i int) []any) error {
	var columns []*column
	for name := range strings.SplitSeq(heading, "\t") {
		columns = append(columns, newColumn(name))
	}
	for i := range n {
		for j, value := range row(i) {
			columns[j].add(s.cell(value))
		}
	}
	columns = s.fit(columns)
	w := bufio.NewWriter(out)
	for i := range n + 1 {
		var line strings.Builder
		for _, c := range columns {
			line.WriteString(c.padded(s, i))
		}
		_, _ = fmt.Fprintln(w, strings.TrimRight(line.String(), " ")) // bufio keeps the first error and Flush returns it
	}
	return w.Flush()
}

// Key is a text that is shortened after all others: half a serial names nobody.
type Key string

// State is the state of something, shown in the colour of what it means for who looks.
type State string

var states = map[string]string{
	"online": Green, "accepting": Green, "running": Green, "good": Green,
	"offline": Red, "failed": Red, "stuck": Red, "down": Red,
}

// colour is by the first word of a state; what is neither good nor bad, and what has something behind it, is yellow.
func (s State) colour() string {
	first, _, more := strings.Cut(string(s), ",")
	if c, known := states[first]; known && !(more && c == Green) {
		return c
	}
	return Yellow
}

// cell is one value of a table as it is shown; one that is rigid means another thing when it is shortened.
type cell struct {
	text, colour  string
	number, rigid bool
}

const nothing = "-"

func (s Screen) cell(value any) cell {
	switch v := value.(type) {
	case nil:
		return cell{text: nothing}
	case time.Time:
		return cell{text: s.Moment(v), rigid: true}
	case time.Duration:
		return cell{text: Age(v), rigid: true}
	case json.Number:
		return cell{text: Text(string(v)), number: true, rigid: true}
	case Key:
		return cell{text: cmp.Or(Text(string(v)), nothing), rigid: true}
	case State:
		return cell{text: cmp.Or(Text(string(v)), nothing), colour: v.colour()}
	}
	v := reflect.ValueOf(value)
	if v.Kind() == reflect.Pointer { // of what may be missing
		if v.IsNil() {
			return cell{text: nothing}
		}
		v = v.Elem()
	}
	_, named := value.(fmt.Stringer)
	number := !named && v.Kind() >= reflect.Int && v.Kind() <= reflect.Float64
	return cell{text: cmp.Or(Text(fmt.Sprint(v.Interface())), nothing), number: number, rigid: number}
}

// gap stands between two columns; comfortable is the width that a column gets before another one is left out for it.
const (
	gap         = 2
	comfortable = 25
)

type column struct {
	weight        int
	optional      bool
	width         int
	cells         []cell // that of the heading first
	numbers, says bool   // some cell is a number; says more than a dash
	words         bool   // some cell is a text that can be shortened
}

func newColumn(name string) *column {
	name, optional := strings.CutSuffix(name, "?")
	name, weight, _ := strings.Cut(name, ":")
	c := &column{optional: optional, width: size(name), cells: []cell{{text: name}}}
	c.weight, _ = strconv.Atoi(weight) // none is 0
	return c
}

func (c *column) add(v cell) {
	c.cells = append(c.cells, v)
	c.width = max(c.width, size(v.text))
	c.numbers = c.numbers || v.number
	c.says = c.says || v.text != nothing
	c.words = c.words || !v.rigid && v.text != nothing
}

// padded is the cell of one row, at the width of the column.
func (c *column) padded(s Screen, row int) string {
	v := c.cells[row]
	text := shorten(v.text, c.width)
	blanks := strings.Repeat(" ", c.width-size(text))
	text = s.Paint(v.colour, text)
	if c.numbers && !c.words {
		return blanks + text + strings.Repeat(" ", gap)
	}
	return text + blanks + strings.Repeat(" ", gap)
}

// yields is how far a column can be shortened: a text first, down to a character.
func (c *column) yields() int {
	if c.words && c.width > 1 {
		return 1<<30 + c.width // which an int of 32 bits holds
	}
	return c.width
}

// fit leaves out and shortens columns until a row fits.
func (s Screen) fit(all []*column) []*column {
	all = slices.DeleteFunc(all, func(c *column) bool { return c.optional && !c.says })
	total := func(most int) int {
		sum := -gap
		for _, c := range all {
			sum += min(c.width, most) + gap
		}
		return sum
	}
	for s.Width > 0 && total(comfortable) > s.Width {
		least := slices.MaxFunc(all, func(a, b *column) int { return cmp.Compare(a.weight, b.weight) })
		if least.weight == 0 {
			break
		}
		all = slices.DeleteFunc(all, func(c *column) bool { return c == least })
	}
	for s.Width > 0 && total(math.MaxInt) > s.Width {
		widest := all[0]
		for _, c := range all {
			if c.yields() >= widest.yields() {
				widest = c
			}
		}
		if widest.width == 1 {
			break // not even the gaps fit
		}
		widest.width--
	}
	return all
}

// Details writes names and what is said of each, which goes on in the next line where it does not fit; a name may be empty.
func (s Screen) Details(out io.Writer, rows [][2]string) error {
	names := 0
	for _, row := range rows {
		names = max(names, size(row[0]))
	}
	if names > 0 {
		names += gap
	}
	w := bufio.NewWriter(out)
	for _, row := range rows {
		name := row[0]
		for _, line := range s.wrap(Text(row[1]), names) {
			_, _ = fmt.Fprintln(w, name+strings.Repeat(" ", names-size(name))+line) // as in Table
			name = ""
		}
	}
	return w.Flush()
}

// wrap cuts a text into lines between its words.
func (s Screen) wrap(text string, indent int) (lines []string) {
	if s.Width == 0 {
		return []string{text}
	}
	most, line := max(s.Width-indent, 1), ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && size(line)+1+size(word) > most {
			lines, line = append(lines, shorten(line, most)), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, shorten(line, most))
}
