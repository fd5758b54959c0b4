package main

import (
	"bufio"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"trama/actors"
	"trama/codec"
)

// speech is what masters of a profile say around commands.  Texts are JSON; "$KEY" in one is a field of the command,
// "$KEY+1" that and one, "$me" the master's.
type speech struct {
	serial, listen string // of master n, as a format; further keys of the listener
	hello          string // what makes the master known: characters beside the frames, or a frame
	same           string // fields that all its frames have
	report         string // a frame that it sends by itself; empty: it never does
	another        string // the fields by which a frame is that of another master
	blind          bool   // its answers do not say what they answer: for these there is the rule of late answers
	orders         []order
}

// order is one command of a profile and what comes behind it.
type order struct {
	name, fields, answer string
	others               []string // what differs in frames that do not answer it
	refusal              string   // what differs in an answer that refuses; empty: the protocol has none
}

// A command ends by its own answer, whatever else comes on a line: no command of a shipped profile was done by one of
// these frames.
func TestNothingButItsAnswerEndsACommand(t *testing.T) {
	for _, name := range codec.ShippedNames() {
		s, known := speeches[name]
		p, err := codec.Shipped(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range p.DeclaredCommands() {
			own := p.Security() != nil && (c.Name == "set-key" || c.Name == "challenge") // of the gateway alone
			if !own && !slices.ContainsFunc(s.orders, func(o order) bool { return o.name == c.Name }) {
				t.Errorf("%s: nothing is known of its command %s", name, c.Name)
			}
		}
		if !known {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := serve(t, fmt.Sprintf("[admin]\nlisten = \"127.0.0.1:0\"\n[[listener]]\nname = \"a\"\naddress = \"127.0.0.1:0\"\nprofile = %q\n%s\n", name, s.listen))
			for i, o := range s.orders {
				before := s.orders[0]
				if i == 0 && len(s.orders) > 1 {
					before = s.orders[1]
				}
				d.foreign(t, p, &s, &o, &before, 3*i+1)
			}
		})
	}
}

// foreign gives master n an order, behind another one, and brings everything on its line that is no answer before the
// answer; then it has a master refuse it.
func (p *program) foreign(t *testing.T, profile *codec.Profile, s *speech, o, before *order, n int) {
	m, other := p.voice(t, profile, s, n), p.voice(t, profile, s, n+1)
	kinds := map[string]string{} // by the bytes
	numbered := profile.NumbersAnswers()
	var old []byte
	if !s.blind && (before.name != o.name || numbered) {
		result := m.orders(before)
		old = m.frame(before.answer)
		m.send(old)
		if got := <-result; got.Outcome != "done" {
			t.Fatalf("%s before %s: %+v", before.name, o.name, got)
		}
	}
	result := m.orders(o)
	bring := func(kind string, raw []byte) {
		kinds[hex.EncodeToString(raw)] = kind
		m.send(raw)
	}
	if old != nil {
		bring("the answer to the command before, again", old)
	}
	for _, different := range o.others {
		bring(different, m.frame(o.answer, different))
	}
	if s.another != "" && !strings.HasPrefix(o.answer, nameless) {
		bring("another master's", m.frame(o.answer, s.another))
	}
	if s.report != "" {
		bring("a report", m.frame(s.report))
	}
	other.asked = m.asked
	seen := other.frames()
	other.send(other.frame(o.answer))
	await(t, "the other master's frame", func() bool { return other.frames() > seen })
	right := m.frame(o.answer)
	m.send(right)
	if got := <-result; got.Outcome != "done" || got.AnswerHex != hex.EncodeToString(right) {
		t.Errorf("%s: %s by %s %s %s\nwant done by %x", o.name, got.Outcome, kinds[got.AnswerHex], got.AnswerHex, got.Detail, right)
	}
	if o.refusal == "" {
		return
	}
	m = p.voice(t, profile, s, n+2)
	result = m.orders(o)
	m.send(m.frame(o.answer, o.refusal))
	if got := <-result; got.Outcome != "refused" {
		t.Errorf("%s: %s %s, want refused", o.name, got.Outcome, got.Detail)
	}
}

// The text that answers one command may come when the next one waits.  A gt06 tracker repeats a flag.  The answer of a
// teltonika tracker names nothing: the one behind it is the answer then, and whose the first was nobody knows.
func TestALateTextDoesNotEndTheNextCommand(t *testing.T) {
	for _, c := range []struct {
		profile, late string
		waits         bool // the next command, when the late answer comes
		then          string
	}{
		{"gt06", `{"message": "answer", "serial": 8, "server_flag": "$server_flag", "command": "LATE"}`, true, "done"},
		{"teltonika", `{"message": "answer", "text": "LATE"}`, false, "done"},
		{"teltonika", `{"message": "answer", "text": "LATE"}`, true, "unknown"},
	} {
		t.Run(fmt.Sprint(c.profile, c.waits), func(t *testing.T) {
			t.Parallel()
			profile, err := codec.Shipped(c.profile)
			if err != nil {
				t.Fatal(err)
			}
			s := speeches[c.profile]
			p := serve(t, fmt.Sprintf("[admin]\nlisten = \"127.0.0.1:0\"\n[[listener]]\nname = \"a\"\naddress = \"127.0.0.1:0\"\nprofile = %q\n", c.profile))
			m := p.voice(t, profile, &s, 1)
			first := <-m.ordersWithin(&s.orders[1], 2*time.Second)
			if first.Outcome != "unknown" {
				t.Fatalf("without an answer: %+v", first)
			}
			late := m.frame(c.late)
			look := func() bool {
				p.get(fmt.Sprintf("/api/v1/commands/%d", first.ID), &first)
				return string(first.Outcome) == c.then
			}
			if !c.waits {
				m.send(late)
				await(t, "the late answer", look)
			}
			result := m.orders(&s.orders[2])
			if c.waits {
				m.send(late)
			}
			right := m.frame(s.orders[2].answer)
			m.send(right)
			if got := <-result; got.Outcome != "done" || got.AnswerHex != hex.EncodeToString(right) {
				t.Errorf("the second is %s by %s, want done by %x", got.Outcome, got.AnswerHex, right)
			}
			await(t, "what became of the first", look)
			if done := c.then == "done"; first.Late != done || done && first.AnswerHex != hex.EncodeToString(late) {
				t.Errorf("the first is %+v", first)
			}
		})
	}
}

