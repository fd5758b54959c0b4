package codec

// hasChecksum says whether frames of the profile carry a checksum, of their own or after blocks of bytes.
func (p *program) hasChecksum() bool {
	for i := range p.ops {
		if p.ops[i].code == opChecksum {
			return true
		}
	}
	found := false
	look := func(n *node) { found = found || n.transform != nil && n.transform.block > 0 }
	for _, f := range p.families {
		for _, nodes := range append([][]*node{f.header, f.trailer}, bodies(f)...) {
			each(nodes, look)
		}
	}
	return found
}
