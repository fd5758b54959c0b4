package program

// Bodies lists the nodes of each message body of a frame kind.
func Bodies(f *FrameKind) (out [][]*Node) {
	for _, s := range f.Bodies {
		out = append(out, s.Nodes)
	}
	return out
}

// Each calls visit for every node of a frame kind: of header, trailer and bodies.
func (f *FrameKind) Each(visit func(n *Node)) {
	for _, nodes := range append([][]*Node{f.Header, f.Trailer}, Bodies(f)...) {
		Each(nodes, visit)
	}
}
