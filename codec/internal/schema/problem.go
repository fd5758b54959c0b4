package schema

import (
	"sort"
	"trama/internal/tomlread"
)

// Problem is one thing wrong with a definition.
type Problem = tomlread.Problem

// DefinitionError holds every problem of a definition, in the order of the lines.
type DefinitionError struct {
	Problems []Problem
}

func (e *DefinitionError) Error() string { return tomlread.Text(e.Problems) }

// SortProblems puts those of the definition itself first, then those of each part that it includes.
func SortProblems(file string, ps []Problem) {
	sort.SliceStable(ps, func(i, j int) bool {
		a, b := &ps[i], &ps[j]
		if a.File != b.File {
			return a.File == file || b.File != file && a.File < b.File
		}
		return a.Line < b.Line
	})
}
