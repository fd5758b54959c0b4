package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"trama/cmd/trama/internal/config"
	"trama/cmd/trama/internal/manual"
	"trama/codec"
	"trama/codec/describe"
)

// profileCommand groups what there is to know about profiles themselves.
func (a *app) profileCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "profile", Short: "Look at profiles: list them, show their definition, document them", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.profileListCommand(), a.profileShowCommand(), a.profilePointsCommand(), a.profileDocCommand(),
		a.profileDissectorCommand())
	return c
}

// namedProfile is a profile that the commands can name.
type namedProfile struct {
	*codec.Profile
	File string // the definition; empty for a shipped one
}

// knownProfiles are the shipped ones and those of the configuration, if there is one.  A configuration that nobody named
// may be missing, and may be wrong: that is said, and the shipped ones remain.
func (a *app) knownProfiles() ([]namedProfile, error) {
	var all []namedProfile
	for _, name := range codec.ShippedNames() {
		p, err := codec.Shipped(name)
		if err != nil {
			return nil, err
		}
		all = append(all, namedProfile{Profile: p})
	}
	c, err := a.loadConfig()
	switch {
	case err == nil:
	case !a.configFound:
		return all, nil
	case !a.configNamed:
		a.complain("%s is passed over: %v", a.configFile, err)
		return all, nil
	default:
		return nil, err
	}
	for _, l := range c.Listeners {
		own := namedProfile{l.Profile, l.ProfileFile}
		if own.File != "" && !slices.ContainsFunc(all, func(k namedProfile) bool { return k.File == own.File }) {
			all = append(all, own)
		}
	}
	return all, nil
}

func (k namedProfile) origin() string {
	if k.File == "" {
		return "shipped"
	}
	return filepath.ToSlash(k.File)
}

func (a *app) profileListCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "list", Short: "List the known profiles", Args: cobra.NoArgs,
		Long: "list shows the shipped profiles and those of the configuration, if there is one.",
		RunE: func(*cobra.Command, []string) error {
			all, err := a.knownProfiles()
			if err != nil {
				return err
			}
			if asJSON {
				return a.listProfilesJSON(all)
			}
			a.table("NAME\tMESSAGES:2\tCHECKSUM:3\tFROM:1\tTITLE", len(all), func(i int) []any {
				checksum := "no"
				if all[i].HasChecksum() {
					checksum = "yes"
				}
				return []any{all[i].Name(), len(all[i].Messages()), checksum, all[i].origin(), all[i].Title()}
			})
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return a.listingFlags(c)
}

func (a *app) listProfilesJSON(all []namedProfile) error {
	type row struct {
		Name     string `json:"name"`
		Title    string `json:"title"`
		Messages int    `json:"messages"`
		Checksum bool   `json:"checksum"`
		Shipped  bool   `json:"shipped"`
		File     string `json:"file,omitempty"`
	}
	rows := []row{}
	for _, k := range all {
		rows = append(rows, row{k.Name(), k.Title(), len(k.Messages()), k.HasChecksum(), k.File == "", k.File})
	}
	out := json.NewEncoder(a.stdout)
	out.SetIndent("", "  ")
	return out.Encode(rows)
}

func (a *app) profileShowCommand() *cobra.Command {
	asJSON := false
	c := &cobra.Command{
		Use: "show NAME", Short: "Print the definition of a profile", Args: noneEmpty(cobra.ExactArgs(1)),
		Long: "show prints the TOML of a shipped profile, or of a file: to begin a definition of your own with.\n" +
			"With --json it prints what the definition says as data: frames, messages with their fields, and the form of each command.",
		RunE: func(_ *cobra.Command, args []string) error {
			if asJSON {
				p, err := findProfile(args[0])
				if err != nil {
					return err
				}
				out := json.NewEncoder(a.stdout)
				out.SetEscapeHTML(false)
				out.SetIndent("", "  ")
				return out.Encode(describe.Profile(p))
			}
			src, _, err := profileSource(args[0])
			if err != nil {
				return err
			}
			_, err = a.stdout.Write(src)
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print a description for programs as JSON")
	return c
}

func (a *app) profilePointsCommand() *cobra.Command {
	asJSON := false
	c := &cobra.Command{
		Use: "points NAME", Short: "List the points that the frames of a profile have values of", Args: noneEmpty(cobra.ExactArgs(1)),
		Long: "points lists what the values of a master are called.  A field in braces stands for its value: MS/{SC}/{CC} is MS/1/2 for\n" +
			"sensor 1, channel 2; what is between two slashes is left out where the field has the value behind the question mark.",
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := findProfile(args[0])
			if err != nil {
				return err
			}
			points := p.Points()
			if asJSON {
				out := json.NewEncoder(a.stdout)
				out.SetIndent("", "  ")
				return out.Encode(points)
			}
			a.table("POINT\tUNIT\tMESSAGE:1\tTITLE", len(points), func(i int) []any {
				one := &points[i]
				return []any{one.Name, one.Unit, one.Message, one.Title}
			})
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return a.listingFlags(c)
}

// profileSource is the text of a definition that a shipped name or a path names, and the file for messages about it.
func profileSource(name string) (src []byte, file string, err error) {
	if config.IsPath(name) {
		src, err = os.ReadFile(name)
		if err != nil {
			return nil, "", usageError{err}
		}
		return src, name, nil
	}
	src, ok := codec.ShippedSource(name)
	if !ok {
		_, err := codec.Shipped(name) // which knows the nearest name
		return nil, "", usageError{fmt.Errorf("%w; a path to a .toml file works too", err)}
	}
	return src, name + ".toml", nil
}

func (a *app) profileDocCommand() *cobra.Command {
	return &cobra.Command{
		Use: "doc NAME", Short: "Print a profile as a page of Markdown", Args: noneEmpty(cobra.ExactArgs(1)),
		Long: "doc prints the protocol that a profile describes: framing, every message with its fields, replies, and the examples\n" +
			"decoded.  NAME is a shipped profile or the path of a definition.",
		Example: "  trama profile doc jt808 > jt808.md",
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := findProfile(args[0])
			if err != nil {
				return err
			}
			return manual.Page(a.stdout, p)
		},
	}
}
