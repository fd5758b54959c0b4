package config

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"trama/actors"
	"trama/codec"
	"trama/internal/tomlread"
	"trama/transport"
)

// Longest heartbeats.
const (
	longestHeartbeat     = 64
	longestHeartbeatText = 256
)

// readAside reads what may come between frames.
func (l *Listener) readAside(t table) {
	a := &transport.Aside{}
	var beats []string
	t.texts("heartbeat_bytes", &beats)
	for _, s := range beats {
		if b := t.bytes("heartbeat_bytes", s, longestHeartbeat); b != nil {
			a.HeartbeatBytes = append(a.HeartbeatBytes, b)
		}
	}
	t.count("heartbeat_text", &a.HeartbeatText, 0, longestHeartbeatText)
	t.flag("heartbeat_echo", &a.HeartbeatEcho)
	if a.HeartbeatEcho && len(beats) == 0 && a.HeartbeatText == 0 {
		t.Problem(t.At("heartbeat_echo"), "true, and nothing that is a heartbeat", "heartbeat_bytes or heartbeat_text beside it")
	}
	if t.text("greeting", &l.Greeting); l.Greeting == "none" {
		l.Greeting = ""
	}
	if l.Greeting != "" && l.Profile != nil {
		if _, err := actors.Greeting(l.Profile, l.Greeting, nil); err != nil {
			t.Problem(t.At("greeting"), fmt.Sprintf("%q: %v", l.Greeting, err),
				"a message of the server's that needs no value, or \"none\"")
		}
	}
	a.Registration = l.readRegistration(t)
	if a.Registration != nil && l.Role == actors.RoleIntegrator {
		t.Problem(t.At("registration"), "a registration on an integrators' port", "none: it names masters")
	}
	if len(a.HeartbeatBytes) > 0 || a.HeartbeatText > 0 || a.Registration != nil {
		l.Transport.Aside = a
	}
}

// registrationForms are the words of registration.form.
var registrationForms = map[string]transport.Registration{
	"imei":         {Form: transport.FormDigits, Min: 15, Max: 15},
	"iccid":        {Form: transport.FormAlnum, Min: 20, Max: 20},
	"digits":       {Form: transport.FormDigits},
	"alphanumeric": {Form: transport.FormAlnum},
	"text":         {Form: transport.FormText},
	"bcd":          {Form: transport.FormBCD},
	"hex":          {Form: transport.FormBytes},
}

var formWords = []string{"imei", "iccid", "digits", "alphanumeric", "text", "bcd", "hex"}

// readRegistration reads `registration = "imei"` or a table.
func (l *Listener) readRegistration(t table) *transport.Registration {
	value, present := t.Get("registration")
	if !present {
		return nil
	}
	inner := table{&tomlread.Table{Source: t.Source, Path: t.At("registration")}}
	switch v := value.(type) {
	case string:
		if v == "none" {
			return nil
		}
		inner.Values = map[string]any{"form": v}
	case map[string]any:
		inner.Values = v
	default:
		t.Problem(inner.Path, tomlread.Named(value), `"imei", "iccid", "none", or a table such as { form = "digits", size = 11 }`)
		return nil
	}
	form := ""
	inner.enum("form", &form, formWords...)
	r := registrationForms[form]
	inner.size("size", &r)
	r.Before, r.After = inner.mark("before"), inner.mark("after")
	inner.flag("repeat", &r.Repeat)
	identity := "connection"
	inner.enum("identity", &identity, "connection", "frame")
	l.FrameNames = identity == "frame"
	inner.done()
	fixed := r.Min == r.Max
	switch {
	case form == "":
		if !inner.Has("form") {
			inner.Problem(inner.At("form"), "nothing", "one of "+strings.Join(formWords, ", "))
		}
	case r.Max == 0 && !inner.Has("size"):
		inner.Problem(inner.At("size"), "nothing", `the bytes of the name: 11, or "4-32"`)
	case r.Max > 0 && !fixed && (form == "bcd" || form == "hex") && len(r.After) == 0:
		inner.Problem(inner.At("size"), "a size that varies, and no end",
			"one size, or after = the bytes at the end: any byte may stand in such a name")
	}
	return &r
}

var sizeRange = regexp.MustCompile(`^([0-9]{1,3})-([0-9]{1,3})$`)

// size reads the size of a name: one number, or from-to in quotes.
func (t table) size(key string, r *transport.Registration) {
	value, present := t.Get(key)
	if !present {
		return
	}
	least, most := 0, 0
	switch v := value.(type) {
	case int64:
		least, most = int(min(v, 1000)), int(min(v, 1000))
	case string:
		if part := sizeRange.FindStringSubmatch(v); part != nil {
			least, _ = strconv.Atoi(part[1])
			most, _ = strconv.Atoi(part[2])
		}
	}
	if least < 1 || most < least || most > transport.MaxRegistrationBytes {
		t.Problem(t.At(key), tomlread.Named(value),
			fmt.Sprintf(`the bytes of the name, 1 to %d: 11, or "4-32"`, transport.MaxRegistrationBytes))
		return
	}
	r.Min, r.Max = least, most
}

// mark reads bytes that stand before or after a name.
func (t table) mark(key string) []byte {
	s, isText := t.Values[key].(string)
	if !isText || s == "" {
		t.text(key, &s) // says what is wrong
		return nil
	}
	t.Text(key) // blanks and line ends alone are a mark too
	return t.bytes(key, s, transport.MaxRegistrationBytes)
}

// bytes reads characters, or bytes as in "0x0d0a".
func (t table) bytes(key, s string, most int) []byte {
	b := []byte(s)
	if digits, ok := strings.CutPrefix(s, "0x"); ok {
		var err error
		if b, err = hex.DecodeString(digits); err != nil || len(b) == 0 {
			t.Problem(t.At(key), fmt.Sprintf("%q", s), `bytes in hexadecimal such as "0xff" or "0x0d0a", or characters such as "ping"`)
			return nil
		}
	}
	if len(b) > most {
		t.Problem(t.At(key), fmt.Sprintf("%d bytes", len(b)), fmt.Sprintf("at most %d", most))
		return nil
	}
	return b
}

// Ambiguous are the heartbeats that could also begin a frame of the profile: they are taken for one when nothing
// follows within half a second.
func (l *Listener) Ambiguous() (beats [][]byte) {
	if l.Transport.Aside == nil {
		return nil
	}
	for _, b := range l.Transport.Aside.HeartbeatBytes {
		if advance, _, err := l.Profile.Splitter(codec.Uplink)(b, false); err == nil && advance == 0 {
			beats = append(beats, b)
		}
	}
	return beats
}
