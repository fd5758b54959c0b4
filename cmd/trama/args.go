package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"trama/internal/words"
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

// explainArgs has a command and those below it say in words what is wrong with their arguments: cobra only counts them.
func explainArgs(c *cobra.Command) {
	for _, below := range c.Commands() {
		explainArgs(below)
	}
	rule := c.Args
	if c.HasSubCommands() && !c.Runnable() {
		rule = cobra.NoArgs
		c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	}
	if rule == nil {
		return
	}
	c.Args = func(c *cobra.Command, args []string) error {
		err, needed := rule(c, args), required(c.Use)
		takes := func(n int) bool { return rule(c, slices.Repeat([]string{"x"}, n)) == nil }
		most := len(args)
		for most > 0 && !takes(most) {
			most--
		}
		switch {
		case err == nil || takes(len(args)):
			return err
		case len(args) > 0 && c.HasSubCommands() && !takes(1):
			return unknownCommand(c, args[0])
		case len(args) < len(needed):
			missing, verb := needed[len(args):], "is"
			if len(missing) > 1 {
				verb = "are"
			}
			return fmt.Errorf("%s %s missing: %s", strings.Join(missing, " and "), verb, usageLine(c))
		case len(args) == most+1:
			return fmt.Errorf("%q is one argument too many: %s", args[most], usageLine(c))
		}
		return fmt.Errorf("%d arguments are too many, from %q on: %s", len(args)-most, args[most], usageLine(c))
	}
}

// usageLine is a command with its arguments.
func usageLine(c *cobra.Command) string {
	return strings.TrimSpace(strings.TrimSuffix(c.CommandPath(), c.Name()) + c.Use)
}

// required are the names of the arguments that a usage line asks for: SERIAL and COMMAND of "send SERIAL COMMAND [KEY=VALUE…]".
func required(use string) (names []string) {
	inside, flag := 0, false
	for _, word := range strings.Fields(use)[1:] {
		before := inside
		inside += strings.Count(word, "[") + strings.Count(word, "(") - strings.Count(word, "]") - strings.Count(word, ")")
		switch {
		case word == "|":
			return names
		case before > 0 || inside > 0 || strings.ContainsAny(word, "[("):
		case strings.HasPrefix(word, "--"):
			flag = true
			continue
		case !flag:
			names = append(names, strings.TrimSuffix(word, "…"))
		}
		flag = false
	}
	return names
}

// otherNames are what other programs call our commands.
var otherNames = map[string]string{
	"list": "masters", "ls": "masters", "status": "masters", "devices": "masters", "start": "serve", "run": "serve", "log": "events",
	"logs": "events", "tail": "watch", "disconnect": "kick", "validate": "check", "ps": "connections", "actors": "tree",
}

// unknownCommand is the error of a word that names no command below c.
func unknownCommand(c *cobra.Command, word string) error {
	var known []string
	for _, below := range c.Commands() {
		if below.IsAvailableCommand() {
			known = append(known, below.Name())
		}
	}
	if near := words.Nearest(word, known, otherNames); near != "" {
		return fmt.Errorf("unknown command %q of %s; did you mean %q?", word, c.CommandPath(), near)
	}
	return fmt.Errorf("unknown command %q of %s, known are %s", word, c.CommandPath(), strings.Join(known, ", "))
}
