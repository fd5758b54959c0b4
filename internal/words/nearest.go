package words

import (
	"slices"
	"strings"
)

// longestWord bounds the words that a suggestion is looked for.
const longestWord = 64

// Nearest is the known word that differs from word in at most a third of its letters, or begins it, or is begun by it;
// of equally near ones, that with the longest common beginning; empty when there is none.  Foreign words stand for
// known ones.
func Nearest(word string, known []string, foreign map[string]string) string {
	if len(word) > longestWord {
		return ""
	}
	if ours := foreign[strings.ToLower(word)]; slices.Contains(known, ours) {
		return ours
	}
	if at := slices.IndexFunc(known, func(w string) bool { return strings.EqualFold(w, word) }); at >= 0 && !slices.Contains(known, word) {
		return known[at]
	}
	best, least := "", min(len(word)/3+1, 3)
	for _, w := range known {
		d := distance(word, w, least)
		if d < least || d == least && (best == "" || common(word, w) > common(word, best)) {
			best, least = w, d
		}
	}
	if best == word {
		return ""
	}
	for _, w := range known {
		if best == "" && len(word) > 1 && len(w) > 1 && (strings.HasPrefix(w, word) || strings.HasPrefix(word, w)) {
			return w
		}
	}
	return best
}

// common is the length of the common beginning.
func common(a, b string) (n int) {
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// distance is the number of letters to insert, delete, replace or swap; more than limit is limit+1.
func distance(a, b string, limit int) int {
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
