package words

import (
	"fmt"
	"strings"
)

// OneOf is the error of a word that is none of the known ones.
func OneOf(found string, known []string) error {
	return fmt.Errorf("found %q, expected one of %s%s", found, strings.Join(known, ", "), DidYouMean(found, known))
}

// DidYouMean is the end of a message about an unknown word: "; did you mean …?", or nothing when no known word is near.
func DidYouMean(found string, known []string) string {
	if near := Nearest(found, known, nil); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}
