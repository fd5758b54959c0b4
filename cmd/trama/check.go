package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"trama/cmd/trama/internal/config"
	"trama/codec"
	"trama/keys"
)

func (a *app) checkCommand() *cobra.Command {
	var asJSON, notes, strict, onMachine bool
	c := &cobra.Command{
		Use: "check [PROFILE…]", Short: "Check the configuration, with --live the machine too, or profiles: their structure, sample frames and examples",
		Long: "Without arguments the configuration and its profiles are checked.  PROFILE is the name of a shipped one or the path of a definition.\n" +
			"What is looked for is listed in docs/frame-language.md, \"What check proves\".  Warnings make it fail with --strict only.",
		Example: "  trama check my.toml jt808 --notes",
		RunE: func(_ *cobra.Command, args []string) error {
			r := checkReport{app: a, json: asJSON, notes: notes, strict: strict}
			if len(args) > 0 && onMachine {
				return usageError{errors.New("--live looks at the configuration; leave PROFILE out")}
			}
			if len(args) > 0 {
				return r.named(args)
			}
			return r.configuration(onMachine)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVar(&onMachine, "live", false, "try what a start needs of this machine: addresses, files, disk, descriptors, clock, and who has them")
	c.Flags().BoolVar(&strict, "strict", false, "fail on warnings too")
	c.Flags().BoolVar(&notes, "notes", false, "show notes too, not only errors and warnings")
	return c
}

// configuration says what it looked at, and fails when something there is wrong.
func (r *checkReport) configuration(onMachine bool) error {
	c, err := r.loadConfig()
	if err != nil {
		return err
	}
	r.say("%s: configuration is valid", c.File)
	if c.Masters.File != "" {
		r.say("%s: well formed, entries: %d", c.Masters.File, c.Masters.Known.Len())
	}
	r.keys(c.Keys.Directory)
	seen := map[*codec.Profile]bool{}
	unnamed := map[*codec.Profile]bool{} // on some port nobody but its frames says who speaks
	for _, l := range c.Listeners {
		if l.Transport.Aside == nil || l.Transport.Aside.Registration == nil {
			unnamed[l.Profile] = true
		}
	}
	for _, l := range c.Listeners {
		r.say("listener %s: %s, profile %s, role %s", l.Name, l.Address, l.ProfileName, l.Role)
		for _, beat := range l.Ambiguous() {
			r.say("listener %s: the heartbeat %x could begin a frame of %s: it is taken for one when nothing follows within half a second", l.Name, beat, l.Profile.Name())
		}
		if seen[l.Profile] {
			continue
		}
		seen[l.Profile] = true
		r.profile(l.Profile, l.ProfileFile, !unnamed[l.Profile])
	}
	if onMachine && len(r.broken) == 0 {
		if err := r.live(c); err != nil || r.json {
			return err
		}
	}
	return r.end()
}

// keys looks at the key files: what is wrong with one keeps the daemon from starting.
func (r *checkReport) keys(directory string) {
	if directory == "" {
		return
	}
	switch s, err := keys.Open(directory); {
	case errors.Is(err, fs.ErrNotExist):
		r.say("keys %s: none yet", directory)
	case errors.Is(err, fs.ErrPermission):
		r.say("keys %s: this user may not read them", directory)
	case err != nil:
		r.broken = append(r.broken, err)
	default:
		r.say("keys %s: of %d %s", directory, len(s.Serials()), plural(len(s.Serials()), "master"))
	}
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
		return nil, usageError{fmt.Errorf("--profile is missing; shipped are %s; a path to a .toml file works too",
			strings.Join(codec.ShippedNames(), ", "))}
	}
	p, err := config.FindProfile(name)
	if err != nil {
		return nil, usageError{err}
	}
	return p, nil
}
