package codec

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// The outline must hold whatever decoding depends on.  Who adds something to the plan comes by here: either the outline
// (and the machine that reads it) learns it, or it is listed as of no meaning for decoding.  Plans and tables repeat
// what the nodes say, for speed.
func TestOutlineKnowsAllThatThePlanHas(t *testing.T) {
	for _, known := range []struct {
		of     any
		fields string
	}{
		{op{}, "code flags check little role shift slot size most mask lo hi ranges want chars pad padded parts field time scale enum preset reg form fold table"},
		{form{}, "swap swapped minus minusBit missing filler right digits hexDigit charset reversed clock degrees letters fill counter labels column base places texts words signed none varint"},
		{pattern{}, "bytes bad"},
		{labelRange{}, "lo hi label"},
		{node{}, "path column kind op parts when size rest tail until before optional exponent value rows check kids count stop separator element on cases transform mark clear folds listReg tables asks byValue step guarded varies noted field bits"},
		{branch{}, "path text is other when kids"},
		{row{}, "is other value"},
		{checkPlan{}, "sum from to hex wired back"},
		{closing{}, "marks kept behind stuffed steps node"},
		{checksum{}, "width sum name crc init xorout"},
		{crcParams{}, "width poly init xor refin refout late extra"},
		{fold{}, "reg bits"},
		{transform{}, "name armour add xor block sum little"},
		{family{}, "path armour name from direction start closing escape max header trailer tail least length commandOp commandReg shapes body first byCommand known"},
		{lengthPlan{}, "reg mark add after uncounted"},
		{shape{}, "path layout family when nodes min max fallback condition said sets"},
		{expr{}, "code a b value reg text looks plain"},
		{timeLayout{}, "text parts size zone as stamp last whole fixed offset"},
		{clock{}, "kind epoch step zone"},
		{scaling{}, "a b c exact places"},
		{grammar{}, "families attempts plain regs marks derived rewrites unused replies answers asks tables control nodeOf"},
	} {
		typ := reflect.TypeOf(known.of)
		var have []string
		for i := range typ.NumField() {
			have = append(have, typ.Field(i).Name)
		}
		want := strings.Fields(known.fields)
		for _, name := range have {
			if !slices.Contains(want, name) {
				t.Errorf("%s.%s is new: the outline does not know it", typ.Name(), name)
			}
		}
		for _, name := range want {
			if !slices.Contains(have, name) {
				t.Errorf("%s.%s is gone", typ.Name(), name)
			}
		}
	}
}

func TestOutlineHasAWordForEveryCode(t *testing.T) {
	if len(opcodeNames) != int(opVarint)+1 || len(nodeKindNames) != int(nodeChoice)+1 || len(clockKindNames) != int(clockPacked)+1 ||
		len(timeFormNames) != int(timeASCII)+1 {
		t.Error("names are missing")
	}
	for code := exConst; code <= exNeg; code++ {
		if e := outlineExpr(&expr{code: code}); e.Op == "" {
			t.Errorf("expression %d has no name", code)
		}
	}
	for name := range namedSums {
		if s, _ := findChecksum(name); outlineSum(s).Name != name {
			t.Errorf("%s has no name", name)
		}
	}
	for name, params := range namedCRCs {
		if s, _ := findChecksum(name); outlineSum(s).Poly != params.poly {
			t.Errorf("%s has no parameters", name)
		}
	}
}

func TestOutlineOfAFlatProfileIsAGrammarOfOneKind(t *testing.T) {
	o := shipped(t, "extended").Outline()
	if len(o.Kinds) != 1 {
		t.Fatalf("%d kinds", len(o.Kinds))
	}
	k := o.Kinds[0]
	if !k.Command || k.Length == nil || len(k.Bodies) != len(shipped(t, "extended").Messages()) || len(k.Header) == 0 {
		t.Errorf("%+v", k)
	}
	for i, b := range k.Bodies {
		if b.Fallback && i < len(k.Bodies)-1 && !k.Bodies[i+1].Fallback {
			t.Errorf("%s stands before messages that are no fallback", b.Name)
		}
	}
}
