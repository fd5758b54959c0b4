package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"trama/cmd/trama/internal/admin"
)

// healthWithin bounds the wait for a daemon that hangs.
const healthWithin = 5 * time.Second

func (a *app) healthCommand() *cobra.Command {
	var ready, asJSON bool
	c := &cobra.Command{
		Use: "health", Short: "Tell whether the daemon lives, or with --ready whether it takes frames", Args: cobra.NoArgs,
		Long: "health ends with 0 when all is well, else with 1 and the reason.  It is the probe of containers and scripts.",
		RunE: func(c *cobra.Command, _ []string) error {
			daemon, err := a.client()
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(c.Context(), healthWithin)
			defer cancel()
			page := "/livez"
			if ready {
				page = "/readyz"
			}
			if asJSON {
				return daemon.copyTo(ctx, a.jsonOut(), page)
			}
			var h admin.Health
			if err := daemon.get(ctx, page, &h); err != nil {
				return err
			}
			a.say("%s", h.Status)
			return nil
		},
	}
	c.Flags().BoolVar(&ready, "ready", false, "ask whether every listener accepts and the journal has room")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return a.daemonFlags(c)
}
