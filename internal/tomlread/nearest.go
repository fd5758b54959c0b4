package tomlread

import (
	"slices"
	"strings"
)

// longestWord bounds the words that a suggestion is looked for.
const longestWord = 64

// nearest is the known word most like found, or empty.  Where found is a phrase, such as "from KEY to KEY", the first
// of its words that is unknown is looked for.
func (s *Source) nearest(found string, known []string) string {
	words := strings.Fields(found)
	if near := Nearest(found, known, s.words.Foreign); near != "" || len(words) < 2 {
		return near
	}
	for _, w := range words {
		if slices.Contains([]string{"from", "after", "to", "all", "body", "end"}, w) || slices.Contains(known, w) {
			continue
		}
		if near := Nearest(w, known, s.words.Foreign); near != "" {
			return near
		}
	}
	return ""
}

// Nearest is the known word that differs from word in at most a third of its letters, or begins it, or is begun by it;
// empty when there is none.  Foreign words stand for known ones.
func Nearest(word string, known []string, foreign map[string]string) string {
	if len(word) > longestWord {
		return ""
	}
	lower := strings.ToLower(word)
	if ours := foreign[lower]; slices.Contains(known, ours) {
		return ours
	}
	if lower != word && slices.Contains(known, lower) {
		return lower
	}
	best, least := "", min(len(word)/3+1, 3)
	for _, w := range known {
		if d := distance(word, w, least); d <= least && (best == "" || d < least) {
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
