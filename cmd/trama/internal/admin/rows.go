package admin

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"trama/cmd/trama/internal/history"
	"trama/journal"
)

// An answer of the archive is written as its rows are read, some at a time, so that its memory does not grow with their
// number.  Each read of the archive has its cost, so there are more rows each time while they are short.  An answer has
// at most maxAnswerBytes: one that is cut there says so and has its cursor.
const (
	rowsAtFirst = 250
	rowsAtMost  = 10_000
	bytesAtOnce = 4 << 20 // what the rows of one read should not exceed
)

var maxAnswerBytes = 128 << 20 // a variable for tests

// rowWriter writes {"NAME":[row,…],…}.
type rowWriter struct {
	w     http.ResponseWriter
	out   *bufio.Writer
	name  string
	left  int // rows that may come
	page  int // rows of the next read
	begun int // bytes before the read in hand
	rows  int
	bytes int
	err   error // of writing: the client has gone
}

func newRowWriter(w http.ResponseWriter, name string, limit int) *rowWriter {
	return &rowWriter{w: w, out: bufio.NewWriterSize(w, 32<<10), name: name, left: limit, page: rowsAtFirst}
}

// next is how many rows to read now, with the time to write them; 0: there are enough.
func (o *rowWriter) next() int {
	if o.err != nil || o.cut() {
		return 0
	}
	_ = http.NewResponseController(o.w).SetWriteDeadline(time.Now().Add(writeTimeout)) // not every writer has deadlines (tests)
	if o.rows > 0 && o.bytes-o.begun < bytesAtOnce/2 {
		o.page = min(2*o.page, rowsAtMost)
	} else if o.bytes-o.begun > bytesAtOnce {
		o.page = max(o.page/2, rowsAtFirst/10)
	}
	o.begun = o.bytes
	return max(min(o.left, o.page), 0)
}

// cut says that the answer is as long as one may be.
func (o *rowWriter) cut() bool { return o.bytes >= maxAnswerBytes }

// full says that there are as many rows as were asked for, or as there may be.
func (o *rowWriter) full() bool { return o.left <= 0 || o.cut() }

// row writes one.
func (o *rowWriter) row(value any) {
	text, err := json.Marshal(value)
	if row, ok := value.(history.Row); ok && err != nil { // one row must not hide the others
		text, err = json.Marshal(row.Writable())
	}
	if o.rows == 0 && err == nil {
		header(o.w)
		_, _ = o.out.WriteString(`{"` + o.name + `":[`) // bufio keeps the first error
	} else if err == nil {
		_ = o.out.WriteByte(',')
	}
	if err != nil {
		panic(http.ErrAbortHandler) // half an answer is sent: cutting it off is the only honest end
	}
	n, err := o.out.Write(text)
	o.rows, o.left, o.bytes, o.err = o.rows+1, o.left-1, o.bytes+n, err
}

// end writes the rest of the answer, which is the whole of it when there are no rows; those of rest are empty.
func (o *rowWriter) end(rest any) {
	if o.rows == 0 {
		answer(o.w, http.StatusOK, rest)
		return
	}
	text, err := json.Marshal(rest)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	text = bytes.TrimPrefix(bytes.TrimPrefix(text, []byte("{")), []byte(`"`+o.name+`":[]`))
	text = bytes.TrimPrefix(text, []byte(","))
	_ = o.out.WriteByte(']')
	if len(text) > 1 {
		_ = o.out.WriteByte(',')
	}
	_, _ = o.out.Write(append(text, '\n'))
	_ = o.out.Flush() // a client that has gone is nobody's problem
}

// broken ends an answer that cannot go on: with what err means when nothing is written yet, else by cutting it off.
func (o *rowWriter) broken(e *endpoint, err error) {
	if o.rows > 0 {
		panic(http.ErrAbortHandler)
	}
	e.failArchive(o.w, err)
}

// addDamage adds what is not there yet: two reads may see one and the same place.
func addDamage(to *[]journal.Damage, more []journal.Damage) {
	for _, d := range more {
		if !slices.Contains(*to, d) {
			*to = append(*to, d)
		}
	}
}
