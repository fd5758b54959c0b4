package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"trama/cmd/trama/internal/admin"
)

// tell makes a command with one argument that tells the daemon to do something and then says that it is done.
func (a *app) tell(use, short, method string, path func(arg string) string, said string) *cobra.Command {
	return a.orderFlags(&cobra.Command{
		Use: use, Short: short, Args: noneEmpty(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			return a.order(c, method, path(args[0]), fmt.Sprintf(said, args[0]))
		},
	})
}

// orderFlags adds the flags of a command that tells the daemon to do something.
func (a *app) orderFlags(c *cobra.Command) *cobra.Command {
	c.Flags().Bool("json", false, "print JSON: the daemon's answer, or {\"done\":…} where it has none")
	return a.daemonFlags(c)
}

// order tells the daemon to do something, and then says that it is done.
func (a *app) order(c *cobra.Command, method, path, said string) error {
	daemon, err := a.client()
	if err != nil {
		return err
	}
	text, err := daemon.exchange(c.Context(), method, path, "", nil)
	if err != nil {
		return err
	}
	return a.done(c, text, said)
}

// done says what was done: in words, or with --json as the answer of the daemon says it.
func (a *app) done(c *cobra.Command, answer []byte, said string) error {
	if asJSON, _ := c.Flags().GetBool("json"); !asJSON {
		a.say("%s", said)
		return nil
	}
	if answer = bytes.TrimSpace(answer); len(answer) == 0 {
		return a.sayJSON(map[string]string{"done": said})
	}
	a.showJSON(answer)
	return nil
}

func (a *app) suspendCommand() *cobra.Command {
	return a.tell("suspend LISTENER", "Let a port accept no more connections; the live ones stay", http.MethodPost,
		func(name string) string { return "/api/v1/listeners/" + url.PathEscape(name) + "/suspend" }, "%s is suspended")
}

func (a *app) resumeCommand() *cobra.Command {
	return a.tell("resume LISTENER", "Let a suspended port accept again", http.MethodPost,
		func(name string) string { return "/api/v1/listeners/" + url.PathEscape(name) + "/resume" }, "%s accepts again")
}

func (a *app) kickCommand() *cobra.Command {
	return a.tell("kick ID", "Close a connection", http.MethodDelete,
		func(id string) string { return "/api/v1/connections/" + url.PathEscape(id) }, "connection %s is closed")
}

func (a *app) restartCommand() *cobra.Command {
	c := a.tell("restart PATH", "Restart an actor; PATH is as the tree shows it, such as trama/registry", http.MethodPost,
		func(path string) string { return actorPath(path) + "/restart" }, "%s is restarted")
	c.Args = actorArgs
	return c
}

func (a *app) faultCommand() *cobra.Command {
	var onFrame bool
	c := &cobra.Command{
		Use: "fault PATH", Short: "Make an actor fail, as a drill; needs [admin] allow_faults = true", Args: actorArgs,
		RunE: func(c *cobra.Command, args []string) error {
			path, said := actorPath(args[0])+"/fault", args[0]+" fails"
			if onFrame {
				path, said = path+"?on_frame=true", args[0]+" fails at its next frame"
			}
			return a.order(c, http.MethodPost, path, said)
		},
	}
	c.Flags().BoolVar(&onFrame, "on-frame", false, "not at once, but with the next frame it handles")
	return a.orderFlags(c)
}

// actorPath keeps the slashes of an actor's path and escapes what stands between them.
func actorPath(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return "/api/v1/actors/" + strings.Join(parts, "/")
}

func (a *app) logLevelCommand() *cobra.Command {
	return a.orderFlags(&cobra.Command{
		Use: "log-level [LEVEL]", Short: "Show or change what the daemon logs: trace, debug, info, warn, error",
		Args: noneEmpty(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			daemon, err := a.client()
			if err != nil {
				return err
			}
			method, body := http.MethodGet, any(nil)
			if len(args) > 0 {
				method, body = http.MethodPut, admin.LogLevel{Level: args[0]}
			}
			var answer json.RawMessage
			var level admin.LogLevel
			if err = daemon.call(c.Context(), method, "/api/v1/log/level", body, &answer); err == nil {
				err = json.Unmarshal(answer, &level)
			}
			if err != nil {
				return err
			}
			return a.done(c, answer, level.Level)
		},
	})
}
