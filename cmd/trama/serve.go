package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"trama/actors"
	"trama/actors/known"
	"trama/cmd/trama/internal/access"
	"trama/cmd/trama/internal/admin"
	"trama/cmd/trama/internal/config"
	"trama/journal"
	"trama/journal/sqlite"
	"trama/keys"
)

func (a *app) serveCommand() *cobra.Command {
	var addressesFile string
	c := &cobra.Command{
		Use: "serve", Short: "Run the gateway", Args: cobra.NoArgs,
		Long: "serve opens the ports of the configuration and runs until SIGTERM or SIGINT; then it finishes the frames in hand and ends.\n" +
			"A second signal ends it at once.",
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.loadConfig()
			if err != nil {
				return err
			}
			d := &daemon{config: cfg, log: newLogger(cfg.Log, a), addressesFile: addressesFile}
			a.log.Store(&d.log)
			return d.run(c.Context())
		},
	}
	c.Flags().StringVar(&addressesFile, "addresses-file", "", "`file` to write the real addresses to, as JSON, once all are open; it is removed at the end")
	return c
}

func newLogger(l config.Log, a *app) hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{
		Name: "trama", Level: hclog.LevelFromString(l.Level), JSONFormat: l.Format == "json", Output: a.stderr,
	})
}

// daemon is one run of serve:
//
//	token ▶ admin port ▶ journal ▶ gateway ▶ HTTP … signal, or the gateway's own end … gateway drained ▶ HTTP closed ▶ journal closed
type daemon struct {
	config        *config.Config
	log           hclog.Logger
	addressesFile string

	gateway          actors.Gateway
	journal          *sqlite.Journal // nil: nothing is kept
	failure          error           // why it ends by itself
	http             *admin.Server
	httpEnded        chan error
	adminURLs        []string
	groups           access.Groups
	tokens           *access.Tokens
	record           actors.Journal // of what is changed
	addressesWritten bool
	known            known.Current
	times            *admin.Times // that journal and gateway take
	keys             *keys.Store  // nil: no master has a key
	held             io.Closer    // keeps others from the directory of the keys; nil: it is not held
	reloading        sync.Mutex   // held by the one reload at a time
}

func (d *daemon) run(ctx context.Context) error {
	hangUps := make(chan os.Signal, 1)
	signal.Notify(hangUps, syscall.SIGHUP)
	defer signal.Stop(hangUps)
	if err := d.start(ctx); errors.Is(err, errStopped) {
		d.log.Info(err.Error())
		return nil
	} else if err != nil {
		d.log.Error("start failed", "error", inWords(err))
		for _, held := range holders(d.config) {
			d.log.Error(held)
		}
		return errSilent
	}
	working, rest := context.WithCancel(context.Background())
	defer rest()
	var helpers sync.WaitGroup
	helpers.Go(func() { keepMemory(working.Done()) })
	helpers.Go(func() { d.watchdog(working) })
	helpers.Go(func() { d.tellAddressesLater(working) })
	d.failure = d.untilTheEnd(ctx, hangUps)
	d.notify(nowStopping)
	rest()
	helpers.Wait()
	if err := d.stop(); err != nil || d.failure != nil {
		return errSilent
	}
	return nil
}

// untilTheEnd reloads whenever it is told to, and returns when the daemon is to stop: the reason, nil when that was asked for.
func (d *daemon) untilTheEnd(ctx context.Context, hangUps <-chan os.Signal) (failure error) {
	for {
		select {
		case <-hangUps:
			outcome := "done"
			if _, err := d.reload(ctx); err != nil {
				outcome = "failed: " + err.Error()
			}
			journal.AppendEvent(d.record, journal.Event{Kind: journal.EventChange, Reason: outcome, Detail: "SIGHUP (admin): reload"})
			continue
		case <-ctx.Done():
			d.log.Info("stopping: signal received", "deadline", d.config.Limits.DrainTimeout)
		case <-d.gateway.Done():
			if failure = d.gateway.Err(); failure == nil {
				failure = errors.New("it ended without a reason")
			}
			d.log.Error("stopping: the gateway has ended", "error", failure)
		case failure = <-d.httpEnded:
			if failure == nil {
				failure = errors.New("it stopped accepting without a reason")
			}
			d.log.Error("stopping: the admin endpoint has ended", "error", failure)
			d.httpEnded <- nil // for stop, which waits for it
		}
		return failure
	}
}

