package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"trama/journal/sqlite"
)

func (a *app) journalRestoreCommand() *cobra.Command {
	var path string
	var damaged bool
	c := &cobra.Command{
		Use: "restore FILE", Short: "Put a backup in the place of the journal, while no daemon runs", Args: noneEmpty(cobra.ExactArgs(1)),
		Long: "restore checks a backup as trama journal verify does, puts a copy of it in the place of the journal and keeps what was there under another name.\n" +
			"Frames acknowledged after the backup was made are not in it.  The next start begins an epoch: no position is given a second time, and whoever\n" +
			"goes on reading from a cursor of before is told.  Masters with keys must begin a newer epoch of their key.",
		RunE: func(c *cobra.Command, args []string) error {
			file, err := a.journalPath(path)
			if err != nil {
				return err
			}
			report, err := sqlite.Verify(c.Context(), args[0])
			if err != nil {
				return fmt.Errorf("restore: %w", err)
			}
			a.sayReport(report)
			if len(report.Damage) > 0 && !damaged {
				return fmt.Errorf("restore: %s is damaged; nothing was changed (--damaged puts it in place with what can be read)", args[0])
			}
			return a.replaceJournal(c, file, args[0])
		},
	}
	pathFlag(c, &path)
	c.Flags().BoolVar(&damaged, "damaged", false, "also when rows of the backup are damaged")
	return c
}

func (a *app) journalNewCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use: "new", Short: "Begin the journal anew, while no daemon runs", Args: cobra.NoArgs,
		Long: "new puts an empty journal in the place of the journal, and keeps what was there under another name.  It is for when\n" +
			"a start refuses a log or a mark without their database, or a file that is malformed, and there is no backup.\n" +
			"Masters, cursors and history begin anew; no position is given a second time.",
		RunE: func(c *cobra.Command, _ []string) error {
			file, err := a.journalPath(path)
			if err != nil {
				return err
			}
			return a.replaceJournal(c, file, "")
		},
	}
	pathFlag(c, &path)
	return c
}

// replaceJournal puts a backup, or an empty journal, in place.
func (a *app) replaceJournal(c *cobra.Command, file, backup string) error {
	aside, err := sqlite.Replace(c.Context(), file, backup)
	if aside != "" {
		a.say("what was there is kept: %s, and the files next to it that begin with its name", aside)
	}
	if err != nil {
		return fmt.Errorf("journal %s: %w", file, err)
	}
	a.say("%s is in place; the next start begins an epoch of it", file)
	return nil
}
