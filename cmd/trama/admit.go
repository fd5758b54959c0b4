package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"trama/cmd/trama/internal/admin"
	"trama/internal/words"
)

func (a *app) approveCommand() *cobra.Command {
	return a.tell("approve SERIAL", "Make a master of a serial that is in quarantine", http.MethodPost,
		func(serial string) string { return "/api/v1/masters/" + url.PathEscape(serial) + "/approve" }, "%s is a master: its next frame is accepted")
}

func (a *app) forgetCommand() *cobra.Command {
	var f admin.Forget
	c := &cobra.Command{
		Use:   "forget [SERIAL…]",
		Short: "Let serials be masters no more: those named, or those not heard for long and with few frames; or empty the quarantine",
		Long: "forget ends the links of masters and frees what is kept of them.  Their frames stay in the history.  One that speaks again is a\n" +
			"new master.\n\n" +
			"--unseen and --frames-below choose among all masters, approved ones too; --frames-below alone takes every master that is new.\n" +
			"With --quarantine they choose among the serials in quarantine only, and no master is forgotten; --quarantine alone takes all of these.",
		Example: "  trama forget 12345678\n  trama forget --unseen 30d --frames-below 3 --dry-run\n  trama forget --quarantine",
		Args:    noneEmpty(cobra.ArbitraryArgs),
		RunE: func(c *cobra.Command, args []string) error {
			filtered := f != admin.Forget{}
			if filtered == (len(args) > 0) || filtered && f == (admin.Forget{DryRun: true}) {
				return usageError{errors.New("expected serials, or --unseen, --frames-below or --quarantine")}
			}
			if f.Unseen != "" {
				if _, err := words.Duration(f.Unseen); err != nil {
					return usageError{fmt.Errorf("--unseen: %w", err)}
				}
			}
			daemon, err := a.client()
			if err != nil {
				return err
			}
			asJSON, _ := c.Flags().GetBool("json")
			forgotten := []string{}
			var failed []error
			for _, serial := range args {
				if err := daemon.call(c.Context(), http.MethodDelete, "/api/v1/masters/"+url.PathEscape(serial), nil, nil); err != nil {
					failed = append(failed, err)
					continue
				}
				forgotten = append(forgotten, serial)
				if !asJSON {
					a.say("%s is forgotten", serial)
				}
			}
			if !filtered && asJSON {
				failed = append(failed, a.sayJSON(admin.Forgotten{Masters: len(forgotten), Serials: forgotten}))
			}
			if !filtered {
				return errors.Join(failed...)
			}
			var gone admin.Forgotten
			if err := daemon.call(c.Context(), http.MethodPost, "/api/v1/masters/forget", f, &gone); err != nil {
				return err
			}
			if asJSON {
				return a.sayJSON(gone)
			}
			for _, serial := range gone.Serials {
				a.say("%s", serial)
			}
			what := "forgotten"
			if gone.DryRun {
				what = "to be forgotten"
			}
			noun := plural(gone.Masters, "master")
			if f.Quarantine {
				noun = plural(gone.Masters, "serial") + " in quarantine"
			}
			a.complain("%d %s %s", gone.Masters, noun, what)
			return nil
		},
	}
	c.Flags().StringVar(&f.Unseen, "unseen", "", "those not heard for a `time`, such as 30d")
	c.Flags().Uint64Var(&f.FramesBelow, "frames-below", 0, "those with fewer `frames`")
	c.Flags().BoolVar(&f.Quarantine, "quarantine", false, "serials in quarantine, and no masters")
	c.Flags().BoolVar(&f.DryRun, "dry-run", false, "only list them")
	return a.orderFlags(c)
}