// start opens everything or leaves nothing open.
func (d *daemon) start(ctx context.Context) error {
	if what := lacking(runtime.GOOS); what != "" {
		d.log.Warn("not all of the daemon is there on this system", "system", runtime.GOOS, "lacking", what)
	}
	local, made, err := access.Local(d.config.Admin.TokenFile)
	if err != nil {
		return err
	}
	if made {
		d.log.Info("made a new admin token", "file", d.config.Admin.TokenFile)
	}
	if d.tokens, err = access.OpenTokens(d.config.Admin.TokensFile(), fixedTokens(local, d.config.Admin)); err != nil {
		return err
	}
	if d.keys, err = d.openKeys(); err != nil {
		return err
	}
	ports, err := d.listenAdmin()
	if err != nil {
		return err
	}
	for _, l := range d.config.Listeners {
		if l.ProfileFile != "" && isShipped(l.Profile) {
			d.log.Warn("the file of a profile has the name of a shipped one: lists cannot tell them apart", "listener", l.Name,
				"name", l.Profile.Name(), "file", l.ProfileFile)
		}
	}
	d.known.Set(d.config.Masters.Known)
	options := gatewayOptions(d.config, d.log)
	options.Known, options.Keys = &d.known, d.keys
	d.times = admin.NewTimes()
	options.Acknowledged, options.Answered = d.times.Acknowledged, d.times.Answered
	if err = d.begin(ctx, options, ports); err != nil {
		closeAll(ports)
		return err
	}
	d.serveHTTP(ports)
	d.log.Info("admin endpoint open", "url", strings.Join(d.adminURLs, " "), "token_file", d.config.Admin.TokenFile, "faults_allowed", d.config.Admin.AllowFaults)
	if err := d.tellAddresses(); noRoom(err) {
		d.log.Error("the addresses file waits for room on the disk", "error", err)
	} else if err != nil {
		_ = d.stop() // err is what matters; stop logs its own
		return fmt.Errorf("addresses file: %w", err)
	}
	d.log.Info("ready", "version", buildVersion(), "config", d.config.File, "pid", os.Getpid())
	d.notify(nowReady + d.status())
	return nil
}

// taken says which ports others have: when the journal is in use, the whole daemon probably runs already.
func taken(listeners []config.Listener) error {
	var problems []error
	for _, l := range listeners {
		port, err := net.Listen("tcp", l.Address)
		if err != nil {
			problems = append(problems, fmt.Errorf("listener %q: %w", l.Name, err))
			continue
		}
		_ = port.Close() // it was to be tried only
	}
	return errors.Join(problems...)
}

func gatewayOptions(c *config.Config, log hclog.Logger) actors.Options {
	o := actors.Options{
		Logger: log, AllowFaults: c.Admin.AllowFaults, CommandQueue: c.Limits.CommandsPerMaster, QueuedPerSecond: c.Limits.QueuedPerSecond, MaxMasters: c.Limits.MaxMasters,
		ResendBytes: c.Limits.ResendMiB << 20, Polls: c.Polls,
	}
	if o.ResendBytes == 0 {
		o.ResendBytes = -1 // none
	}
	for _, l := range c.Listeners {
		o.Listeners = append(o.Listeners, actors.ListenerOptions{Role: l.Role, Profile: l.Profile, Source: editionOf(l).Source, FrameNames: l.FrameNames, MaxMasters: l.MaxMastersPerConnection, Greeting: l.Greeting, Outcomes: l.Outcomes, DeliveryWindow: l.DeliveryWindow, Policy: l.Policy, Transport: l.Transport})
	}
	return o
}

// stop ends everything in order and logs each step with the time it took.  The endpoint goes last, so that a drain can
// be watched.
func (d *daemon) stop() error {
	patience := d.config.Limits.DrainTimeout
	if errors.Is(d.failure, journal.ErrFailed) || d.journal != nil && d.journal.Brief().Held {
		patience = min(patience, journalGrace)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	start := time.Now()
	before := d.gateway.Totals()
	drained := d.step("gateway drained", func() error { return d.gateway.Drain(ctx) })
	// What is left of the deadline belongs to the requests in hand, and they get a moment even when nothing is left.
	httpCtx, cancelHTTP := context.WithTimeout(context.Background(), max(patience-time.Since(start), httpGrace))
	defer cancelHTTP()
	closed := d.step("admin endpoint closed", func() error {
		err := d.http.Shutdown(httpCtx)
		if ended := <-d.httpEnded; err == nil {
			err = ended
		}
		return err
	})
	stored := d.step("journal closed", func() error { return closeJournal(d.journal) })
	d.releaseKeys()
	var removed error
	if d.addressesWritten {
		removed = d.step("addresses file removed", func() error { return removeIfThere(d.addressesFile) })
	}
	after := d.gateway.Totals()
	d.log.Info("stopped", "took", time.Since(start).Round(time.Microsecond), "connections", before.Connections, "frames", after.Frames, "acknowledged", after.Acknowledged)
	return errors.Join(drained, closed, stored, removed)
}

// removeIfThere removes a file; that somebody else has done so is fine.
func removeIfThere(file string) error {
	if err := os.Remove(file); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// httpGrace is the least that requests in hand get to finish.
const httpGrace = 500 * time.Millisecond

func (d *daemon) step(what string, do func() error) error {
	start := time.Now()
	err := do()
	took := time.Since(start).Round(time.Microsecond)
	if err != nil {
		d.log.Error(what+" with an error", "took", took, "error", err)
		return err
	}
	d.log.Info(what, "took", took)
	return nil
}
