package actors

import (
	"fmt"
	"time"
)

// defaultTreeLimit is how many children a node shows when the query does not say.
const defaultTreeLimit = 100

// Tree renders the part of the tree that q asks for.
// It reads records only and sends nothing, so it answers also when actors do not.
func (g *gateway) Tree(q TreeQuery) (*Node, error) {
	from := g.rootNode
	if q.Under != "" {
		if from = g.rootNode.find(q.Under); from == nil {
			return nil, fmt.Errorf("%w: %q (paths look like %q)", ErrUnknownActor, q.Under, "trama/listeners/field/conn-41")
		}
	}
	if q.Limit == 0 {
		q.Limit = defaultTreeLimit
	}
	return from.render(q, 0, time.Now()), nil
}

func (n *node) render(q TreeQuery, level int, now time.Time) *Node {
	state, busy := n.condition(now)
	out := &Node{
		Name: n.name, Path: n.path(), Kind: string(n.kind), State: state, Since: n.born,
		Mailbox: n.box.UserMessageCount(), Messages: n.messages.Load(), Restarts: uint64(n.restarts.Load()),
		LastError: n.fault.Load(), Busy: busy, Total: n.children.size(),
	}
	if n.detail != nil {
		out.Detail = n.detail.treeDetail()
	}
	if out.Total == 0 {
		return out
	}
	if q.Depth > 0 && level >= q.Depth {
		out.Folded = out.Total
		return out
	}
	kids := n.children.list()
	out.Total = len(kids)
	if level == 0 && q.Offset > 0 {
		kids = kids[min(q.Offset, len(kids)):]
	}
	if q.Limit > 0 && len(kids) > q.Limit {
		kids = kids[:q.Limit]
	}
	out.Folded = out.Total - len(kids)
	out.Children = make([]*Node, len(kids))
	for i, k := range kids {
		out.Children[i] = k.render(q, level+1, now)
	}
	return out
}
