package codec

import (
	"fmt"
	"sort"
	"strings"
)

// Problem is one thing wrong with a definition.
type Problem struct {
	File     string
	Line     int    // 1 for the first line; 0 when no line can be named
	Key      string // path of the key, such as message[2].fields[0].size
	Found    string // what stands there
	Expected string // what may stand there
	Nearest  string // the known word most like what was found; may be empty
}

func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	b.WriteString(": ")
	if p.Key != "" {
		b.WriteString(p.Key)
		b.WriteString(": ")
	}
	b.WriteString("found ")
	b.WriteString(p.Found)
	b.WriteString(", expected ")
	b.WriteString(p.Expected)
	if p.Nearest != "" {
		fmt.Fprintf(&b, "; did you mean %q?", p.Nearest)
	}
	return b.String()
}

// DefinitionError holds every problem of a definition, in the order of the lines.
type DefinitionError struct {
	Problems []Problem
}

func (e *DefinitionError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// sortProblems puts those of the definition itself first, then those of each part that it includes.
func sortProblems(file string, ps []Problem) {
	sort.SliceStable(ps, func(i, j int) bool {
		a, b := &ps[i], &ps[j]
		if a.File != b.File {
			return a.File == file || b.File != file && a.File < b.File
		}
		return a.Line < b.Line
	})
}

// nearest returns the word most like s, or "" when none is near: at most a third of the letters may differ, or
// one is the beginning of the other.
func nearest(s string, words []string) string {
	best, bestDistance := "", len(s)/3+1
	if bestDistance > 3 {
		bestDistance = 3
	}
	for _, w := range words {
		if d := editDistance(s, w, bestDistance); d <= bestDistance && (best == "" || d < bestDistance) {
			best, bestDistance = w, d
		}
	}
	if best == s {
		return ""
	}
	if best == "" && len(s) > 1 {
		for _, w := range words {
			if len(w) > 1 && (strings.HasPrefix(w, s) || strings.HasPrefix(s, w)) {
				return w
			}
		}
	}
	return best
}

// editDistance is the number of letters to insert, delete, replace or swap; more than limit is returned as limit+1.
func editDistance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
