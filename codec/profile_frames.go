package codec

import (
	"bufio"
	"slices"
	"time"

	"trama/codec/internal/decode"
	"trama/codec/internal/encode"
	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
)

// Decode reads one whole frame into f.  raw is aliased by f until its next use.  The error is a *FieldError; f is then
// of no use, or, when f.Unreadable is that error, holds what of the frame could be read.
func (p *Profile) Decode(d field.Direction, raw []byte, f *frame.Frame) error {
	return decode.Decode(p.program, d, raw, f)
}

// Samples lists the values of a frame with the points that they are values of, their times and their quality, in the
// order of the frame.  received is when it came.
func (p *Profile) Samples(f *frame.Frame, received time.Time, into *frame.Samples) {
	f.Samples(received, into)
}

// Points lists what the messages of the profile can have values of.
func (p *Profile) Points() []program.Point { return p.program.Points.All }

// Append appends the bytes of f to dst: those that it was decoded from, or that Build and Set made.  On an error dst
// is returned as it was.
func (p *Profile) Append(dst []byte, f *frame.Frame) ([]byte, error) {
	return encode.AppendFrame(p.program, dst, f)
}

// ParseJSON makes f the frame that AppendJSON described; its fields may stand in an object of their own, "fields".
// Computed fields may stand in it and are computed anew; fields that have a default may be left out.
func (p *Profile) ParseJSON(src []byte, f *frame.Frame) error {
	return encode.ParseJSON(p.program, src, f)
}

// Build is BuildIn without knowledge of the world: fields that would be filled with the time must be given.
func (p *Profile) Build(f *frame.Frame, command string, fields map[string]any) error {
	return encode.Build(p.program, encode.Env{}, f, command, fields)
}

// BuildIn makes f a new frame of the message that command names, by its Name or by its Command (the first one
// in the definition that has it).  Values may be Go numbers, text as typed on a command line ("3", "0x1f",
// "21.5", a label, digits, RFC 3339 or the digits of the field's layout for times, JSON for lists and groups),
// time.Time, []byte, []any for lists, or map[string]any for groups.  A key may be a path into a group: "at.x".
//
// A field that is not given takes, in this order: its constant, the value last seen (env.Session, for fields
// marked `remember`), env.Now (default = "now"), its default.  Nothing of these: the error wraps ErrMissing.
// The error is a *FieldError; f then holds no message.
func (p *Profile) BuildIn(env encode.Env, f *frame.Frame, command string, fields map[string]any) error {
	return encode.Build(p.program, env, f, command, fields)
}

// Reply appends the acknowledgement of a received frame.  due is false, and dst as it was, when none is owed.
// The reply echoes the fields of f except those that the definition sets, the length, and the result when
// env has one.
func (p *Profile) Reply(dst []byte, f *frame.Frame, env encode.Env) (out []byte, due bool, err error) {
	return encode.ReplyTo(p.program, dst, f, env)
}

// Acknowledges says whether ack is the acknowledgement that request, a frame of the peer that ack was received by, is owed
// by the definition: the message that its reply sends, for the same master, with what that takes of the command, the
// transaction number, and by "$KEY" and [answer], from the request.  What else a server is free to say is not looked at.
func (p *Profile) Acknowledges(request, ack *frame.Frame) bool {
	return encode.Acknowledges(p.program, request, ack)
}

// Answers says whether answer is the answer to request: the fields that the definition lists are equal in both.
func (p *Profile) Answers(request, answer *frame.Frame) bool {
	return encode.AnswersTo(p.program, request, answer)
}

// Alike says whether an answer to one request could be taken for that to another: each field of it that must be in an answer
// has the same value in both.
func (p *Profile) Alike(a, b *frame.Frame) bool { return encode.Alike(p.program, a, b) }

// NumbersAnswers says whether an answer repeats the transaction number of its request: then no other frame is taken for
// it.
func (p *Profile) NumbersAnswers() bool {
	for _, msg := range p.program.Messages {
		for _, f := range msg.Fields {
			if f.Role == field.RoleTransaction &&
				slices.ContainsFunc(p.program.Answers, func(pair [2]string) bool { return pair[0] == f.Key }) {
				return true
			}
		}
	}
	return false
}

// TellsWaiting says whether some reply is another one while commands wait for the peer (Env.Waiting).
func (p *Profile) TellsWaiting() bool {
	return slices.ContainsFunc(p.program.Replies, func(r program.ReplyRule) bool { return r.Waiting })
}

// Answered says whether a command has an answer at all: a broadcast has none.
func (p *Profile) Answered(command *frame.Frame) bool { return encode.Answered(p.program, command) }

// Relate tells answer what request asked: the fields that the definition computes from `request.KEY` are there
// afterwards.  Without it, or when the definition has none, they are not.  The frames must go together (see
// Answers); whether they do is not looked at.  The error is a *FieldError; answer is then as it was.
func (p *Profile) Relate(request, answer *frame.Frame) error {
	return encode.Relate(p.program, request, answer)
}

// Forward names the command for the master that an integrator's request becomes.
func (p *Profile) Forward(f *frame.Frame) (command string, ok bool) {
	return encode.Forward(p.program, f)
}

