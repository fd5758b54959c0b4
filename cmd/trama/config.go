package main

import (
	"strings"

	"github.com/spf13/cobra"

	"trama"
)

func (a *app) configCommand() *cobra.Command {
	c := &cobra.Command{Use: "config", Short: "Print a configuration to begin with", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(&cobra.Command{
		Use: "example", Short: "Print the annotated configuration: every key, with its unit and its default", Args: cobra.NoArgs,
		Example: "  trama config example > config.toml && trama serve",
		Run:     func(*cobra.Command, []string) { a.show(strings.TrimSuffix(trama.ExampleConfig, "\n")) },
	})
	return c
}
