package codec

// acknowledges says whether ack is the acknowledgement that request, a frame of the peer that ack was received by, is owed
// by the definition: the message that its reply sends, for the same master, with what that takes of the command, the
// transaction number, and by "$KEY" and [answer], from the request.  What else a server is free to say is not looked at.
func (p *program) acknowledges(request, ack *Frame) bool {
	if request.layout == nil || ack.layout == nil || request.program != p || ack.program != p || request.direction == ack.direction {
		return false
	}
	rule := ruleFor(p, request)
	if rule == nil || rule.send != nil && ack.layout != rule.send {
		return false
	}
	free := map[string]bool{} // what the server gives of its own
	for _, set := range rule.sets {
		free[set.key] = true
		i, k := -1, -1
		if set.echo != "" {
			i, k = request.at(set.echo), ack.at(set.key)
		}
		if i < 0 || k < 0 {
			continue
		}
		from, to := &p.ops[request.cells[i].op], &p.ops[ack.cells[k].op]
		it, got := request.item(i, from), ack.item(k, to)
		switch {
		case from.role == RoleIdentity: // a server may make something of its own of it
		case set.plus != 0:
			if to.wrapped(it.Int()+set.plus) != got.Int() {
				return false
			}
		case !it.v.same(got.v):
			return false
		}
	}
	for _, role := range []Role{RoleIdentity, RoleCommand, RoleTransaction} {
		i, from := request.role(role)
		k, to := ack.role(role)
		if i < 0 || k < 0 || free[to.field.Key] || from.field.Key != to.field.Key || role == RoleCommand && rule.send != nil && rule.send.message.Command != "" {
			continue
		}
		if !request.valueOf(i).same(ack.valueOf(k)) {
			return false
		}
	}
	for _, pair := range p.answers {
		if request.at(pair[0]) >= 0 && ack.at(pair[1]) >= 0 && !free[pair[1]] && !agree(request, pair[0], ack, pair[1]) {
			return false
		}
	}
	return true
}