// Remember keeps the values of f that later frames to the same peer default to (fields marked `remember`).
// Frames of the server itself are not remembered.
func (p *Profile) Remember(s *encode.Session, f *frame.Frame) {
	encode.Remember(p.program, s, f)
}

// Resend says how a frame that comes again is recognised.
func (p *Profile) Resend() program.Resend {
	return p.resend
}

// Print is what a resend of a frame has in common with it: its transaction number (0 where frames have none) and a hash of its
// content.  ok is false for frames that are not recognised when they come again: answers to commands, and without numbers all
// but measurements and reports.  It does not allocate.
func (p *Profile) Print(f *frame.Frame) (number, content uint64, ok bool) {
	return encode.Print(p.program, &p.resend, f)
}

// Set changes one field of f.  What follows from it, such as the length, is computed anew.  The value may be anything
// that Build understands.  The error is a *FieldError; f is then as it was.
func (p *Profile) Set(f *frame.Frame, key string, value any) error {
	return encode.Set(p.program, f, key, value)
}

// Adopt makes s a session of p when it was one of another profile, such as an earlier version of the same: the identity
// stays, and so does what is remembered or counted in fields of the same key that are made the same way and allow the
// value.
func (p *Profile) Adopt(s *encode.Session) { s.Adopt(p.program) }

// ReplyDamaged appends the reply of the definition to a damaged frame ([[reply]] with damaged = true).  raw is bytes
// that framing has skipped; the first frame in them counts whose marks and length are right and whose checksum is
// wrong.  due is false, and dst as it was, when there is none, or no reply to it.  Fields of the frame can be echoed,
// though they may be what is damaged.  Who calls it bounds how often: a peer may send as many damaged frames as it likes.
func (p *Profile) ReplyDamaged(dst []byte, d field.Direction, raw []byte, env encode.Env) (out []byte, due bool, err error) {
	return encode.ReplyDamaged(p.program, dst, d, raw, env)
}

// Next finds the first frame of a stream and decodes it into f, in one walk.
//
//   - found: f is that frame, of which f.Raw() is a part of data; the advance-len(f.Raw()) bytes before it are noise.
//     A frame whose marks, length and checksum are right is found though its fields cannot all be read: f.Unreadable
//     says why, and f holds what could be read.  Bytes that read as a frame of the other direction are no such frame.
//     A protected frame is found closed: f.Raw() is its bytes, and Open makes the plain frame of it.
//   - not found, advance > 0: so many bytes are noise.
//   - not found, advance == 0: the bytes may begin a frame; more are needed.
//
// The result does not depend on how the stream was cut.  around says what else is known, 0 while bytes come:
//
//   - Quiet: none has come for p.Quiet().  A frame that a silence ends is whole, and a whole frame with a right checksum inside
//     the frame begun is taken; what is before it is noise.
//   - Ended: no more bytes will come for the frame begun.  It is given up at its first byte, and the search goes on inside it.
//   - Weak: protected frames of suites 10 and 11 are looked for too.  Nothing but their tag tells them from noise, and so they are
//     noise otherwise.
//   - Behind: a frame ended where data begins.  The mark at its end may be that at the beginning of the next one, whose bytes
//     f.Raw() then are no part of data: the mark, and the advance bytes behind it.
//
// A frame that was found holds on to data: it is valid until the bytes of data change or f is used again.  A Frame takes
// about 300 bytes, 20 for each of its fields, and its own size once more where its bytes are written in escape sequences,
// armour or parts that differ on the wire.  It keeps its memory, so that a reader that uses a Frame again, one for each
// frame of a read, allocates nothing.  When nothing is found f is of no use.
func (p *Profile) Next(d field.Direction, data []byte, around decode.Around, f *frame.Frame) (advance int, found bool) {
	if d != field.Uplink && d != field.Downlink { // of two ways to read a frame, the better one is found when all of it is known
		at, n := decode.Next(p.program, field.Any, data, around&^decode.Behind, nil)
		if n > 0 && p.program.Security != nil && p.program.Security.Is(data[at:at+n]) {
			f.Close(p.program, field.Any, data[at:at+n])
			return at + n, true
		}
		return at + n, n > 0 && p.Decode(field.Any, data[at:at+n], f) == nil
	}
	at, n := decode.Next(p.program, d, data, around|decode.Sealed, f)
	return at + n, n > 0
}

// Splitter returns the framing function of one direction, in the shape that bufio.Scanner takes.
//
//   - token != nil: one whole, verified frame; the advance-len(token) bytes before it are noise.
//   - token == nil, advance > 0: so many bytes are noise.
//   - token == nil, advance == 0: the bytes may begin a frame; more are needed.
//
// Splitting never fails and does not allocate; the function passes over frames that cannot be read.  For the rest it is as Next,
// which decodes too; hints go for every call.
func (p *Profile) Splitter(d field.Direction, hints ...decode.Around) bufio.SplitFunc {
	if d > field.Downlink {
		d = field.Any
	}
	return func(data []byte, atEOF bool) (advance int, token []byte, err error) {
		var around decode.Around
		for _, hint := range hints {
			around |= hint
		}
		if atEOF {
			around |= decode.Ended
		}
		at, n := decode.Next(p.program, d, data, around, nil)
		if n > 0 {
			token = data[at : at+n]
		}
		return at + n, token, nil
	}
}
