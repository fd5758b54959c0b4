package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// noneEmpty refuses empty arguments: a variable of a script that is not set must not become another request.
func noneEmpty(args cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, all []string) error {
		if err := args(c, all); err != nil {
			return err
		}
		for i, arg := range all {
			if strings.TrimSpace(arg) == "" {
				return fmt.Errorf("argument %d of %s is empty", i+1, c.Name())
			}
			if arg == "." || arg == ".." { // they would move about in the path of the request
				return fmt.Errorf("argument %d of %s: found %q, which names nothing", i+1, c.Name(), arg)
			}
		}
		return nil
	}
}

// actorArgs takes one path as the tree shows it.
func actorArgs(c *cobra.Command, args []string) error {
	if err := noneEmpty(cobra.ExactArgs(1))(c, args); err != nil {
		return err
	}
	for part := range strings.SplitSeq(strings.Trim(args[0], "/"), "/") {
		if slices.Contains([]string{"", ".", ".."}, part) {
			return errors.New("PATH: found " + fmt.Sprintf("%q", args[0]) +
				", expected names with a slash between, such as trama/registry")
		}
	}
	return nil
}
