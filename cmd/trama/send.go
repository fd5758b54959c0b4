package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"
	"golang.org/x/time/rate"

	"trama/actors/ledger"
	"trama/cmd/trama/internal/admin"
	"trama/cmd/trama/internal/explain"
	"trama/cmd/trama/internal/terminal"
	"trama/codec"
	trace "trama/codec/explain"
)

// sending is one call of trama send.
type sending struct {
	*app
	daemon            *client
	body              admin.Command
	wait, queue       time.Duration
	given             []string // arguments, as typed
	dryRun, yes, json bool
	plain             bool // its course is shown where standard error is no terminal too

	site, tag, prefix string // of the masters, where they are many
	all               bool
	pace              *rate.Limiter // of requests for many masters
}

func (a *app) sendCommand() *cobra.Command {
	s := &sending{app: a}
	c := &cobra.Command{
		Use:   "send SERIAL COMMAND [KEY=VALUE…]",
		Short: "Send a command to a master, or to many, and wait for the outcome",
		Long: "send shows how the command goes and ends with its outcome:\n\n" +
			"  0  done       the master answered with response code 0\n" +
			"  0  sent       nobody answers it: a broadcast\n" +
			"  0  queued     with --queue: it waits for its master still\n" +
			"  1  an error: no such master, or no answer of the daemon\n" +
			"  2  an error: the command line, or the profile has no such command\n" +
			"  3  refused    the master answered with another response code\n" +
			"  4  unknown    it was sent and no answer came in time: it may have been executed\n" +
			"  5  expired, cancelled, or the master is offline: it was never sent\n\n" +
			"Each command has a number: `trama command ID` tells its whole life, `trama cancel ID` withdraws it while it is queued.\n" +
			"The names of arguments are those of the profile, or the keys of its fields; `trama profile doc` lists them.\n" +
			"On a terminal it asks before a command of class never, which nothing may send twice; --yes answers.\n\n" +
			"With --site, --tag, --prefix or --all it goes to many masters, and SERIAL is left out.  The frames of all are made first: when one\n" +
			"cannot be made, nothing is sent.  The exit code is that of the worst outcome.",
		Example: "  trama send 12345678 operate-relay relay=3 operation=on\n  trama send 12345678 O RN=3 OP=1 --queue 6h\n" +
			"  trama send --site north ask-measurement --dry-run",
		Args: noneEmpty(func(c *cobra.Command, args []string) error {
			if s.many() {
				return cobra.MinimumNArgs(1)(c, args)
			}
			return cobra.MinimumNArgs(2)(c, args)
		}),
		RunE: func(c *cobra.Command, args []string) error { return s.run(c, args) },
	}
	f := c.Flags()
	durationFlag(f, &s.wait, "wait", 10*time.Second, "how long to wait for the answer, 1ms to 5m; its course is shown")
	durationFlag(f, &s.queue, "queue", 0, "how long it may wait for a master that is away, 1s to 30d (default: the master must be there)")
	f.StringVar(&s.body.Listener, "listener", "", "`name` of the port to use when the master is connected to several")
	f.StringVar(&s.body.Key, "key", "", "a `text` of your own: sent again with the same one, it is the same command, and not carried out twice")
	f.BoolVar(&s.dryRun, "dry-run", false, "show the frame, and send nothing")
	f.BoolVar(&s.yes, "yes", false, "do not ask")
	f.StringVar(&s.site, "site", "", "to all masters of a site")
	f.StringVar(&s.tag, "tag", "", "to all masters with a tag")
	f.StringVar(&s.prefix, "prefix", "", "to all masters whose serials begin with `digits`")
	f.BoolVar(&s.all, "all", false, "to all masters")
	f.BoolVar(&s.json, "json", false, "print JSON")
	return a.daemonFlags(c)
}

// many says whether flags choose the masters.
func (s *sending) many() bool { return s.all || s.site+s.tag+s.prefix != "" }

