package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"trama/cmd/trama/internal/config"
	"trama/cmd/trama/internal/terminal"
	"trama/codec"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1 // at run time
	exitUsage  = 2 // the command line or the configuration is wrong

	// of a command to a master that was not done
	exitRefused = 3
	exitUnknown = 4
	exitNotSent = 5
)

// exitCode is an error with an exit code of its own; one that wraps nothing ends the program without a word, as the command
// has said it all.
type exitCode struct {
	code int
	err  error
}

func (e exitCode) Error() string {
	if e.err == nil {
		return errSilent.Error()
	}
	return e.err.Error()
}

func (e exitCode) Unwrap() error { return e.err }

// app is one call of the program.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer

	configFile  string
	configNamed bool // by --config or TRAMA_CONFIG
	configFound bool // it is one that is there, or is named
	adminURL    string
	adminFrom   string // what says that the daemon is there; empty: the command line
	tokenFile   string

	wide, utc bool // flags of listings

	args    []string                     // the command line
	running bool                         // the command line was understood
	log     atomic.Pointer[hclog.Logger] // of the daemon; nil in any other command
}

// usageError is a mistake of the caller that only the command itself can see.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// errSilent ends the program with exit code 1 and says nothing: the command has said it all.
var errSilent = errors.New("failed")

// run is the program and returns the exit code; ctx ends it early.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return (&app{stdin: stdin, stdout: stdout, stderr: stderr}).run(ctx, args)
}

func (a *app) run(ctx context.Context, args []string) int {
	a.args = args
	root := a.root()
	root.SetArgs(append([]string{}, args...)) // without any, cobra would take those of the process
	c, err := root.ExecuteContextC(ctx)
	var usage usageError
	var badConfig *config.Error
	var own exitCode
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errSilent):
		return exitFailed
	case errors.As(err, &own):
		if own.err != nil {
			a.complain("trama: %s", inWords(err))
		}
		return own.code
	case errors.As(err, &badConfig):
		a.complain("%s", badConfig.Error())
		a.complain("%d %s; `trama config example` explains every key", len(badConfig.Problems),
			plural(len(badConfig.Problems), "problem"))
		return exitUsage
	case !a.running || errors.As(err, &usage):
		a.complain("trama: %s", inWords(err))
		if !errors.As(err, new(brokenProfiles)) && !errors.As(err, new(*codec.DefinitionError)) {
			a.complain("see: %s --help", c.CommandPath()) // which says nothing about what is wrong in a file
		}
		return exitUsage
	}
	a.complain("trama: %s", inWords(err))
	return exitFailed
}

// lastWordWithin bounds the wait for a line that standard error may never take.
const lastWordWithin = time.Second

// hurried says that a second signal ends the program now.  Any goroutine may call it.
func (a *app) hurried() {
	said := make(chan struct{})
	go func() {
		defer close(said)
		if log := a.log.Load(); log != nil {
			(*log).Warn("ending at once: a second signal")
		} else {
			a.complain("trama: ending at once: a second signal")
		}
	}()
	select {
	case <-said:
	case <-time.After(lastWordWithin):
	}
}

// complain writes one line to standard error; when even that fails there is nowhere left to say so.
func (a *app) complain(format string, args ...any) {
	_, _ = fmt.Fprintf(a.stderr, format+"\n", shown(args, terminal.Lines)...)
}

// say writes a line to standard output; what a device or the daemon has said is shown, and not obeyed.
func (a *app) say(format string, args ...any) {
	_, _ = fmt.Fprintf(a.stdout, format+"\n", shown(args, terminal.Text)...)
}

// show writes lines to standard output as they are.
func (a *app) show(text string) { _, _ = fmt.Fprintln(a.stdout, text) }

// showJSON writes a JSON text to standard output.
func (a *app) showJSON(text []byte) { a.show(string(terminal.JSON(text))) }

// jsonOut is showJSON for a text that comes in pieces.
func (a *app) jsonOut() io.Writer { return terminal.Writer(a.stdout) }

// shown makes texts fit for a terminal; numbers and the like need nothing.
func shown(args []any, show func(string) string) []any {
	fit := make([]any, len(args))
	for i, arg := range args {
		switch v := arg.(type) {
		case string:
			arg = show(v)
		case error:
			arg = show(v.Error())
		case fmt.Stringer:
			arg = show(v.String())
		}
		fit[i] = arg
	}
	return fit
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "trama",
		Short:         "TCP front-end for telemetry masters",
		Long:          "trama lets telemetry masters dial in, decodes and acknowledges their frames, shows what goes on and carries commands to them.",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		PersistentPreRun: func(c *cobra.Command, _ []string) {
			a.running = true
			a.find(c)
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.PersistentFlags().StringVar(&a.configFile, "config", "",
		"configuration `file` (default: $TRAMA_CONFIG, "+config.DefaultFile+", "+systemConfig+")")
	root.AddGroup(&cobra.Group{ID: "daemon", Title: "The daemon:"}, &cobra.Group{ID: "look", Title: "Look at a running daemon:"},
		&cobra.Group{ID: "control", Title: "Control a running daemon:"},
		&cobra.Group{ID: "journal", Title: "The record of frames:"},
		&cobra.Group{ID: "frames", Title: "Frames and masters without a daemon:"})
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add("daemon", a.serveCommand(), a.checkCommand(), a.configCommand())
	add("look", a.topCommand(), a.treeCommand(), a.mastersCommand(), a.connectionsCommand(), a.listenersCommand(), a.pollsCommand(), a.refusedCommand(),
		a.healthCommand(), a.crashesCommand())
	add("control", a.sendCommand(), a.commandsCommand(), a.commandCommand(), a.cancelCommand(), a.settingsCommand(), a.reloadCommand(), a.shadowCommand(), a.suspendCommand(), a.resumeCommand(),
		a.kickCommand(), a.approveCommand(), a.forgetCommand(), a.restartCommand(), a.faultCommand(),
		a.logLevelCommand(), a.tokenCommand(), a.keysCommand())
	add("journal", a.historyCommand(), a.redecodeCommand(), a.watchCommand(), a.eventsCommand(), a.exportCommand(),
		a.cursorsCommand(), a.journalCommand())
	add("frames", a.decodeCommand(), a.explainCommand(), a.encodeCommand(), a.profileCommand(), a.simulateCommand())
	root.AddCommand(a.versionCommand())
	root.SetHelpCommand(a.helpCommand())
	root.InitDefaultCompletionCmd()
	explainArgs(root)
	a.complete(root)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return explainFlag(c, err, a.args) })
	return root
}

// helpCommand tells about a command.
func (a *app) helpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND…]", Short: "Tell about a command",
		RunE: func(c *cobra.Command, args []string) error {
			about, rest, err := c.Root().Find(args)
			if err == nil && len(rest) > 0 {
				err = unknownCommand(about, rest[0])
			}
			if err != nil {
				return usageError{err}
			}
			return about.Help()
		},
	}
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}
