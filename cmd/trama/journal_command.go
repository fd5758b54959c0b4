package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"trama/journal"
	"trama/journal/sqlite"
)

func (a *app) journalCommand() *cobra.Command {
	c := &cobra.Command{Use: "journal", Short: "Look after the record of frames", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(a.journalVerifyCommand(), a.journalStatsCommand(), a.journalBackupCommand(), a.journalRestoreCommand(), a.journalNewCommand())
	return c
}

// journalPath is the database that is meant: --path, else that of the configuration.
func (a *app) journalPath(path string) (string, error) {
	if path != "" {
		return path, nil
	}
	c, err := a.loadConfig()
	if err != nil {
		return "", err
	}
	if c.Journal.Memory {
		return "", usageError{fmt.Errorf("%s keeps the journal in memory: there is no file", a.configFile)}
	}
	return c.Journal.Path, nil
}

func pathFlag(c *cobra.Command, path *string) {
	c.Flags().StringVar(path, "path", "", "`file` of the database (default: [journal] path of the configuration)")
}

func (a *app) journalVerifyCommand() *cobra.Command {
	var path string
	var asJSON bool
	c := &cobra.Command{
		Use: "verify", Short: "Check every row of the database", Args: cobra.NoArgs,
		Long: "verify reads every row, whether the daemon runs or not, and tells with its place what is not as it was written.\n" +
			"It ends with 1 when there is damage.",
		RunE: func(c *cobra.Command, _ []string) error {
			file, err := a.journalPath(path)
			if err != nil {
				return err
			}
			report, err := sqlite.Verify(c.Context(), file)
			if err != nil {
				return fmt.Errorf("verify: %w", err)
			}
			if asJSON {
				if err := a.sayJSON(report); err != nil {
					return err
				}
			} else {
				a.sayReport(report)
			}
			if len(report.Damage) > 0 {
				return errSilent
			}
			return nil
		},
	}
	pathFlag(c, &path)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (a *app) sayJSON(v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err == nil {
		a.showJSON(text)
	}
	return err
}

func (a *app) sayReport(r *sqlite.Report) {
	a.say("%s (SQLite %s)", r.Path, r.SQLite)
	a.say("frames %d to %d: %d in %d batches; %d masters, %d spans, %d events, %d definitions, %d cursors", r.First,
		r.Last, r.Frames, r.Batches,
		r.Masters, r.Spans, r.Events, r.Profiles, r.Cursors)
	for _, d := range r.Damage {
		a.say("damaged: %s: %s", d.Where, d.What)
	}
	if len(r.Damage) == 0 {
		a.say("no damage")
	} else {
		a.say("%d %s damaged", len(r.Damage), plural(len(r.Damage), "place"))
	}
}

func (a *app) journalStatsCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "stats", Short: "Show what the running daemon's journal does and holds", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			daemon, err := a.client()
			if err != nil {
				return err
			}
			if asJSON {
				return daemon.copyTo(c.Context(), a.jsonOut(), "/api/v1/journal")
			}
			var s journal.Stats
			if err := daemon.get(c.Context(), "/api/v1/journal", &s); err != nil {
				return err
			}
			a.sayStats(&s)
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return a.listingFlags(a.daemonFlags(c))
}

func (a *app) sayStats(s *journal.Stats) {
	if s.Volatile {
		a.say("NOTHING IS KEPT: the journal is in memory")
	}
	state := "accepting"
	switch {
	case s.Failure != "":
		state = "failed: " + s.Failure
	case s.Held:
		state = "the disk is full: the frames in hand wait for room, and nothing is accepted"
	case s.Full:
		state = "the disk is nearly full: nothing is accepted"
	}
	mean := time.Duration(0)
	if s.Commits > 0 {
		mean = s.Took / time.Duration(s.Commits)
	}
	rows := [][2]string{
		{"engine", s.Engine + " " + s.Version}, {"epoch", dash(s.Epoch)}, {"path", s.Path}, {"state", state},
		{"frames kept", fmt.Sprintf("%d to %d", s.First, s.Last)}, {"masters saved", fmt.Sprint(s.Masters)}, {"events kept", fmt.Sprint(s.Events)},
		{"stored since the start", fmt.Sprintf("%d frames, %d bytes, %d commits", s.Brief.Frames, s.Bytes, s.Commits)},
		{"a commit took", fmt.Sprintf("%s on average, %s at worst", mean.Round(time.Microsecond), s.Worst.Round(time.Microsecond))},
		{"waiting", fmt.Sprint(s.Waiting)}, {"frames to replay at start", fmt.Sprint(s.Last - min(s.Swept, s.Last))},
		{"file", fmt.Sprintf("%.1f MiB, %.1f MiB in use, write-ahead log %.1f MiB", mib(s.FileBytes), mib(s.UsedBytes), mib(s.LogBytes))},
		{"disk in use", fmt.Sprintf("%.1f %%", s.Disk)}, {"deleted by retention", fmt.Sprintf("%d rows", s.Removed)},
	}
	for _, d := range s.Damage {
		rows = append(rows, [2]string{"damaged", d.Where + ": " + d.What})
	}
	a.details(rows)
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

func (a *app) journalBackupCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use: "backup FILE", Short: "Write a whole copy of the database, also while the daemon runs", Args: noneEmpty(cobra.ExactArgs(1)),
		Long: "backup writes a consistent copy to a file that must not exist yet.  trama journal restore FILE puts it in the place of the journal.",
		RunE: func(c *cobra.Command, args []string) error {
			file, err := a.journalPath(path)
			if err != nil {
				return err
			}
			begun := time.Now()
			if err := sqlite.Backup(c.Context(), file, args[0]); err != nil {
				return err
			}
			a.say("%s written in %s; check it with: trama journal verify --path %s", args[0],
				time.Since(begun).Round(time.Millisecond), args[0])
			return nil
		},
	}
	pathFlag(c, &path)
	return c
}
