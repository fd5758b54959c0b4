package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"trama/cmd/trama/internal/config"
	"trama/codec"
)

func (a *app) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check", Short: "Check the configuration, its profiles and their examples", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.check() },
	}
}

// check says what it looked at, and fails when something there is wrong.
func (a *app) check() error {
	c, err := loadConfig(a.configFile)
	if err != nil {
		return err
	}
	a.say("%s: well formed, every key known, every value in range", c.File)
	seen := map[*codec.Profile]bool{}
	var broken []error
	for _, l := range c.Listeners {
		a.say("listener %s: %s, profile %s, role %s", l.Name, l.Address, l.ProfileName, l.Role)
		for _, beat := range l.Ambiguous() {
			a.say("listener %s: the heartbeat %x could begin a frame of %s: it is taken for one when nothing follows within half a second", l.Name, beat, l.Profile.Name())
		}
		if seen[l.Profile] {
			continue
		}
		seen[l.Profile] = true
		broken = append(broken, a.checkProfile(l)...)
	}
	if len(broken) > 0 {
		return usageError{errors.Join(broken...)}
	}
	a.say("no problems")
	return nil
}

func (a *app) checkProfile(l config.Listener) []error {
	p := l.Profile
	where := "shipped"
	if l.ProfileFile != "" {
		where = l.ProfileFile
	}
	problems := problemsOf(p)
	verdict := "examples pass"
	if len(problems) > 0 {
		verdict = fmt.Sprintf("%d %s fail", len(problems), plural(len(problems), "example"))
	}
	a.say("profile %s (%s): %d messages, commands to masters: %s; %s", p.Name(), where, len(p.Messages()),
		dash(strings.Join(commandWords(p), " ")), verdict)
	for i, problem := range problems {
		problems[i] = fmt.Errorf("profile %s: %w", p.Name(), problem)
	}
	return problems
}

// problemsOf is what a profile that compiles can still have wrong.
func problemsOf(p *codec.Profile) []error { return p.CheckExamples() }

func commandWords(p *codec.Profile) []string {
	var words []string
	for _, m := range p.Commands() {
		words = append(words, commandWord(m))
	}
	return words
}

// commandWord is what a message is called on the command line.
func commandWord(m *codec.Message) string {
	if m.Command != "" {
		return m.Command
	}
	return m.Name
}

// loadConfig reads the configuration.
func loadConfig(file string) (*config.Config, error) {
	c, err := config.Load(file)
	return c, configError(err)
}

// configError is why a configuration could not be loaded; that it cannot be read is a mistake of the caller.
func configError(err error) error {
	var problems *config.Error
	if err == nil || errors.As(err, &problems) {
		return err
	}
	return usageError{fmt.Errorf("configuration: %w", err)}
}

// findProfile returns the profile that --profile names.
func findProfile(name string) (*codec.Profile, error) {
	if name == "" {
		return nil, usageError{fmt.Errorf("--profile is missing; shipped are %s; a path to a .toml file works too", strings.Join(codec.ShippedNames(), ", "))}
	}
	p, err := config.FindProfile(name)
	if err != nil {
		return nil, usageError{err}
	}
	return p, nil
}
