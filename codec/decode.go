package codec

func (p *program) decode(d Direction, raw []byte, f *Frame) error {
	if plan, way := p.fixed(d, raw); plan != nil && plan.total == len(raw) {
		plan.fill(p, f, way, raw)
		if d == Any {
			f.direction = plan.layout.direction
		}
		return nil
	}
	return p.decodeAnswer(d, raw, f, nil)
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
