package codec

func (p *program) decode(d Direction, raw []byte, f *Frame) error {
	plan, way := p.fixed(d, raw)
	if plan == nil || plan.total != len(raw) || d == Any && !plan.layout.named(plan.layout.shape.family) {
		return p.decodeAnswer(d, raw, f, nil)
	}
	if plan.fill(p, f, way, raw); d == Any {
		f.direction = plan.layout.direction
	}
	return nil
}

func (p *program) fault(l *layout, bad failure) error {
	e := &FieldError{Profile: p.name, Offset: bad.off, Err: bad.err}
	if l != nil {
		e.Frame = l.message.Name
	}
	if bad.op != nil {
		e.Field = bad.op.field.Key
	}
	return e
}
