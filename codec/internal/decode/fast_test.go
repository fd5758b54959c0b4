package decode_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"trama/codec"
	"trama/codec/internal/decode"
	"trama/codec/internal/encode"
	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
)

// profile is a definition, the frames that are written in it, and the published ones.
type profile struct {
	name   string
	p      *program.Program
	slow   *program.Program // without fast paths of replies
	frames [][]byte
	used   *frame.Samples // of the frame before, of whatever profile
}

var written = regexp.MustCompile(`"((?:[0-9a-f]{2} ?){5,})"`)

// profiles are all definitions that are shipped, and all good ones of the tests.
func profiles(t testing.TB) (out []profile) {
	t.Helper()
	used := new(frame.Samples)
	shipped, _ := filepath.Glob("../../profiles/*.toml")
	good, _ := filepath.Glob("../../testdata/*.good.toml")
	for _, file := range append(shipped, good...) {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		compiled, err := codec.Compile(filepath.Base(file), src)
		if err != nil {
			t.Fatal(err)
		}
		one := profile{name: compiled.Name(), p: compiled.Program(), used: used}
		slow := *one.p
		slow.Replies, one.slow = slices.Clone(slow.Replies), &slow
		for i := range slow.Replies {
			slow.Replies[i].Fast = nil
		}
		for _, found := range written.FindAllStringSubmatch(string(src), -1) {
			if b, err := hex.DecodeString(strings.ReplaceAll(found[1], " ", "")); err == nil {
				one.frames = append(one.frames, b)
			}
		}
		out = append(out, one)
	}
	files, _ := filepath.Glob("../../testdata/corpus/*.json")
	for _, file := range files {
		var corpus struct {
			Profile string
			Frames  []struct{ Hex string }
		}
		src, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(src, &corpus)
		}
		at := slices.IndexFunc(out, func(one profile) bool { return one.name == corpus.Profile })
		if err != nil || at < 0 || len(corpus.Frames) == 0 {
			t.Fatalf("%s: profile %q, %d frames, %v", file, corpus.Profile, len(corpus.Frames), err)
		}
		for _, f := range corpus.Frames {
			b, err := hex.DecodeString(strings.ReplaceAll(f.Hex, " ", ""))
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			out[at].frames = append(out[at].frames, b)
		}
	}
	return out
}

// fastPathAgrees compares decoding, which takes the fast path where there is one, with the walk; it says whether the
// fast path was taken.
func fastPathAgrees(t testing.TB, one profile, d field.Direction, data []byte) bool {
	t.Helper()
	var fast, walked frame.Frame
	var m decode.Walker
	at, n := decode.Next(one.p, d, data, 0, &fast)
	cut, v := decode.Try(one.p, &m, d, nil, data, false)
	if (v == program.Complete) != (at == 0 && n > 0) || v == program.Complete && n != cut {
		t.Fatalf("%s %s %x: a frame of %d bytes at %d, by the walk alone %v and %d", one.name, d, data, n, at, v, cut)
	}
	err := decode.Decode(one.p, d, data, &fast)
	if _, v = decode.Try(one.p, &m, d, &walked, data, true); (err == nil) != (v == program.Complete) {
		t.Fatalf("%s %s %x: %v, by the walk alone %v", one.name, d, data, err, v)
	}
	if err != nil {
		return false
	}
	if fast.Body != walked.Body || fast.Roles != walked.Roles || string(fast.Data) != string(walked.Data) ||
		!slices.Equal(fast.Cells, walked.Cells) || !slices.Equal(fast.Nums, walked.Nums) {
		t.Fatalf("%s %s %x: %+v %v of %s, by the walk alone %+v %v of %s", one.name, d, data,
			fast.Cells, fast.Nums, fast.Body.Message.Name, walked.Cells, walked.Nums, walked.Body.Message.Name)
	}
	if fast.Plan == nil {
		return false
	}
	samplesAgree(t, one, &fast, &walked)
	return true
}

