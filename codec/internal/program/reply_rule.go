package program

import (
	"strconv"
	"strings"

	"trama/codec/internal/expr"
	"trama/codec/internal/field"
	"trama/codec/internal/scalar"
)

// ReplyRule is one [[reply]]: the frames that it acknowledges, the message, and where the values of its fields come
// from.
type ReplyRule struct {
	From     field.Party
	Downlink bool // answers frames of the server (the peer's side of the dialogue)
	Damaged  bool // answers frames whose checksum is wrong
	Waiting  bool // sent while commands wait for the peer; the rule behind it otherwise
	Commands CommandSet
	Messages []*Body
	When     *expr.Expr // over fields of the request,
	Asks     []string   // which are these, by register; the first is never used
	Send     *Body      // nil: the request goes back:
	Whole    bool       // all of it, not its header alone
	Sets     []ReplySet
	Values   []ReplyValue // of the fields of the reply
	ByOp     []uint16     // by op: 1 + the index of its value
	Fast     []FastReply  // by frame kind, where it has one
}

// ReplySet is the value that the definition gives to one field of an acknowledgement.
type ReplySet struct {
	Key   string
	Echo  string // path in the request
	Plus  int64  // added to what is echoed
	Now   bool
	Count bool // not echoed: counted, or whatever it is when it is not given
	Deep  bool // a table or an array that takes something of the request
	Value any
}

// ReplyValue is the source of the value of one field of an acknowledgement.
type ReplyValue struct {
	Kind  replyKind
	Key   string // path in the request
	Plus  int64
	Ready *scalar.Preset // replyReady
	Value any            // as the definition writes it
}

// replyKind is the kind of a source.
type replyKind uint8

// Sources of the value of a field in an acknowledgement.
const (
	ReplySame  replyKind = iota // the field of the request with this key, if that is free to have any value
	ReplySelf                   // the same field of the request
	ReplyEcho                   // the field with this path
	ReplyReady                  // the value, as the field holds it
	ReplyGiven                  // the value
	ReplyNow                    // the time
	ReplyDeep                   // the value, a table or an array, with fields of the request in it
)

// MaxReplyAsks bounds the fields of the request that the condition of a reply names.
const MaxReplyAsks = 16

// Echoed reads a reference to a field of the request: "$KEY", "$KEY + 1" or "$KEY - 0x80"; path is empty for another
// text.
func Echoed(text string) (path string, plus int64, err error) {
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

// ElementsOf lists the elements of an array as TOML or JSON gives it.
func ElementsOf(v any) (out []any) {
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

// EachKey is the key, in a table of an array, that names a list of the request: the table is written for each of its
// elements.
const EachKey = "each"
