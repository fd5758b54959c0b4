package codec

// The plan beside the tree: what a machine does for nodes that stand one after the other, with the fields of fixed
// size taken together.  It says nothing that the nodes do not say, and the nodes are walked where it does not apply.

// stage of a plan.
type stage struct {
	kind   stageKind
	when   *expr   // nil: always
	clear  []int   // registers that are zero when it is absent
	run    *run    // nil: the node is walked
	node   *node   // the only one
	nodes  []*node // all that the stage stands for
	around int     // op of the group that begins with it, -1: none
}

// stageKind says how a stage is done; most nodes have nothing around them that would have to be looked at.
type stageKind uint8

const (
	stageNode     stageKind = iota // the node is walked
	stageRun                       // the fields are read together
	stageLeaf                      // a field with neither mark nor text before it
	stageSized                     // likewise, bytes whose size an expression says
	stageChecksum                  // likewise
	stageRegion                    // a group, list or choice likewise
	stageList                      // a list without an end of its own
	stageChoice                    // a choice without one, or with a size
)

// stageKind of a node that is not part of a run.
func (g *grammarCompiler) stageKind(n *node) stageKind {
	switch {
	case n.before != nil || n.optional || n.column || n.mark > 0 || n.asks:
		return stageNode
	case n.kind == nodeList && n.size == nil && n.until == nil && n.transform == nil && !n.rest && (n.tail <= 0 || n.count != nil):
		return stageList
	case n.kind == nodeChoice && n.op < 0 && n.until == nil && n.transform == nil && !n.rest:
		return stageChoice
	case n.kind != nodeLeaf:
		return stageRegion
	}
	switch o := &g.p.ops[n.op]; o.code {
	case opChecksum:
		return stageChecksum
	case opHex, opDigits, opASCII:
		if n.size != nil && n.until == nil && n.value == nil && n.exponent == nil {
			return stageSized
		}
	}
	return stageLeaf
}

// plans makes the plans of all nodes.
func (g *grammarCompiler) plans() {
	for _, f := range g.g.families {
		f.byCommand, f.likenesses = [2]picker{newShapePicker(f, true), newShapePicker(f, false)}, new(likenesses)
		f.headerPlan, f.trailerPlan = g.plan(f.header, -1, 0), g.plan(f.trailer, -1, 0)
		for _, s := range f.shapes {
			s.plan = g.plan(s.nodes, -1, 0)
		}
	}
}

// plan of nodes at a depth; around is the op of the group that an element of a list is, -1 when there is none.
func (g *grammarCompiler) plan(nodes []*node, around int, depth uint8) (out []stage) {
	for len(nodes) > 0 {
		n := nodes[0]
		g.inner(n, depth)
		k := g.together(nodes)
		if around >= 0 && (k == 0 || n.when != nil) {
			out = append(out, stage{kind: stageRun, around: around, run: newRun(g.p, nil, around, depth)})
			around = -1
		}
		s := stage{kind: g.stageKind(n), when: n.when, node: n, around: around}
		if s.kind == stageNode && k == 0 {
			s.when = nil // the node looks itself
		}
		if k > 0 {
			s.kind, s.run = stageRun, newRun(g.p, nodes[:k], around, depth)
		}
		k = max(k, 1)
		for _, n := range nodes[:k] {
			s.clear = append(s.clear, n.clear...)
		}
		s.nodes, around, nodes = nodes[:k], -1, nodes[k:]
		out = append(out, s)
	}
	return out
}

// inner makes the plans of what is inside n.
func (g *grammarCompiler) inner(n *node, depth uint8) {
	switch {
	case n.kind == nodeList:
		depth += n.deeper()
	case n.op >= 0 && n.kind == nodeGroup:
		depth++
	}
	if n.kind == nodeChoice {
		n.byValue = newCasePicker(n)
	}
	n.plan = g.plan(n.kids, n.element, depth)
	for i := range n.cases {
		n.cases[i].plan = g.plan(n.cases[i].kids, -1, depth)
	}
	if n.kind == nodeList && n.separator == nil && n.stop == nil && len(n.plan) == 1 && n.plan[0].when == nil && n.plan[0].run != nil && n.plan[0].run.size > 0 {
		n.every = n.plan[0].run
	}
}

// regular says that a field can be part of a run, or be one.
func (g *grammarCompiler) regular(n *node) bool {
	if n.kind != nodeLeaf || n.asks || n.before != nil || n.optional || n.column || n.size != nil || n.rest || n.until != nil || n.exponent != nil || n.on != nil {
		return false
	}
	for i := n.op; i <= n.op+n.parts; i++ {
		if g.p.ops[i].table > 0 {
			return false
		}
	}
	o := &g.p.ops[n.op]
	switch o.code {
	case opComputed:
		return n.value != nil && !n.value.varies() && o.field.Kind != KindTime
	case opChecksum, opRun, opGroup, opList:
		return false
	}
	return o.size > 0 && n.value == nil
}

// together is how many of nodes make one run: those without a condition, or those with the same.  A condition that looks at the bytes at its
// place, or counts those that are left, is another one behind each field.
func (g *grammarCompiler) together(nodes []*node) (k int) {
	when := nodes[0].when
	var asked []int
	if when != nil {
		asked = when.fields(nil)
	}
	for ; k < len(nodes) && g.regular(nodes[k]) && nodes[k].when.same(when); k++ {
		for _, reg := range asked { // a field that the condition asks for ends the run
			for i := nodes[k].op; i <= nodes[k].op+nodes[k].parts; i++ {
				if o := &g.p.ops[i]; o.reg == reg || o.fold != nil {
					return k + 1
				}
			}
		}
		if when != nil && when.looks {
			return k + 1
		}
	}
	return k
}
