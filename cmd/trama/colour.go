package main

import (
	"fmt"
	"os"

	"trama/cmd/trama/internal/terminal"
	"trama/internal/words"
)

// coloured says whether to write colours: as NO_COLOR and the terminal say, unless the caller does with --color.
func (a *app) coloured(wish string) (bool, error) {
	switch wish {
	case "always":
		return true, nil
	case "never":
		return false, nil
	case "auto":
		if os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
			return false, nil
		}
		file, ok := a.stdout.(*os.File)
		if !ok {
			return false, nil
		}
		info, err := file.Stat()
		return err == nil && info.Mode()&os.ModeCharDevice != 0, nil
	}
	return false, usageError{fmt.Errorf("--color: %w", words.OneOf(wish, []string{"auto", "always", "never"}))}
}

// painter puts a text into one of the colours, or leaves it without; what a terminal would obey is shown.
type painter func(colour, text string) string

// Colours of a terminal.
const (
	colourFaint   = "\x1b[2m"
	colourName    = "\x1b[36m"
	colourMessage = "\x1b[32m"
	colourBad     = "\x1b[1;31m"
)

func (a *app) painter(wish string) (painter, error) {
	yes, err := a.coloured(wish)
	return func(colour, text string) string {
		if text = terminal.Text(text); !yes || text == "" {
			return text
		}
		return colour + text + "\x1b[0m"
	}, err
}
