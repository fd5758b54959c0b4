package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"trama/cmd/trama/internal/admin"
	"trama/cmd/trama/internal/history"
)

func (a *app) approveCommand() *cobra.Command {
	return a.tell("approve SERIAL", "Make a master of a serial that is in quarantine", http.MethodPost,
		func(serial string) string { return "/api/v1/masters/" + url.PathEscape(serial) + "/approve" }, "%s is a master: its next frame is accepted")
}

func (a *app) forgetCommand() *cobra.Command {
	var f admin.Forget
	c := &cobra.Command{
		Use:   "forget [SERIAL…]",
		Short: "Let serials be masters no more: those named, or those not heard for long and with few frames",
		Long: "forget ends the links of masters and frees what is kept of them.  Their frames stay in the history.  One that speaks again is a\n" +
			"new master.",
		Example: "  trama forget 12345678\n  trama forget --unseen 30d --frames-below 3 --dry-run",
		Args:    noneEmpty(cobra.ArbitraryArgs),
		RunE: func(c *cobra.Command, args []string) error {
			filtered := f != admin.Forget{}
			if filtered == (len(args) > 0) || f.Unseen == "" && f.FramesBelow == 0 && filtered {
				return usageError{errors.New("expected serials, or --unseen, --frames-below or both")}
			}
			if f.Unseen != "" {
				if _, err := history.ParseDuration(f.Unseen); err != nil {
					return usageError{fmt.Errorf("--unseen: %w", err)}
				}
			}
			daemon, err := a.client()
			if err != nil {
				return err
			}
			var failed []error
			for _, serial := range args {
				if err := daemon.call(c.Context(), http.MethodDelete, "/api/v1/masters/"+url.PathEscape(serial), nil, nil); err != nil {
					failed = append(failed, err)
					continue
				}
				a.say("%s is forgotten", serial)
			}
			if !filtered {
				return errors.Join(failed...)
			}
			var gone admin.Forgotten
			if err := daemon.call(c.Context(), http.MethodPost, "/api/v1/masters/forget", f, &gone); err != nil {
				return err
			}
			for _, serial := range gone.Serials {
				a.say("%s", serial)
			}
			what := "forgotten"
			if gone.DryRun {
				what = "to be forgotten"
			}
			a.complain("%d %s %s", gone.Masters, plural(gone.Masters, "master"), what)
			return nil
		},
	}
	c.Flags().StringVar(&f.Unseen, "unseen", "", "those not heard for a `time`, such as 30d")
	c.Flags().Uint64Var(&f.FramesBelow, "frames-below", 0, "those with fewer `frames`")
	c.Flags().BoolVar(&f.DryRun, "dry-run", false, "only list them")
	return a.daemonFlags(c)
}
