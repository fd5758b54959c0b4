package program

func Bodies(f *FrameKind) (out [][]*Node) {
	for _, s := range f.Bodies {
		out = append(out, s.Nodes)
	}
	return out
}