// samplesAgree compares the samples of a frame, whose places the fast path knows, with those that are looked for in it.
func samplesAgree(t testing.TB, one profile, fast, walked *frame.Frame) {
	t.Helper()
	ours, theirs := one.used, new(frame.Samples)
	fast.Samples(time.Time{}, ours)
	walked.Samples(time.Time{}, theirs)
	same := slices.EqualFunc(ours.List, theirs.List, func(a, b frame.Sample) bool {
		cell, record := a.Place()
		otherCell, otherRecord := b.Place()
		return cell == otherCell && record == otherRecord && string(a.Point) == string(b.Point) && a.Item.Value() == b.Item.Value() &&
			a.Device.Equal(b.Device) && a.Quality == b.Quality
	})
	if !same {
		t.Fatalf("%s %x: %+v, by the walk alone %+v", one.name, fast.Data, ours.List, theirs.List)
	}
}

// fastReplyAgrees compares the reply to a frame, which takes the fast path where there is one, with the reply that the
// encoder writes.
func fastReplyAgrees(t testing.TB, one profile, d field.Direction, data []byte) {
	t.Helper()
	var f, other frame.Frame
	_, _ = decode.Decode(one.p, d, data, &f), decode.Decode(one.slow, d, data, &other)
	if f.Body == nil { // otherwise it can be read, or be answered although it cannot
		return
	}
	for _, year := range []int{0, 1, 2026, 12_026} { // the first is no time, the last fits no layout
		var ours, theirs encode.Session
		env, plain := encode.Env{Session: &ours}, encode.Env{Session: &theirs}
		if year > 0 {
			env.Now = time.Date(year, 11, 30, 23, 59, 1, 2e6, time.UTC)
			plain.Now = env.Now
		}
		for range 2 { // counters go on
			got, due, err := encode.ReplyTo(one.p, []byte("x"), &f, env)
			want, owed, why := encode.ReplyTo(one.slow, []byte("x"), &other, plain)
			if string(got) != string(want) || due != owed || fmt.Sprint(err) != fmt.Sprint(why) {
				t.Fatalf("%s %s %x: reply %x %v %v, by the encoder alone %x %v %v", one.name, d, data, got, due, err, want, owed, why)
			}
		}
	}
}

// changed is b with a few bytes changed, left out, repeated or cut off.
func changed(random *rand.Rand, b []byte) []byte {
	b = slices.Clone(b)
	for range random.IntN(3) {
		if len(b) == 0 {
			break
		}
		switch at := random.IntN(len(b)); random.IntN(6) {
		case 0:
			b[at] ^= 1 << random.IntN(8)
		case 1:
			b[at] = []byte{0, 0xff, 0x99, '0', 'A', ' ', 1, 9}[random.IntN(8)]
		case 2:
			b = slices.Delete(b, at, at+1)
		case 3:
			b = slices.Insert(b, at, b[at])
		case 4:
			b = b[:at]
		default:
			b = append(b, b[at:]...)
		}
	}
	return b
}

func TestTheFastPathReadsWhatTheWalkReads(t *testing.T) {
	taken := map[string]int{}
	random := rand.New(rand.NewPCG(1, 2))
	for _, one := range profiles(t) {
		for _, raw := range one.frames {
			for n := range raw {
				fastPathAgrees(t, one, field.Any, raw[:n])
			}
			b := raw
			for range 60 {
				for d := field.Any; d <= field.Downlink; d++ {
					fastReplyAgrees(t, one, d, b)
					if fastPathAgrees(t, one, d, b) {
						taken[one.name]++
					}
				}
				b = changed(random, raw)
			}
		}
	}
	for _, name := range []string{"extended", "compact", "modbus-rtu", "mavlink", "ubx", "sums"} {
		if taken[name] == 0 {
			t.Errorf("%s: the fast path was never taken; it was by %v", name, taken)
		}
	}
}

func FuzzFastPath(f *testing.F) {
	all := profiles(f)
	for i, one := range all {
		for _, b := range one.frames {
			f.Add(b, uint16(i), uint8(field.Uplink))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, of uint16, way uint8) {
		one, d := all[int(of)%len(all)], field.Direction(way%3)
		fastPathAgrees(t, one, d, data)
		fastReplyAgrees(t, one, d, data)
	})
}
