package config

import (
	"cmp"
	"math"
	"slices"

	"trama/internal/tomlread"
)

// Error holds every problem of a configuration in the order of the lines, those of its profiles at the end.
type Error struct {
	Problems []tomlread.Problem
}

func (e *Error) Error() string { return tomlread.Text(e.Problems) }

// sorted returns the problems in the order of the lines; those without a line come last.
func sorted(problems []tomlread.Problem) []tomlread.Problem {
	line := func(p tomlread.Problem) int {
		if p.Line == 0 {
			return math.MaxInt
		}
		return p.Line
	}
	slices.SortStableFunc(problems, func(a, b tomlread.Problem) int { return cmp.Compare(line(a), line(b)) })
	return problems
}