// voice is a master of a test.
type voice struct {
	*peer
	d      *program
	p      *codec.Profile
	s      *speech
	n      int
	serial string
	heard  *bufio.Scanner
	asked  string // the command in its hands, as JSON
}

// voice connects master n and waits until it is known.
func (p *program) voice(t *testing.T, profile *codec.Profile, s *speech, n int) *voice {
	t.Helper()
	m := &voice{peer: p.dial("a"), d: p, p: profile, s: s, n: n, serial: fmt.Sprintf(s.serial, n)}
	m.t, m.heard = t, bufio.NewScanner(m.peer)
	m.heard.Split(profile.Splitter(codec.Downlink))
	if strings.HasPrefix(s.hello, "{") {
		m.send(m.frame(s.hello))
	} else {
		m.send([]byte(strings.ReplaceAll(s.hello, "$me", m.serial)))
	}
	var got actors.MasterInfo
	await(t, m.serial+" to be known", func() bool {
		return p.get("/api/v1/masters/"+m.serial, &got) == http.StatusOK && len(got.Links) > 0
	})
	return m
}

// frames is how many frames the daemon has of the master.
func (m *voice) frames() uint64 {
	var got actors.MasterInfo
	m.d.get("/api/v1/masters/"+m.serial, &got)
	return got.Frames
}

// orders gives the master a command and reads it from the line.
func (m *voice) orders(o *order) <-chan actors.CommandResult { return m.ordersWithin(o, patience) }

func (m *voice) ordersWithin(o *order, wait time.Duration) <-chan actors.CommandResult {
	m.t.Helper()
	result := make(chan actors.CommandResult, 1)
	body := fmt.Sprintf(`{"command": %q, "fields": %s, "wait": %q}`, o.name, cmp.Or(o.fields, "{}"), wait)
	go func() {
		var got actors.CommandResult
		var refused struct{ Error string }
		text := json.RawMessage{}
		if code := m.d.request(http.MethodPost, "/api/v1/masters/"+m.serial+"/commands", body, &text); code != http.StatusOK {
			_ = json.Unmarshal(text, &refused)
			got.Detail = fmt.Sprint(code, " ", refused.Error)
		} else if err := json.Unmarshal(text, &got); err != nil {
			got.Detail = err.Error()
		}
		result <- got
	}()
	if err := m.SetReadDeadline(time.Now().Add(patience)); err != nil {
		m.t.Fatal(err)
	}
	for m.heard.Scan() {
		var f codec.Frame
		if err := m.p.Decode(codec.Downlink, m.heard.Bytes(), &f); err != nil {
			m.t.Fatalf("%x: %v", m.heard.Bytes(), err)
		}
		if f.Message().Purpose == codec.PurposeCommand {
			text, err := f.AppendJSON(nil)
			if err != nil {
				m.t.Fatal(err)
			}
			m.asked = string(text)
			return result
		}
	}
	m.t.Fatalf("%s does not come: %+v", o.name, <-result)
	return nil
}

// nameless begins an answer that does not say whose it is.
const nameless = `{"message": "st`

var asked = regexp.MustCompile(`"\$([A-Za-z_.]+)(\+1)?"`)

// frame is a frame of the master: what all have, and texts, of which the later ones win.
func (m *voice) frame(texts ...string) []byte {
	m.t.Helper()
	var request map[string]any
	if m.asked != "" {
		if err := json.Unmarshal([]byte(m.asked), &request); err != nil {
			m.t.Fatal(err)
		}
	}
	made := map[string]any{}
	for _, text := range append([]string{cmp.Or(m.s.same, "{}")}, texts...) {
		text = strings.NewReplacer("$me", m.serial, `"$n"`, strconv.Itoa(m.n)).Replace(text)
		text = asked.ReplaceAllStringFunc(text, func(place string) string {
			at := asked.FindStringSubmatch(place)
			var v any = request
			for _, key := range strings.Split(at[1], ".") {
				inner, _ := v.(map[string]any)
				v = inner[key]
			}
			if number, is := v.(float64); is {
				return strconv.FormatFloat(number+float64(len(at[2])/2), 'f', -1, 64)
			}
			out, _ := json.Marshal(v)
			return string(out)
		})
		var part map[string]any
		if err := json.Unmarshal([]byte(text), &part); err != nil {
			m.t.Fatalf("%s: %v", text, err)
		}
		if part["message"] != nil { // another message: nothing of the one before stays
			made = map[string]any{}
			if m.s.same != "" && text != m.s.same {
				_ = json.Unmarshal([]byte(strings.ReplaceAll(m.s.same, "$me", m.serial)), &made)
			}
		}
		maps.Copy(made, part)
	}
	text, err := json.Marshal(made)
	if err != nil {
		m.t.Fatal(err)
	}
	var f codec.Frame
	if err := m.p.ParseJSON(text, &f); err != nil {
		m.t.Fatalf("%s: %v", text, err)
	}
	raw, err := m.p.Append(nil, &f)
	if err != nil {
		m.t.Fatalf("%s: %v", text, err)
	}
	return raw
}
