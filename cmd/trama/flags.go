package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"trama/internal/words"
)

// duration is the value of a flag that takes days and weeks too.
type duration time.Duration

// String implements pflag.Value.
func (d *duration) String() string {
	if *d == 0 {
		return "0" // which help does not show as a default
	}
	text := time.Duration(*d).String()
	if strings.HasSuffix(text, "m0s") {
		return strings.TrimSuffix(text, "0s")
	}
	return text
}

// Set implements pflag.Value.
func (d *duration) Set(text string) error {
	v, err := words.Duration(text)
	*d = duration(v)
	return err
}

// Type implements pflag.Value.
func (d *duration) Type() string { return "duration" }

// durationFlag adds a flag that takes a duration.
func durationFlag(f *pflag.FlagSet, into *time.Duration, name string, otherwise time.Duration, usage string) {
	*into = otherwise
	f.Var((*duration)(into), name, usage)
}

// expectedOf says what the flags of a type take.
var expectedOf = map[string]string{
	"int": "a whole number", "uint64": "a whole number from 0 on", "uint32": "a whole number from 0 on", "float64": "a number", "bool": "true or false",
}

// explainFlag says in words what is wrong with the flags of a command line; args are all of it.
func explainFlag(c *cobra.Command, err error, args []string) error {
	var unknown *pflag.NotExistError
	var empty *pflag.ValueRequiredError
	var wrong *pflag.InvalidValueError
	var syntax *pflag.InvalidSyntaxError
	switch {
	case errors.As(err, &unknown):
		if _, rest, _ := c.Root().Find(args); c.HasSubCommands() && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") &&
			c.Args(c, rest[:1]) != nil {
			return unknownCommand(c, rest[0]) // whose flag it may be
		}
		return unknownFlag(c, unknown)
	case errors.As(err, &empty):
		return fmt.Errorf("--%s: its value is missing", empty.GetFlag().Name)
	case errors.As(err, &wrong):
		f := wrong.GetFlag()
		if expected := expectedOf[f.Value.Type()]; expected != "" {
			return fmt.Errorf("--%s: found %q, expected %s", f.Name, wrong.GetValue(), expected)
		}
		return fmt.Errorf("--%s: %w", f.Name, errors.Unwrap(wrong))
	case errors.As(err, &syntax):
		return fmt.Errorf("found %q, expected --NAME, or --NAME=VALUE", syntax.GetSpecifiedFlag())
	}
	return err
}

func unknownFlag(c *cobra.Command, e *pflag.NotExistError) error {
	if short := e.GetSpecifiedShortnames(); short != "" {
		return fmt.Errorf("unknown flag -%s of %s; a value that begins with - goes behind --", short, c.CommandPath())
	}
	var known []string
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			known = append(known, "--"+f.Name)
		}
	})
	found := "--" + e.GetSpecifiedName()
	if near := words.DidYouMean(found, known); near != "" {
		return fmt.Errorf("unknown flag %s of %s%s", found, c.CommandPath(), near)
	}
	return fmt.Errorf("unknown flag %s of %s, known are %s", found, c.CommandPath(), strings.Join(known, ", "))
}
