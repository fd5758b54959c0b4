package dissector

import (
	_ "embed"
	"fmt"
	"reflect"
	"strings"

	"trama/codec"
)

// The parts of a script that are the same for all profiles.
var (
	//go:embed words.lua
	wordsLua string
	//go:embed sums.lua
	sumsLua string
	//go:embed machine.lua
	machineLua string
	//go:embed leaf.lua
	leafLua string
	//go:embed frame.lua
	frameLua string
	//go:embed values.lua
	valuesLua string
	//go:embed wireshark.lua
	wiresharkLua string
)

// Options of a script.
type Options struct {
	Ports []int // TCP ports of the server on which Wireshark uses it by itself
}

// Script returns the dissector of p: one Lua file, for Wireshark 4.0 or later.
func Script(p *codec.Profile, o Options) string {
	out := p.Outline()
	n := name(out)
	var b strings.Builder
	fmt.Fprintf(&b, "-- Wireshark dissector of the profile %s, made by: trama profile dissector\n", p.Name())
	b.WriteString("-- Load it with -X lua_script:FILE, or put it into the folder of personal Lua plugins.  Changes belong into the profile.\n\n")
	fmt.Fprintf(&b, "local ports = %s\n", appendString(nil, []byte(portRange(o.Ports))))
	section := func(title string, v any) { fmt.Fprintf(&b, "local %s = %s\n\n", title, appendLuaOf(nil, v)) }
	section("plan", out)
	section("filters", n.filters)
	section("shown", n.shown)
	wrap := func(title string, parts ...string) {
		fmt.Fprintf(&b, "local %s = (function()\n%send)()\n\n", title, strings.Join(parts, "\n"))
	}
	table := "nil"
	if usesGBK(out) {
		table = gbkTable()
	}
	fmt.Fprintf(&b, "local gbk = %s\n\n", table)
	wrap("W", wordsLua)
	wrap("sum", sumsLua)
	wrap("machine", machineLua, leafLua, frameLua)
	wrap("values", valuesLua)
	b.WriteString(wiresharkLua)
	return b.String()
}

func appendLuaOf(dst []byte, v any) []byte { return appendLua(dst, reflect.ValueOf(v), 0) }

func portRange(ports []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(ports), " ", ","), "[]")
}
