package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"trama/cmd/trama/internal/terminal"
	"trama/internal/words"
)

// listingFlags adds the flags of a command that lists something or shows times.
func (a *app) listingFlags(c *cobra.Command) *cobra.Command {
	c.Flags().BoolVar(&a.wide, "wide", false, "show all columns, and whole, on a narrow terminal too")
	c.Flags().BoolVar(&a.utc, "utc", false, "show times in UTC (default: the local zone)")
	return c
}

// screen is standard output as the flags want it.
func (a *app) screen() terminal.Screen {
	s := terminal.ScreenOf(a.stdout)
	if a.wide {
		s.Width = 0
	}
	if a.utc {
		s.Zone = time.UTC
	}
	return s
}

// coloured is screen with colours as the caller wants them by --color.
func (a *app) coloured(wish string) (s terminal.Screen, err error) {
	s = a.screen()
	switch wish {
	case "always":
		s.Colour = true
	case "never":
		s.Colour = false
	case "auto":
	default:
		err = usageError{fmt.Errorf("--color: %w", words.OneOf(wish, []string{"auto", "always", "never"}))}
	}
	return s, err
}

// table prints rows under a heading: see [terminal.Screen.Table].
func (a *app) table(heading string, n int, row func(i int) []any) {
	_ = a.screen().Table(a.stdout, heading, n, row) // standard output: see say
}

// details prints names and what is said of each.
func (a *app) details(rows [][2]string) { _ = a.screen().Details(a.stdout, rows) } // as in table

// moment is a time as people read it.
func (a *app) moment(t time.Time) string { return a.screen().Moment(t) }
