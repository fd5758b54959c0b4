package words

import (
	"fmt"
	"slices"
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

// mostNamed bounds how many known names a message lists.
const mostNamed = 20

// Known is the end of a message about an unknown name: the known ones, unless they are many, and which is most like it.
func Known(found string, known []string) string {
	near := DidYouMean(found, known)
	switch {
	case len(known) == 0:
		return ", there is none"
	case len(known) > mostNamed:
		return near
	}
	return ", known are " + strings.Join(slices.Sorted(slices.Values(known)), ", ") + near
}
