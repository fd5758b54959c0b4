package codec

import "time"

// Frame is one decoded or built frame.  The zero value is ready; reuse it to avoid allocation.
type Frame struct {
	message *Message
	raw     []byte
}

// Item is one field of a frame with its value.
type Item struct {
	Field *Field
	Kind  Kind
	Depth int // 0 for fields of the frame itself, one more inside each list and group
	Off   int // where its bytes start in the frame; -1 in a built frame
	Len   int
}

func (f *Frame) Message() *Message               { return f.message }
func (f *Frame) Raw() []byte                     { return f.raw }
func (f *Frame) Direction() Direction            { return Any }
func (f *Frame) From() Party                     { return Anyone }
func (f *Frame) Command() string                 { return "" }
func (f *Frame) Identity() []byte                { return nil }
func (f *Frame) Transaction() (uint64, bool)     { return 0, false }
func (f *Frame) Timestamp() (time.Time, bool)    { return time.Time{}, false }
func (f *Frame) Result() (uint64, bool)          { return 0, false }
func (f *Frame) Alarm() (uint64, bool)           { return 0, false }
func (f *Frame) Items() []Item                   { return nil }
func (f *Frame) Item(key string) (Item, bool)    { return Item{}, false }
func (f *Frame) Set(key string, value any) error { return nil }

// AppendJSON appends the frame as one JSON object.
func (f *Frame) AppendJSON(dst []byte) ([]byte, error) { return dst, nil }

func (it Item) Uint() uint64            { return 0 }
func (it Item) Int() int64              { return 0 }
func (it Item) Float() float64          { return 0 }
func (it Item) Text() string            { return "" }
func (it Item) Bytes() []byte           { return nil }
func (it Item) Time() (time.Time, bool) { return time.Time{}, false }
func (it Item) Missing() bool           { return false }
func (it Item) Label() string           { return "" }
