package codec_test

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"trama/codec"
)

// One definition cuts, decodes and encodes.
func ExampleCompile() {
	profile, err := codec.Compile("level.toml", []byte(`
name = "level"

[frame]
length = { field = "LEN", counts = "body" }
header = [
  { key = "LEN",  type = "byte" },
  { key = "UNIT", type = "bcd",   size = 2, as = "digits", role = "identity" },
  { key = "CMD",  type = "ascii", size = 1, role = "command" },
]

[[message]]
command = "L"
name    = "level"
fields  = [{ key = "level", type = "uint16", scale = 0.1, unit = "cm", role = "value" }]
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	var frame codec.Frame
	if err := profile.Decode(codec.Uplink, []byte{2, 0x00, 0x17, 'L', 0x03, 0x43}, &frame); err != nil {
		fmt.Println(err)
		return
	}
	level, _ := frame.Item("level")
	fmt.Println(string(frame.Identity()), level.Text(), level.Field.Unit)
	// Output: 0017 83.5 cm
}

// All problems of a definition are told at once.
func ExampleCompile_problems() {
	_, err := codec.Compile("level.toml", []byte(`
name = "level"
[frame]
header = [{ key = "LEN", type = "unit8" }]
[[message]]
nam = "level"
`))
	fmt.Println(err)
	// Output:
	// level.toml:4: frame.header[0].type: found "unit8", expected one of byte, uint8 to uint64, int8 to int64, uint, int, float32, float64, bcd, hex, ascii, time, bits, varint, decimal, bitset, checksum, run, computed, group, list, choice, end; did you mean "uint8"?
	// level.toml:5: message[0].name: found nothing, expected a string that is not empty
	// level.toml:6: message[0].nam: found unknown key "nam", expected one of name, title, from, purpose, forward, subscribe, repeat, default, frame, when, fields, command, set; did you mean "name"?
}

// Frames are found between noise.
func ExampleProfile_Splitter() {
	profile, _ := codec.Shipped("compact")
	stream := "noise\x00\x13\x01\x00\x00\x00\x00\x12\x34\x56\x78\x01\x02s\x00\x00\x41\xac\x00\x00+++\x00\x08\x01\x00\x00\x00\x00\x12\x34\x56\x78\x01\x02k\x00"
	scanner := bufio.NewScanner(strings.NewReader(stream))
	scanner.Split(profile.Splitter(codec.Uplink))
	for scanner.Scan() {
		fmt.Printf("%x\n", scanner.Bytes())
	}
	// Output:
	// 0013010000000012345678010273000041ac0000
	// 000801000000001234567801026b00
}

// A frame is decoded and acknowledged without knowing what protocol it is.
func ExampleProfile_Reply() {
	profile, _ := codec.Shipped("extended")
	raw, _ := hex.DecodeString("00250100000000123456780102036d0020261123143000000000070041ac0000")
	var frame codec.Frame
	if err := profile.Decode(codec.Uplink, raw, &frame); err != nil {
		fmt.Println(err)
		return
	}
	now := time.Date(2026, 11, 23, 14, 30, 5, 0, time.Local)
	reply, due, err := profile.Reply(nil, &frame, codec.Env{Now: now})
	fmt.Printf("%x %v %v\n", reply, due, err)
	// Output: 00200100000000123456780102036d002026112314300500000007 true <nil>
}

// A command takes the addresses of the master from what it sent last.
func ExampleProfile_BuildIn() {
	profile, _ := codec.Shipped("compact")
	raw, _ := hex.DecodeString("000801000000001234567801026b00")
	var frame codec.Frame
	if err := profile.Decode(codec.Uplink, raw, &frame); err != nil {
		fmt.Println(err)
		return
	}
	var session codec.Session
	profile.Remember(&session, &frame)

	env := codec.Env{Session: &session}
	fmt.Println(profile.BuildIn(env, &frame, "O", map[string]any{"SD": "12345678", "RN": 300, "OP": 1}))
	if err := profile.BuildIn(env, &frame, "O", map[string]any{"SD": "12345678", "RN": 3, "OP": "1"}); err != nil {
		fmt.Println(err)
		return
	}
	out, err := profile.Append(nil, &frame)
	fmt.Printf("%x %v\n", out, err)
	// Output:
	// compact operate-relay: RN: out of range: 300, allowed 0..99
	// 001001000000001234567801024f000301 <nil>
}

func ExampleFrame_AppendJSON() {
	profile, _ := codec.Shipped("compact")
	raw, _ := hex.DecodeString("0013010000000012345678010273000041ac0000")
	var frame codec.Frame
	if err := profile.Decode(codec.Uplink, raw, &frame); err != nil {
		fmt.Println(err)
		return
	}
	text, _ := frame.AppendJSON(nil)
	fmt.Println(string(text))

	var back codec.Frame
	if err := profile.ParseJSON(text, &back); err != nil {
		fmt.Println(err)
		return
	}
	out, _ := profile.Append(nil, &back)
	fmt.Printf("%x\n", out)
	// Output:
	// {"profile":"compact","message":"measurement","direction":"uplink","ML":13,"PV":1,"TE":0,"I":"000000","SD":"12345678","RFC":1,"SC":2,"C":"s","RC":0,"AL":0,"MS":21.5}
	// 0013010000000012345678010273000041ac0000
}
