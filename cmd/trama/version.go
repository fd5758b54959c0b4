package main

import (
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// version is set by the linker for a package: -ldflags "-X main.version=1.2.3".
var version = "development"

// build is what the program knows of how it was made.
type build struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"` // empty: it was not built in a clone, or by go run
	Date     string `json:"date,omitempty"`   // of the commit
	Modified bool   `json:"modified"`         // the sources were not those of the commit
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func thisBuild() build {
	b := build{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Date = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

// buildVersion is the version with the commit, as the log and the endpoint show it.
func buildVersion() string {
	b := thisBuild()
	text := b.Version
	if len(b.Commit) >= 12 {
		text += "+" + b.Commit[:12]
	}
	if b.Modified {
		text += ".modified"
	}
	return text
}

func (b build) String() string {
	parts := []string{"trama " + b.Version}
	if b.Commit != "" {
		commit := "commit " + b.Commit
		if b.Modified {
			commit += " with changes"
		}
		parts = append(parts, commit, b.Date)
	}
	return strings.Join(append(parts, b.Go+" "+b.Platform), ", ")
}

func (a *app) versionCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "version", Short: "Print the version, and the commit that it was built from", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if asJSON {
				return a.sayJSON(thisBuild())
			}
			a.say("%s", thisBuild())
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
