package codec

import (
	"strconv"
	"strings"
)

// replyRule says which frames are answered, with which message, and where the values of its fields come from.
type replyRule struct {
	from     Party
	downlink bool // answers frames of the server (the peer's side of the dialogue)
	damaged  bool // answers frames whose checksum is wrong
	commands commandSet
	messages []*layout
	when     *expr    // over fields of the request,
	asks     []string // which are these, by register; the first is never used
	send     *layout  // nil: the request goes back:
	whole    bool     // all of it, not its header alone
	sets     []replySet
	values   []replyValue // of the fields of the reply
	byOp     []uint16     // by op: 1 + the index of its value
}

// replySet is what the definition says of one field.
type replySet struct {
	key   string
	echo  string // path in the request
	plus  int64  // added to what is echoed
	now   bool
	count bool // not echoed: counted, or whatever it is when it is not given
	deep  bool // a table or an array that takes something of the request
	value any
}

// replyValue is where the value of one field comes from.
type replyValue struct {
	kind  replyKind
	key   string // path in the request
	plus  int64
	ready *preset // replyReady
	value any     // as the definition writes it
}

type replyKind uint8

const (
	replySame  replyKind = iota // the field of the request with this key, if that is free to have any value
	replySelf                   // the same field of the request
	replyEcho                   // the field with this path
	replyReady                  // the value, as the field holds it
	replyGiven                  // the value
	replyNow                    // the time
	replyDeep                   // the value, a table or an array, with fields of the request in it
)

// maxReplyAsks bounds the fields of the request that the condition of a reply names.
const maxReplyAsks = 16

// echoed reads "$KEY", "$KEY + 1" or "$KEY - 0x80"; path is empty when the text is none of them.
func echoed(text string) (path string, plus int64, err error) {
	path, is := strings.CutPrefix(text, "$")
	if !is {
		return "", 0, nil
	}
	if words := strings.Fields(path); len(words) == 3 && (words[1] == "+" || words[1] == "-") {
		plus, err = strconv.ParseInt(words[1]+words[2], 0, 64)
		return words[0], plus, err
	}
	return path, 0, nil
}

// elementsOf are the elements of an array as TOML or JSON gives it.
func elementsOf(v any) (out []any) {
	switch v := v.(type) {
	case []any:
		return v
	case []map[string]any:
		for _, element := range v {
			out = append(out, element)
		}
	}
	return out
}

// eachKey stands in a table of an array: the table is written once for each element of that list of the request.
const eachKey = "each"
