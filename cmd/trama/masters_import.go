package main

import (
	"os"

	"github.com/spf13/cobra"

	"trama/actors/known"
)

func (a *app) mastersImportCommand() *cobra.Command {
	return &cobra.Command{
		Use: "import FILE.csv", Short: "Make a masters.toml of a table as CSV", Args: noneEmpty(cobra.ExactArgs(1)),
		Long: "import reads a table as CSV, with commas, semicolons or tabs, and prints it as the file that [masters] of the configuration names.\n" +
			"The first row names the columns, in any order and as many as there are: serial (or prefix, or profile), name, site, tags, interval,\n" +
			"point, point_name, unit, scale, min, max.  A master of several points has a row for each.  - reads standard input.",
		Example: "  trama masters import masters.csv > masters.toml",
		RunE: func(c *cobra.Command, args []string) error {
			name, in := args[0], c.InOrStdin()
			if name != "-" {
				f, err := os.Open(name)
				if err != nil {
					return usageError{err}
				}
				defer func() { _ = f.Close() }() // it was only read
				in = f
			}
			text, err := known.Import(name, in)
			if err != nil {
				return usageError{err}
			}
			_, err = a.stdout.Write(text)
			return err
		},
	}
}
