package main

import (
	"context"
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
	"trama/actors/settings"
	"trama/cmd/trama/internal/admin"
	"trama/cmd/trama/internal/terminal"
	"trama/internal/words"
)

// settingActions are what can be done with the settings of a master.
var settingActions = []string{"get", "set", "diff", "remove"}

// settingPatience is how long set --send waits for the answer of the master.
const settingPatience = 15 * time.Second

func (a *app) settingsCommand() *cobra.Command {
	var send, asJSON bool
	c := &cobra.Command{
		Use:   "settings SERIAL [ACTION] [COMMAND] [KEY=VALUE…]",
		Short: "Keep settings for a master, which it is told when it asks for them",
		Long: "settings shows what is kept for a master, and what the master has acknowledged of it.\n\n" +
			"  get [COMMAND]            shows all, or one; so does the command without an action\n" +
			"  set COMMAND KEY=VALUE…   keeps what the command tells the master when it asks; with --send also at once\n" +
			"  diff                     shows where the master has, or shows, something else\n" +
			"  remove COMMAND           keeps it no more; the master has it still\n\n" +
			"With --send, set exits with 0 when the master has acknowledged it, 3 when it refuses and 4 when it does not answer; one that is away\n" +
			"is told when it next asks.",
		Example: "  trama settings 12345678\n  trama settings 12345678 set set-slaves slaves=5 --send\n  trama settings 12345678 diff",
		Args:    noneEmpty(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			action := "get"
			if len(args) > 1 {
				action = args[1]
			}
			args = append(args[:1:1], args[min(len(args), 2):]...)
			s := settingsCall{app: a, asJSON: asJSON, serial: terminal.Text(args[0]), path: "/api/v1/masters/" + url.PathEscape(args[0]) + "/settings"}
			least, most := 0, 0
			switch action {
			case "get":
				most = 1
			case "diff":
			case "remove":
				least, most = 1, 1
			case "set":
				least, most = 1, len(args)
			default:
				return usageError{words.OneOf(action, settingActions)}
			}
			switch n := len(args) - 1; {
			case n < least:
				return usageError{fmt.Errorf("%s: COMMAND is missing: %s", action, usageLine(c))}
			case n > most:
				return usageError{fmt.Errorf("%s: %q is one argument too many: %s", action, args[most+1], usageLine(c))}
			}
			if send && action != "set" {
				return usageError{fmt.Errorf("--send goes with set, not with %s", action)}
			}
			var err error
			if s.daemon, err = a.client(); err != nil {
				return err
			}
			switch {
			case action == "set":
				return s.set(c.Context(), args[1], args[2:], send)
			case action == "remove":
				return a.order(c, http.MethodDelete, s.path+"/"+url.PathEscape(args[1]), args[1]+" is not kept for "+s.serial+" any more")
			}
			if len(args) > 1 {
				s.path += "/" + url.PathEscape(args[1])
			}
			return s.show(c.Context(), action == "diff", len(args) > 1)
		},
	}
	c.Flags().BoolVar(&send, "send", false, "with set: tell the master at once, and wait for its answer")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return a.listingFlags(a.daemonFlags(c))
}

// settingsCall is one call of the command.
type settingsCall struct {
	*app
	daemon       *client
	serial, path string
	asJSON       bool
}

// show shows what is kept, or only what differs.
func (s *settingsCall) show(ctx context.Context, differing, one bool) error {
	var text json.RawMessage
	if err := s.daemon.get(ctx, s.path, &text); err != nil {
		return hintAtStrangers(err)
	}
	rows := make([]actors.Setting, 1)
	var err error
	if one {
		err = decodeNumbers(text, &rows[0])
	} else {
		err = decodeNumbers(text, &rows)
	}
	if err != nil {
		return err
	}
	if differing {
		rows = slices.DeleteFunc(rows, func(r actors.Setting) bool { return len(r.Difference) == 0 })
	}
	if s.asJSON {
		if !differing {
			s.showJSON(text)
			return nil
		}
		return s.sayJSON(rows)
	}
	switch {
	case len(rows) == 0 && differing:
		s.complain("%s has acknowledged all that is kept for it, and shows nothing else", terminal.Text(s.serial))
	case len(rows) == 0:
		s.complain("nothing is kept for %s, and it has asked for nothing since the start", terminal.Text(s.serial))
	case differing:
		var all []any
		for _, r := range rows {
			for _, d := range r.Difference {
				has := "acknowledged"
				if d.Reported {
					has = "reported"
				}
				all = append(all, []any{r.Name, terminal.State(r.State), d.Argument, dashedValue(d.Desired), dashedValue(d.Has), has})
			}
		}
		s.table("SETTING\tSTATE\tARGUMENT\tKEPT\tMASTER\tBY", len(all), func(i int) []any { return all[i].([]any) })
		return nil
	}
	s.table("SETTING\tSTATE\tKEPT\tBY:1\tSINCE:2\tACKNOWLEDGED:3\tASKED:4", len(rows), func(i int) []any {
		r := rows[i]
		return []any{r.Name, terminal.State(r.State), argumentsInWords(r.Arguments), r.By, terminal.Since(r.At), terminal.Since(r.AcknowledgedAt),
			terminal.Since(r.Asked)}
	})
	return nil
}

// set keeps a setting; with send it waits for what the master answers.
func (s *settingsCall) set(ctx context.Context, name string, pairs []string, send bool) error {
	arguments, err := parseFields(pairs)
	if err != nil {
		return usageError{err}
	}
	var text json.RawMessage
	if err := s.daemon.call(ctx, http.MethodPut, s.path+"/"+url.PathEscape(name), admin.SettingBody{Arguments: arguments, Send: send}, &text); err != nil {
		return hintAtStrangers(err)
	}
	var kept admin.SettingAnswer
	if err := decodeNumbers(text, &kept); err != nil {
		return err
	}
	command := kept.Command
	for end := time.Now().Add(settingPatience); kept.Sent && time.Now().Before(end) && ctx.Err() == nil; {
		var now json.RawMessage
		if err := s.daemon.get(ctx, s.path+"/"+url.PathEscape(kept.Name), &now); err != nil {
			return err
		}
		var setting actors.Setting
		if err := decodeNumbers(now, &setting); err != nil {
			return err
		}
		if text, kept.Setting = now, setting; setting.State != settings.Waiting && setting.Command != command {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	answered := kept.State == settings.Acknowledged
	if s.asJSON {
		s.showJSON(text)
	} else {
		s.say("%s is kept for %s: %s", kept.Name, s.serial, argumentsInWords(kept.Arguments))
		switch {
		case answered:
			s.say("%s has acknowledged it", s.serial)
		case kept.State == settings.Refused:
			s.say("%s has refused it with code %s", s.serial, number(kept.Code))
		case kept.Sent:
			s.say("%s was told, and has not answered yet", s.serial)
		case send:
			s.say("%s is away: it is told when it next asks", s.serial)
		default:
			s.say("it is told when %s next asks", s.serial)
		}
	}
	switch {
	case !kept.Sent || answered:
		return nil
	case kept.State == settings.Refused:
		return exitCode{code: exitRefused}
	}
	return exitCode{code: exitUnknown}
}

// argumentsInWords are arguments as they are typed.
func argumentsInWords(arguments map[string]any) string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(arguments)) {
		all = append(all, fmt.Sprintf("%s=%v", key, arguments[key]))
	}
	return strings.Join(all, " ")
}

func dashedValue(v any) any {
	if v == nil {
		return "-"
	}
	return v
}
