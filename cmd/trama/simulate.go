package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"trama/cmd/trama/internal/admin"
	"trama/fleet"
	"trama/internal/words"
)

func (a *app) simulateCommand() *cobra.Command {
	o := fleet.Options{}
	var profile, level string
	var keys simulateKeys
	c := &cobra.Command{
		Use:   "simulate",
		Short: "Play a fleet of masters",
		Long: "simulate runs masters that connect, log in, send measurements, keep each until it is acknowledged, and answer commands,\n" +
			"as [simulate] of the profile says. With --key-dir their frames are protected, and what the server says must be.\n" +
			"It may be the directory of the daemon on the same machine, or a copy; a next key that the server sends is kept in --state, the key file stays.\n" +
			"It exits with 1 when a frame stayed unacknowledged or no master could connect.",
		Example: "  trama simulate --masters 50 --every 10s --duration 1m\n" +
			"  trama simulate --address 127.0.0.1:12987 --profile compact --masters 1000 --every 1m --ramp 10s\n" +
			"  trama simulate --address 127.0.0.1:8808 --profile jt808 --masters 20 --serial-from 13900000001",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, port, err := net.SplitHostPort(o.Address)
			if err == nil {
				_, err = net.LookupPort("tcp", port)
			}
			if err != nil {
				return usageError{fmt.Errorf("--address: found %q, expected host:port", o.Address)}
			}
			p, err := findProfile(profile)
			if err != nil {
				return err
			}
			if hclog.LevelFromString(level) == hclog.NoLevel {
				return usageError{fmt.Errorf("--log: %w", words.OneOf(level, admin.LogLevels))}
			}
			o.Profile = p
			script, err := p.Script()
			if err != nil {
				return usageError{err}
			}
			if script.After > 0 && !c.Flags().Changed("keep-alive") {
				o.KeepAlive = script.After
			}
			if err := keys.equip(&o); err != nil {
				return usageError{err}
			}
			if err := checkFleet(o); err != nil {
				return usageError{err}
			}
			o.Logger = hclog.New(&hclog.LoggerOptions{Name: "fleet", Level: hclog.LevelFromString(level), Output: a.stderr})
			o.Progress = a.showProgress
			if o.Seed == 0 {
				o.Seed = uint64(time.Now().UnixNano())
			}
			a.say("simulating %d masters from %s on with profile %s at %s, seed %d", o.Masters,
				script.Identity(o.SerialFrom), p.Name(), o.Address, o.Seed)
			s, err := fleet.Run(c.Context(), o)
			if err != nil {
				return usageError{err}
			}
			return a.showSummary(s, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Address, "address", "127.0.0.1:12986", "`host:port` of the gateway")
	f.StringVarP(&profile, "profile", "p", "extended", "shipped profile, or `path` of a definition")
	f.IntVar(&o.Masters, "masters", 10, "how many")
	f.StringVar(&o.SerialFrom, "serial-from", "10000001",
		"`serial` of the first; the others count on from it. The profile may make a longer identity of it")
	durationFlag(f, &o.Every, "every", 10*time.Second,
		"between measurements of one master; 0 sends the next as soon as the last is acknowledged")
	f.Float64Var(&o.Jitter, "jitter", 0.2, "random variation of each wait, 0 to 1")
	durationFlag(f, &o.KeepAlive, "keep-alive", 2*time.Minute,
		"silence after which a master sends a keep-alive, unless the profile says another; 0 never")
	durationFlag(f, &o.AskEvery, "ask-every", 0, "between requests of a master for its settings, the first at once; 0 never")
	durationFlag(f, &o.ReconnectEvery, "reconnect-every", 0, "how long a master stays on one connection; 0 for ever")
	durationFlag(f, &o.Ramp, "ramp", 0, "over which the first connects are spread")
	durationFlag(f, &o.AckTimeout, "ack-timeout", 10*time.Second, "after which an unacknowledged frame is sent again")
	durationFlag(f, &o.Duration, "duration", 0, "how long it runs; 0 until a signal")
	f.IntVar(&o.Frames, "frames", 0, "measurements of each master, after which it leaves; 0 no limit")
	durationFlag(f, &o.ProgressEvery, "progress-every", 5*time.Second, "between progress lines")
	f.Uint64Var(&o.Seed, "seed", 0, "random seed; 0 is from the clock")
	keys.flags(c, &o)
	f.StringVar(&level, "log", "warn", "what is logged of single masters: debug shows why each connection failed")
	return c
}

// checkFleet runs a fleet whose time is over before it begins: it checks all that a real run checks, and dials nobody.
func checkFleet(o fleet.Options) error {
	over, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := fleet.Run(over, o)
	return err
}

func (a *app) showProgress(p fleet.Progress) {
	why := ""
	if p.Connected == 0 && p.Why != nil {
		why = "  (" + inWords(p.Why) + ")"
	}
	a.say("%7s  %d of %d connected  sent %d  acknowledged %d  waiting %d  resent %d  commands %d  links lost %d  connects failed %d%s",
		p.Elapsed.Round(time.Second), p.Connected, p.Masters, p.Sent, p.Acknowledged, p.Waiting, p.Resent, p.Commands, p.Lost, p.Failed, why)
}

// showSummary prints the result of the fleet; frames that nobody acknowledged are a failure.
func (a *app) showSummary(s fleet.Summary, o fleet.Options) error {
	fine := func(d time.Duration) time.Duration { return d.Round(time.Microsecond) }
	a.say("")
	a.say("masters        %d, at most %d connected at a time", s.Masters, s.MostConnected)
	a.say("connections    %d made, %d attempts failed, %d ended by the other side", s.Connects, s.Failed, s.Lost)
	a.say("frames         %d sent in %v (%.0f/s), %d sent again", s.Sent, s.Elapsed.Round(time.Millisecond),
		float64(s.Sent)/s.Elapsed.Seconds(), s.Resent)
	a.say("acknowledged   %d, unacknowledged %d, not acknowledged by design %d", s.Acknowledged, s.Waiting, s.Unowed)
	a.say("latency        p50 %v, p99 %v, max %v", fine(s.P50), fine(s.P99), fine(s.Max))
	a.say("commands       %d answered, %d refused, %d that the profile has no answer for", s.Commands, s.Refused, s.Ignored)
	a.say("unexpected     %d frames that fit nothing, %d bytes of noise", s.Unexpected, s.Noise)
	if refused := s.WrongTag + s.Unprotected + s.Replayed + s.Misplaced; refused > 0 {
		a.say("refused        %d frames with a wrong tag, %d unprotected, %d replayed, %d that answer what nobody waits for", s.WrongTag, s.Unprotected, s.Replayed, s.Misplaced)
	}
	if s.TurnedAway > 0 {
		a.say("logins         %d refused", s.TurnedAway)
	}
	switch {
	case s.Connects == 0:
		if s.Why == nil {
			return errors.New("no master has connected")
		}
		return fmt.Errorf("no master could connect: %w", s.Why)
	case s.Waiting > 0 && s.Acknowledged == 0:
		return fmt.Errorf("no frame was acknowledged: does the port at %s speak profile %s?  trama listeners and trama refused say more", o.Address, o.Profile.Name())
	case s.Waiting > 0:
		return fmt.Errorf("%d %s not acknowledged", s.Waiting, plural(int(s.Waiting), "frame"))
	}
	return nil
}
