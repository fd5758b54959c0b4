package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"trama/actors"
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

func (a *app) sendCommand() *cobra.Command {
	var wait time.Duration
	var listener string
	var asJSON bool
	c := &cobra.Command{
		Use:   "send SERIAL COMMAND [KEY=VALUE…]",
		Short: "Send a command to a master and wait for its answer",
		Long: "send exits with 0 only when the master has answered that it is done.\n\n" +
			"  done     the master answered with response code 0\n" +
			"  refused  the master answered with another response code\n" +
			"  unknown  it was sent and no answer came in time: it may have been executed\n" +
			"  expired  it was never sent: its time was up while it waited behind another command",
		Example: "  trama send 12345678 A --wait 10s\n  trama send 12345678 O RN=3 OP=1",
		Args:    noneEmpty(cobra.MinimumNArgs(2)),
		RunE: func(c *cobra.Command, args []string) error {
			fields, err := parseFields(args[2:])
			if err != nil {
				return usageError{err}
			}
			if wait < admin.MinWait || wait > admin.MaxWait {
				return usageError{fmt.Errorf("--wait: found %v, allowed 1ms to 5m", wait)}
			}
			daemon, err := a.client()
			if err != nil {
				return err
			}
			var result commandResult
			body := admin.Command{Command: args[1], Fields: fields, Wait: wait.String(), Listener: listener}
			if err := daemon.call(c.Context(), http.MethodPost, "/api/v1/masters/"+url.PathEscape(args[0])+"/commands",
				body, &result); err != nil {
				return err
			}
			return a.showResult(result, asJSON)
		},
	}
	durationFlag(c.Flags(), &wait, "wait", 10*time.Second, "how long to wait for the answer, 1ms to 5m")
	c.Flags().StringVar(&listener, "listener", "", "`name` of the port to use when the master is connected to several")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return a.daemonFlags(c)
}

// commandResult is the daemon's answer and its text.
type commandResult struct {
	actors.CommandResult
	text json.RawMessage
}

// UnmarshalJSON keeps the text beside what it says.
func (r *commandResult) UnmarshalJSON(text []byte) error {
	type plain commandResult // without this method
	r.text = append(r.text[:0], text...)
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber() // a number is shown as the daemon wrote it
	return d.Decode((*plain)(r))
}

func (a *app) showResult(r commandResult, asJSON bool) error {
	if asJSON {
		a.showJSON(r.text)
	} else {
		a.say("%s: %s", r.Outcome, outcomeInWords(r))
		if len(r.Answer) > 0 {
			a.say("answer: %s", answerInWords(r.Answer))
		}
	}
	if r.Outcome != actors.OutcomeDone && r.Outcome != actors.OutcomeSent {
		return errSilent
	}
	return nil
}

func outcomeInWords(r commandResult) string {
	took := r.Elapsed
	var s string
	switch r.Outcome {
	case actors.OutcomeDone:
		s = fmt.Sprintf("%s answered %s in %v", r.Serial, r.Command, took)
	case actors.OutcomeRefused:
		s = fmt.Sprintf("%s answered %s with response code %s in %v", r.Serial, r.Command, number(r.Code), took)
	case actors.OutcomeUnknown, actors.OutcomeSent:
		s = fmt.Sprintf("%s was sent to %s", r.Command, r.Serial)
	case actors.OutcomeExpired:
		s = fmt.Sprintf("%s for %s", r.Command, r.Serial)
	default:
		s = fmt.Sprintf("%s to %s after %v", r.Command, r.Serial, took)
	}
	if r.Detail != "" {
		s += ": " + r.Detail
	}
	return s
}

// answerInWords lists the fields of the answer; what the outcome has said already is left out.
func answerInWords(answer map[string]any) string {
	var words []string
	for _, key := range slices.Sorted(maps.Keys(answer)) {
		if key == "profile" || key == "message" || key == "direction" {
			continue
		}
		words = append(words, key+"="+valueInWords(answer[key]))
	}
	return strings.Join(words, " ")
}

// valueInWords writes groups and lists as they may be given.
func valueInWords(v any) string {
	switch v.(type) {
	case nil:
		return "-"
	case map[string]any, []any:
		if text, err := json.Marshal(v); err == nil {
			return string(text)
		}
	}
	return fmt.Sprint(v)
}
