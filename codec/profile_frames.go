package codec

// Decode reads one whole frame into f.  raw is aliased by f until its next use.  The error is a *FieldError;
// f is then of no use.
func (p *Profile) Decode(d Direction, raw []byte, f *Frame) error {
	return p.decode(d, raw, f)
}

// Append appends the bytes of f to dst.  The length field is computed anew; everything else is written as it
// stands, so Append of a decoded frame gives the same bytes.  On an error dst is returned as it was.
func (p *Profile) Append(dst []byte, f *Frame) ([]byte, error) {
	return p.appendFrame(dst, f)
}

// ParseJSON makes f the frame that AppendJSON described.  Computed fields may stand in it and are computed anew;
// fields that have a default may be left out.
func (p *Profile) ParseJSON(src []byte, f *Frame) error {
	return p.parseJSON(src, f)
}

// Build is BuildIn without knowledge of the world: fields that would be filled with the time must be given.
func (p *Profile) Build(f *Frame, command string, fields map[string]any) error {
	return p.build(Env{}, f, command, fields)
}

// BuildIn makes f a new frame of the message that command names, by its Name or by its Command (the first one
// in the definition that has it).  Values may be Go numbers, text as typed on a command line ("3", "0x1f",
// "21.5", a label, digits, RFC 3339 or the digits of the field's layout for times, JSON for lists and groups),
// time.Time, []byte, []any for lists, or map[string]any for groups.  A key may be a path into a group: "at.x".
//
// A field that is not given takes, in this order: its constant, the value last seen (env.Session, for fields
// marked `remember`), env.Now (default = "now"), its default.  Nothing of these: the error wraps ErrMissing.
// The error is a *FieldError; f then holds no message.
func (p *Profile) BuildIn(env Env, f *Frame, command string, fields map[string]any) error {
	return p.build(env, f, command, fields)
}

// Reply appends the acknowledgement of a received frame.  due is false, and dst as it was, when none is owed.
// The reply echoes the fields of f except those that the definition sets, the length, and the result when
// env has one.
func (p *Profile) Reply(dst []byte, f *Frame, env Env) (out []byte, due bool, err error) {
	return p.replyTo(dst, f, env)
}

// Acknowledges says whether ack is the acknowledgement that request, a frame of the peer that ack was received by, is owed
// by the definition: the message that its reply sends, for the same master, with what that takes of the command, the
// transaction number, and by "$KEY" and [answer], from the request.  What else a server is free to say is not looked at.
func (p *Profile) Acknowledges(request, ack *Frame) bool {
	return p.acknowledges(request, ack)
}

// Answers says whether answer is the answer to request: the fields that the definition lists are equal in both.
func (p *Profile) Answers(request, answer *Frame) bool {
	return p.answersTo(request, answer)
}

// Relate tells answer what request asked: the fields that the definition computes from `request.KEY` are there
// afterwards.  Without it, or when the definition has none, they are not.  The frames must go together (see
// Answers); whether they do is not looked at.  The error is a *FieldError; answer is then without a message.
func (p *Profile) Relate(request, answer *Frame) error {
	return p.relate(request, answer)
}

// Forward names the command for the master that an integrator's request becomes.
func (p *Profile) Forward(f *Frame) (command string, ok bool) {
	return p.forward(f)
}

// Remember keeps the values of f that later frames to the same peer default to (fields marked `remember`).
// Frames of the server itself are not remembered.
func (p *Profile) Remember(s *Session, f *Frame) {
	p.remember(s, f)
}

// Resend says how a frame that comes again is recognised.
func (p *Profile) Resend() Resend {
	return p.resend
}

// Print is what a resend of a frame has in common with it: its transaction number (0 where frames have none) and a hash of its
// content.  ok is false for frames that are not recognised when they come again: answers to commands, and without numbers all
// but measurements and reports.  It does not allocate.
func (p *Profile) Print(f *Frame) (number, content uint64, ok bool) {
	return p.print(&p.resend, f)
}

// Set changes one field of f.  What follows from it, such as the length, is computed anew.  The value may be anything
// that Build understands.  The error is a *FieldError; f is then as it was.
func (p *Profile) Set(f *Frame, key string, value any) error {
	return p.set(f, key, value)
}

// Adopt makes s a session of p when it was one of another profile, such as an earlier version of the same: the identity
// stays, and so does what is remembered or counted in fields of the same key that are made the same way and allow the
// value.
func (p *Profile) Adopt(s *Session) { s.adopt(p.program) }

// ReplyDamaged appends the reply of the definition to a damaged frame ([[reply]] with damaged = true).  raw is bytes
// that framing has skipped; the first frame in them counts whose marks and length are right and whose checksum is
// wrong.  due is false, and dst as it was, when there is none, or no reply to it.  Fields of the frame can be echoed,
// though they may be what is damaged.  Who calls it bounds how often: a peer may send as many damaged frames as it likes.
func (p *Profile) ReplyDamaged(dst []byte, d Direction, raw []byte, env Env) (out []byte, due bool, err error) {
	return p.replyDamaged(dst, d, raw, env)
}
