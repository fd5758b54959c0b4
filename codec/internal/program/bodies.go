package program

// Bodies lists the nodes of each message body of a frame kind.
func Bodies(f *FrameKind) (out [][]*Node) {
	for _, s := range f.Bodies {
		out = append(out, s.Nodes)
	}
	return out
}
