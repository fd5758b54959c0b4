package main

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"trama/actors"
	"trama/actors/ledger"
	"trama/cmd/trama/internal/terminal"
	"trama/codec"
	"trama/codec/describe"
	"trama/journal"
)

// spaced is hexadecimal with a blank between bytes, so that a line can end there.
func spaced(text string) string {
	raw, err := hex.DecodeString(text)
	if err != nil {
		return text
	}
	return fmt.Sprintf("% x", raw)
}

// what is a command as it may be written: its name and arguments.
func what(c *ledger.Command) string {
	return strings.TrimSpace(cmp.Or(c.Name, c.Command) + " " + pairs(c.Arguments))
}

// pairs are arguments as they may be written.
func pairs(arguments map[string]any) string {
	var words []string
	for _, key := range slices.Sorted(maps.Keys(arguments)) {
		words = append(words, key+"="+valueInWords(arguments[key]))
	}
	return strings.Join(words, " ")
}

// stateOf is the state of a command in words.
func stateOf(c *ledger.Command) terminal.State {
	switch {
	case c.Late:
		return terminal.State(c.State + ", late")
	case c.State == ledger.Sent && !c.Open():
		return "sent, not answered by design"
	}
	return terminal.State(c.State)
}

// outcome is what came of a command, in one line.
func (a *app) outcome(c *ledger.Command, p *codec.Profile) string {
	var s string
	switch {
	case c.State == ledger.Done && c.Verified != "", c.State == ledger.Unknown, c.State == ledger.Sent:
		s = fmt.Sprintf("%s was sent to %s", c.Command, c.Serial)
	case c.State == ledger.Done:
		s = fmt.Sprintf("%s answered %s in %v", c.Serial, c.Command, c.Elapsed)
	case c.State == ledger.Refused:
		s = fmt.Sprintf("%s answered %s with response code %s in %v", c.Serial, c.Command, number(c.Code), c.Elapsed)
	case c.State == ledger.Queued:
		s = fmt.Sprintf("%s for %s: it waits for its master until %s", c.Command, c.Serial, a.moment(c.Expires))
	default:
		s = fmt.Sprintf("%s for %s", c.Command, c.Serial)
	}
	for _, more := range []string{answerInWords(c, p), c.Detail} { // which says what was verified
		if more != "" {
			s += ": " + more
		}
	}
	numbers := fmt.Sprintf("command %d", c.ID)
	if c.Transaction != nil {
		numbers += ", transaction " + number(c.Transaction)
	}
	return fmt.Sprintf("%s: %s (%s)", c.State, s, numbers)
}

// answerInWords is the message that answered and what it said: its points, else its fields without those of the header.
func answerInWords(c *ledger.Command, p *codec.Profile) string {
	if len(c.Answer) == 0 {
		return ""
	}
	words := pointsInWords(c, p)
	if len(words) == 0 {
		header := append(headerOf(p), "profile", "message", "direction")
		for _, key := range slices.Sorted(maps.Keys(c.Answer)) {
			if !slices.Contains(header, key) {
				words = append(words, key+"="+valueInWords(c.Answer[key]))
			}
		}
	}
	if name, ok := c.Answer["message"].(string); ok && len(words) > 0 {
		words = append([]string{name}, words...)
	}
	return strings.Join(words, " ")
}

// pointsInWords are the samples of the answer; none when the profile is not the one that it was read by.
func pointsInWords(c *ledger.Command, p *codec.Profile) (words []string) {
	raw, err := hex.DecodeString(c.AnswerHex)
	if p == nil || err != nil {
		return nil
	}
	request, answer := new(codec.Frame), new(codec.Frame)
	if p.Decode(codec.Uplink, raw, answer) != nil || answer.Closed() {
		return nil
	}
	if sent, err := hex.DecodeString(c.Sent); err == nil && p.Decode(codec.Downlink, sent, request) == nil {
		_ = p.Relate(request, answer) // what cannot be related has no samples
	}
	var samples []actors.Sample
	if text, err := json.Marshal(actors.SamplesOf(p, answer, &journal.Record{Received: c.Ended}, 0, false)); err != nil || decodeNumbers(text, &samples) != nil {
		return nil
	}
	return samplesInWords(samples)
}

func samplesInWords(samples []actors.Sample) (words []string) {
	for _, s := range samples {
		words = append(words, s.Name+"="+quantity(s.Value, s.Unit))
	}
	return words
}

// headerOf are the keys of the fields that stand in every frame of a profile.
func headerOf(p *codec.Profile) (keys []string) {
	if p == nil {
		return nil
	}
	var add func(nodes []*describe.Node)
	add = func(nodes []*describe.Node) {
		for _, n := range nodes {
			keys = append(keys, n.Key)
			for _, b := range n.Bits {
				keys = append(keys, b.Key)
			}
			add(n.Fields)
		}
	}
	for _, kind := range describe.Profile(p).Frames {
		add(kind.Header)
		add(kind.Trailer)
	}
	return keys
}

// valueInWords writes groups and lists as they may be given.
func valueInWords(v any) string {
	if parts, ok := v.(map[string]any); ok && parts["label"] == nil {
		if text, err := json.Marshal(v); err == nil {
			return string(text)
		}
	}
	if list, ok := v.([]any); ok {
		if text, err := json.Marshal(list); err == nil {
			return string(text)
		}
	}
	return short(v)
}

// course is how a command goes, in words; brief is without what changes each second.
func course(c *ledger.Command, brief bool) string {
	text, moved, detail := fmt.Sprintf("command %d to %s: %s", c.ID, c.Serial, c.State), c.Asked, c.Detail
	if n := len(c.Changes); n > 0 {
		moved, detail = c.Changes[n-1].At, cmp.Or(detail, c.Changes[n-1].Detail)
	}
	switch {
	case brief:
	case c.State == ledger.Queued && !c.Expires.IsZero():
		text += ", expires in " + terminal.Age(time.Until(c.Expires).Round(time.Second))
	default:
		text += " " + terminal.Age(time.Since(moved).Round(time.Second)) + " ago"
	}
	if detail != "" {
		text += ", " + detail
	}
	return text
}
