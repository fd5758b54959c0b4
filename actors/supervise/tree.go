package supervise

import "time"

// NodeInfo is one actor of the tree as the debug endpoint shows it.
type NodeInfo struct {
	Name      string         `json:"name"`
	Path      string         `json:"path"`  // "trama/listeners/gsm/conn-41"
	Kind      string         `json:"kind"`  // root, registry, master, listeners, listener, connection, …
	State     string         `json:"state"` // running, idle, stuck, restarting, stopping, stopped, suspended
	Since     time.Time      `json:"since"`
	Mailbox   int            `json:"mailbox"`
	Messages  uint64         `json:"messages"`
	Restarts  uint64         `json:"restarts"`
	LastError *NodeError     `json:"last_error,omitempty"`
	Busy      *NodeBusy      `json:"busy,omitempty"` // what it works on now
	Detail    map[string]any `json:"detail,omitempty"`
	Total     int            `json:"total_children"`   // children there are
	Folded    int            `json:"folded,omitempty"` // of these, not shown here (depth or limit)
	Children  []*NodeInfo    `json:"children,omitempty"`
}

// NodeError is the last fault of an actor.
type NodeError struct {
	At    time.Time `json:"at"`
	Text  string    `json:"text"`
	Stack string    `json:"stack,omitempty"` // first lines
}

// NodeBusy says what an actor works on.
type NodeBusy struct {
	Message string `json:"message"`
	For     Millis `json:"for_ms"`
}

// TreeQuery chooses a part of the tree.
type TreeQuery struct {
	Under  string // path of the node to start from; "" = root
	Depth  int    // levels below it; 0 = all
	Limit  int    // children shown per node (default 100; <0 = all)
	Offset int    // children of the Under node to pass over (paging)
}

// defaultTreeLimit is how many children a node shows when the query does not say.
const defaultTreeLimit = 100

// Render shows n and what q asks for of the actors below it.  It reads records and sends nothing, so it answers also
// when actors do not.
func (n *Node) Render(q TreeQuery) *NodeInfo {
	if q.Limit == 0 {
		q.Limit = defaultTreeLimit
	}
	return n.render(q, 0, time.Now())
}

func (n *Node) render(q TreeQuery, level int, now time.Time) *NodeInfo {
	state, busy := n.Condition(now)
	out := &NodeInfo{
		Name: n.name, Path: n.Path(), Kind: string(n.kind), State: state, Since: time.Unix(0, n.born),
		Mailbox: n.Waiting(), Messages: n.messages.Load(), Restarts: uint64(n.restarts.Load()),
		LastError: n.fault.Load(), Busy: busy, Total: n.children.size(),
	}
	if n.detail != nil {
		out.Detail = n.detail.TreeDetail()
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
	out.Children = make([]*NodeInfo, len(kids))
	for i, k := range kids {
		out.Children[i] = k.render(q, level+1, now)
	}
	return out
}
