package encode

import (
	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
)

// Acknowledges reports whether ack is the acknowledgement that the definition owes to request; see Profile.Acknowledges.
func Acknowledges(p *program.Program, request, ack *frame.Frame) bool {
	if request.Body == nil || ack.Body == nil || request.Program != p || ack.Program != p || request.Way == ack.Way {
		return false
	}
	rule := ruleFor(p, request, false, false)
	if rule == nil || rule.Send != nil && ack.Body != rule.Send {
		return false
	}
	free := map[string]bool{} // what the server gives of its own
	for _, set := range rule.Sets {
		free[set.Key] = true
		i, k := -1, -1
		if set.Echo != "" {
			i, k = request.At(set.Echo), ack.At(set.Key)
		}
		if i < 0 || k < 0 {
			continue
		}
		from, to := &p.Ops[request.Cells[i].Op], &p.Ops[ack.Cells[k].Op]
		it, got := request.ItemAt(i, from), ack.ItemAt(k, to)
		switch {
		case from.Role == field.RoleIdentity: // a server may make something of its own of it
		case set.Plus != 0:
			if wrapped(to, it.Int()+set.Plus) != got.Int() {
				return false
			}
		case !it.V.Same(got.V):
			return false
		}
	}
	for _, role := range []field.Role{field.RoleIdentity, field.RoleCommand, field.RoleTransaction} {
		i, from := request.Role(role)
		k, to := ack.Role(role)
		if i < 0 || k < 0 || free[to.Field.Key] || from.Field.Key != to.Field.Key ||
			role == field.RoleCommand && rule.Send != nil && rule.Send.Message.Command != "" {
			continue
		}
		if !valueOf(request, i).Same(valueOf(ack, k)) {
			return false
		}
	}
	for _, pair := range p.Answers {
		if request.At(pair[0]) >= 0 && ack.At(pair[1]) >= 0 && !free[pair[1]] && !agree(request, pair[0], ack, pair[1]) {
			return false
		}
	}
	return true
}
