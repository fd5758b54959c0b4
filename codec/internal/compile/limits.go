package compile

import (
	"fmt"

	"trama/codec/internal/schema"
)

// Limits of a definition: what compiling costs grows with its size, and a layout that is used in a layout that is used
// again cannot make a program that is larger than any protocol.
const (
	mostFrames     = 64
	mostMessages   = 256
	mostReplies    = 128
	mostAnswers    = 64
	mostThen       = 16
	mostFields     = 8192  // of all messages, with those of a layout in each place where it is used
	mostNesting    = 16    // parts inside each other
	mostListed     = 16384 // values of in, is, enum and command of all fields
	mostExpression = 1024  // bytes
	mostProblems   = 100   // after so many, the rest is not looked at
)

// expense is what a definition has used of its limits.
type expense struct {
	fields, nesting, listed int
	told                    bool
}

// few says whether a definition has at most so many things of a kind, and reports it otherwise.
func (c *compiler) few(path, what string, n, most int) bool {
	if n > most {
		c.src.Problem(path, fmt.Sprintf("%d %s", n, what), fmt.Sprintf("at most %d", most))
	}
	return n <= most
}

// over reports once that a limit is exceeded.
func (c *compiler) over(path, found string, most int) {
	if !c.spent.told {
		c.spent.told = true
		c.src.Problem(path, found, fmt.Sprintf("at most %d", most))
	}
}

// affordField counts a field with its parts; false: compiling it would be too much.
func (c *compiler) affordField(def *schema.FieldDef) bool {
	if c.spent.fields += 1 + len(def.Parts); c.spent.fields > mostFields {
		c.over(def.Path, fmt.Sprintf("field %d of all messages", c.spent.fields), mostFields)
	}
	return !c.spent.told && len(c.src.Problems) < mostProblems
}

// affordValues counts values that are listed for a field.
func (c *compiler) affordValues(path string, n int) bool {
	if c.spent.listed += n; c.spent.listed > mostListed {
		c.over(path, fmt.Sprintf("%d values in lists of all fields", c.spent.listed), mostListed)
	}
	return !c.spent.told
}

// descend says of the fields inside a part whether they are too many levels down; the caller counts nesting down again.
func (c *compiler) descend(defs []schema.FieldDef) bool {
	if c.spent.nesting++; c.spent.nesting > mostNesting+1 && len(defs) > 0 {
		c.over(defs[0].Path, fmt.Sprintf("a field inside %d parts", c.spent.nesting-1), mostNesting)
	}
	return c.spent.told
}