func (s *sending) run(c *cobra.Command, args []string) error {
	for _, name := range []string{"site", "tag", "prefix", "key"} {
		if f := c.Flags().Lookup(name); f.Changed && f.Value.String() == "" { // a variable of a script that is not set must not mean more masters
			return usageError{fmt.Errorf("--%s: its value is empty", name)}
		}
	}
	serial, many := "", s.many()
	if !many {
		serial, args = args[0], args[1:]
	}
	var err error
	s.body.Command, s.given = args[0], args[1:]
	if s.body.Fields, err = parseFields(args[1:]); err != nil {
		return usageError{err}
	}
	if s.wait < admin.MinWait || s.wait > admin.MaxWait {
		return usageError{fmt.Errorf("--wait: found %v, allowed 1ms to 5m", s.wait)}
	}
	if s.body.Wait = s.wait.String(); s.queue != 0 {
		if s.queue < time.Second || s.queue > admin.MaxQueue {
			return usageError{fmt.Errorf("--queue: found %v, allowed 1s to 30d", s.queue)}
		}
		s.body.Queue = s.queue.String()
	}
	if s.daemon, err = s.client(); err != nil {
		return err
	}
	s.plain = c.Flags().Changed("wait")
	if many {
		return s.toMany(c.Context())
	}
	return s.toOne(c.Context(), serial)
}

// toOne sends the command to one master.
func (s *sending) toOne(ctx context.Context, serial string) error {
	if asked := !s.yes && s.asks(); asked || s.dryRun {
		made, err := s.make(ctx, serial)
		if err != nil {
			return hintAtStrangers(err)
		}
		if s.dryRun {
			return s.showMade(ctx, &made)
		}
		if made.Class == ledger.Never && !s.confirmed("%s to %s: nothing sends it twice, and nothing takes it back", what(&made.Command), serial) {
			return exitCode{exitNotSent, errors.New("nothing was sent")}
		}
	}
	c, err := s.post(ctx, serial)
	if err != nil {
		return hintAtStrangers(err)
	}
	if c, err = s.await(ctx, s.daemon, c, time.Now().Add(s.wait), s.courseOf(s.plain, course)); err != nil {
		return err
	}
	if s.json {
		s.showJSON(c.text)
		return exitWith(exitOf(&c.Command))
	}
	p := s.profileOf(ctx, s.daemon, serial)
	s.say("%s", s.outcome(&c.Command, p))
	s.showReport(ctx, &c.Command, p)
	return exitWith(exitOf(&c.Command))
}

// reportWithin is how long the report is waited for that some commands are followed by.
const reportWithin = 3 * time.Second

// showReport shows what the master reports because of a command that is done, by itself or since it is asked then, when that
// comes soon.
func (s *sending) showReport(ctx context.Context, c *ledger.Command, p *codec.Profile) {
	reports := reportsOf(c, p)
	if len(reports) == 0 || c.State != ledger.Done {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, min(reportWithin, s.wait))
	defer cancel()
	q := url.Values{"since": {c.Asked.Format(time.RFC3339Nano)}, "newest": {"true"}, "limit": {"5"}}
	for {
		var page admin.Frames
		if s.daemon.get(ctx, "/api/v1/masters/"+url.PathEscape(c.Serial)+"/frames?"+q.Encode(), &page) != nil {
			return // it is late, or nothing is kept: the command was done all the same
		}
		for _, row := range page.Frames {
			if slices.Contains(reports, row.Message) {
				s.say("%s: %s", row.Message, strings.Join(samplesInWords(row.Samples), " "))
				return
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// exitOf is the exit code of the state that a command has come to.
func exitOf(c *ledger.Command) int {
	switch {
	case c.State == ledger.Refused:
		return exitRefused
	case c.State == ledger.Unknown:
		return exitUnknown
	case c.State.NeverSent():
		return exitNotSent
	}
	return exitDone // also one that nobody answers, and one that may wait in the queue
}

// exitWith ends the program with a code.
func exitWith(code int) error {
	if code == exitDone {
		return nil
	}
	return exitCode{code: code}
}

// reportsOf are the messages that follow a command when it is done.
func reportsOf(c *ledger.Command, p *codec.Profile) (names []string) {
	if p == nil {
		return nil
	}
	declared, ok := p.Command(c.Command)
	if !ok {
		return nil
	}
	all := []*codec.Command{declared}
	for _, then := range declared.Then {
		if follows, ok := p.Command(then.Command); ok {
			all = append(all, follows)
		}
	}
	for _, d := range all {
		if d.Report != nil {
			names = append(names, d.Report.Name)
		}
	}
	return names
}

// make has the daemon make the frame, and send nothing.
func (s *sending) make(ctx context.Context, serial string) (c commandText, err error) {
	return s.ask(ctx, serial, func(body *admin.Command) { body.DryRun = true })
}

// post has the daemon take the command.
func (s *sending) post(ctx context.Context, serial string) (commandText, error) {
	c, err := s.ask(ctx, serial, func(body *admin.Command) { body.Async = true })
	if errors.As(err, new(lost)) {
		err = fmt.Errorf("%w; whether it took the command tells: trama commands %s", err, serial)
	}
	return c, err
}

func (s *sending) ask(ctx context.Context, serial string, how func(*admin.Command)) (c commandText, err error) {
	body := s.body
	if s.many() && body.Key != "" {
		body.Key += " " + serial // one key is one command
	}
	how(&body)
	err = s.daemon.call(ctx, http.MethodPost, "/api/v1/masters/"+url.PathEscape(serial)+"/commands", body, &c)
	if errors.As(err, new(conflict)) {
		err = exitCode{exitNotSent, err}
	}
	return c, err
}

// showMade shows a command that was not sent.
func (s *sending) showMade(ctx context.Context, c *commandText) error {
	if s.json {
		s.showJSON(c.text)
		return nil
	}
	s.say("%s to %s (class %s), not sent:", what(&c.Command), c.Serial, dash(string(c.Class)))
	data, err := hex.DecodeString(c.Sent)
	p := s.profileOf(ctx, s.daemon, c.Serial)
	if err != nil || p == nil {
		s.say("%s", c.Sent)
		return nil
	}
	ruler := explain.Ruler{Out: s.stdout, Colour: s.screen().Colour}
	ruler.Show(p, data, trace.Stream(p, codec.Downlink, data))
	return nil
}

// asks says whether there is somebody to ask.
func (s *sending) asks() bool {
	in, ok := s.stdin.(*os.File)
	return ok && term.IsTerminal(int(in.Fd()))
}

// confirmed asks whether to send something.
func (s *sending) confirmed(format string, args ...any) bool {
	_, _ = fmt.Fprintf(s.stderr, format+".  Send it? [y/N] ", shown(args, terminal.Text)...) // standard error: see complain
	var answer string
	_, _ = fmt.Fscanln(s.stdin, &answer) // what cannot be read is a no
	return strings.EqualFold(answer, "y") || strings.EqualFold(answer, "yes")
}

// profileOf is the profile of a master, as the configuration or the program has it; nil when neither does.
func (a *app) profileOf(ctx context.Context, daemon *client, serial string) *codec.Profile {
	m, err := fetchMaster(ctx, daemon, serial)
	if err != nil {
		return nil
	}
	return a.profileNamed(m.Profile)
}

// profileNamed is the profile that a listener of the configuration has under a name, else the shipped one; nil for none.
func (a *app) profileNamed(name string) *codec.Profile {
	if c, err := a.loadConfig(); err == nil {
		for _, l := range c.Listeners {
			if l.Profile.Name() == name {
				return l.Profile
			}
		}
	}
	p, _ := codec.Shipped(name) // nil when there is none
	return p
}
