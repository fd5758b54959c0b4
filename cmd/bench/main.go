// Command bench compares the gateway with a bare goroutine-per-connection server that only cuts frames and echoes
// headers.  Both run as processes of their own on the loopback interface, by turns, under the same load: masters
// that send extended measurements in a closed loop and verify every acknowledgement.
//
//	bench                        the table: rate, latency, processor time and memory of both, and their ratios
//	bench -suite 20              the same table, of the daemon and masters with keys against the daemon and masters without
//	bench -idle 15000            resident memory of the daemon per connected, identified and idle master
//	bench -slicers 1000          how soon the daemon closes peers that send a byte a second, and what others notice
//	bench -offered 20000         latency of the acknowledgements when so many frames a second are offered, of both
//	bench -strangers 20000       latency of good masters beside a flood of made-up serials; with -suite 20, of wrong tags
//	bench -commands 1000         what a command takes, with the journal on disk and in memory, and acknowledgements beside so many a second
//	bench -polls 10000           what it costs to ask so many masters every minute, and acknowledgements without and beside it
//	bench -soak 2h               masters that come and go: descriptors, goroutines and memory of the daemon before, meanwhile and after
//	bench -load ADDRESS          one load against a server that runs already
//	bench -bare                  the bare server alone, on -listen, until standard input ends
//
// What it prints are ratios of one run on one machine; the absolute figures mean little elsewhere.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"trama/codec/protect"
)

// bareVariable makes a test binary behave like the program when it is started as the bare server.
const bareVariable = "TRAMA_BENCH_BARE"

// bounds on the time that one invocation may take, whatever happens.
const (
	longestBare = 2 * time.Hour
	longestRun  = 13 * time.Hour
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// settings are the flags.
type settings struct {
	bare, memory     bool
	suite            protect.Suite // of the masters; none: they have no keys
	listen           string
	load             string
	idle, slicers    int
	offered          int
	strangers        int
	commands         int
	polls            int
	every            time.Duration // between the requests of a poll to a master
	tables           string        // further ones of the configuration
	soak             time.Duration
	settle           time.Duration
	program, against string
	connections      []int
	inFlight         []int
	rounds           int
	frames           uint64
	warmUp, duration time.Duration
	stdout, stderr   io.Writer
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	s := settings{stdout: stdout, stderr: stderr}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.BoolVar(&s.bare, "bare", false, "run the bare server until standard input ends")
	flags.StringVar(&s.listen, "listen", "127.0.0.1:0", "address of the bare server")
	flags.StringVar(&s.load, "load", "", "run one load against this address")
	flags.IntVar(&s.idle, "idle", 0, "measure the memory of this many idle masters")
	flags.IntVar(&s.slicers, "slicers", 0, "try this many masters that send a byte a second")
	flags.IntVar(&s.offered, "offered", 0, "offer so many frames a second, whether they are acknowledged or not (-c 10000)")
	flags.IntVar(&s.strangers, "strangers", 0, "measure good masters beside so many frames a second of made-up serials or, with -suite, with wrong tags")
	flags.IntVar(&s.commands, "commands", 0, "measure commands, and good masters beside so many commands a second")
	flags.IntVar(&s.polls, "polls", 0, "poll so many masters for the time of -settle, then by turns without polls and beside them measure good masters")
	flags.DurationVar(&s.every, "every", time.Minute, "between the polls of a master")
	flags.DurationVar(&s.soak, "soak", 0, "have masters come and go for so long, and see what the daemon keeps of them (-c 5000)")
	flags.DurationVar(&s.settle, "settle", 10*time.Second, "how long idle masters are idle, or polled alone, before the last look")
	flags.StringVar(&s.program, "trama", "", "the daemon's program (default: go build trama/cmd/trama)")
	flags.StringVar(&s.against, "server", "trama", "what is measured: trama, or bare to see the noise of the machine")
	connections := flags.String("c", "", "numbers of connections, comma separated (table: 50,1000,5000)")
	inFlight := flags.String("f", "", "frames in flight, comma separated (table: 1, and 16 up to 1000 connections)")
	suite := flags.String("suite", "", "the masters have keys, and their frames come under this suite (20 or 21); the table then compares with the daemon and masters without")
	flags.BoolVar(&s.memory, "memory", false, "the daemon keeps its journal in memory, so that nothing waits for the disk")
	flags.IntVar(&s.rounds, "rounds", 5, "rounds of the table: each measures both servers once")
	flags.Uint64Var(&s.frames, "frames", 0, "frames of each master, without a warm-up, instead of a fixed time (only -load)")
	flags.DurationVar(&s.warmUp, "warm-up", time.Second, "before each measurement")
	flags.DurationVar(&s.duration, "duration", 3*time.Second, "of each measurement; with -frames the limit")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var err error
	if *suite != "" {
		if s.suite, err = protect.ParseSuite(*suite); err != nil || !s.suite.SaysWay() {
			return fmt.Errorf("-suite: %q has no counter that stands in each frame", *suite)
		}
	}
	if s.connections, err = numbers("c", *connections); err != nil {
		return err
	}
	if s.inFlight, err = numbers("f", *inFlight); err != nil {
		return err
	}
	switch {
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case s.suite != protect.None && (s.against != "trama" || s.load != "" || s.soak > 0 || s.slicers > 0):
		return errors.New("-suite is of the table, -idle, -offered and -strangers, with -server trama")
	case s.commands+s.polls > 0 && (s.against != "trama" || s.suite != protect.None):
		return errors.New("-commands and -polls are of the daemon and of masters without keys")
	case s.against != "trama" && s.against != "bare":
		return fmt.Errorf("-server is trama or bare, not %q", s.against)
	case s.rounds < 1 || s.idle < 0 || s.slicers < 0 || s.strangers < 0 || s.commands < 0 || s.polls < 0 || s.every <= 0 || s.duration <= 0 || s.warmUp < 0 || s.settle < 0:
		return errors.New("counts and durations are positive")
	}
	for _, address := range []string{s.listen, s.load} {
		if err := loopback(address); err != nil {
			return err
		}
	}
	if err := raiseFileLimit(); err != nil {
		return err
	}
	if s.bare {
		ctx, cancel := context.WithTimeout(ctx, longestBare)
		defer cancel()
		go func() { _, _ = io.Copy(io.Discard, stdin); cancel() }()
		return serveBare(ctx, s.listen, stdout)
	}
	ctx, cancel := context.WithTimeout(ctx, longestRun)
	defer cancel()
	switch {
	case s.load != "":
		return s.runLoad(ctx)
	case s.offered > 0:
		return s.runOffered(ctx)
	case s.strangers > 0:
		return s.runStrangers(ctx)
	case s.commands > 0:
		return s.runCommands(ctx)
	case s.polls > 0:
		return s.runPolls(ctx)
	case s.soak > 0:
		return s.runSoak(ctx)
	case s.idle > 0:
		return s.runIdle(ctx)
	case s.slicers > 0:
		return s.runSlicers(ctx)
	}
	return s.runTable(ctx)
}

// loopback refuses an address beyond this machine: the load is more than a network should bear unasked.
func loopback(address string) error {
	if address == "" {
		return nil
	}
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if !ap.Addr().IsLoopback() {
		return fmt.Errorf("%v is not a loopback address", ap)
	}
	return nil
}

// numbers reads a comma separated list.
func numbers(name, list string) ([]int, error) {
	var ns []int
	for word := range strings.SplitSeq(list, ",") {
		if word == "" && list == "" {
			return nil, nil
		}
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("-%s: %q is not a number above 0", name, word)
		}
		ns = append(ns, n)
	}
	return ns, nil
}

// raiseFileLimit makes the soft limit of open files the hard one; child processes inherit it.
func raiseFileLimit() error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Cur = limit.Max
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
}

// runLoad measures a server that is not ours to start.
func (s *settings) runLoad(ctx context.Context) error {
	connections, inFlight := 50, 1
	if len(s.connections) > 0 {
		connections = s.connections[0]
	}
	if len(s.inFlight) > 0 {
		inFlight = s.inFlight[0]
	}
	l := &load{
		address: s.load, connections: connections, inFlight: inFlight, frames: s.frames,
		warmUp: s.warmUp, duration: s.duration, first: firstTransaction(),
	}
	r, err := l.run(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "%d connections, %d in flight: %d frames in %v, %.0f frames/s, p99 %v, worst %v\n",
		connections, inFlight, r.frames, r.elapsed.Round(time.Millisecond), r.rate(), r.p99, r.worst.Round(time.Microsecond))
	if s.frames > 0 && r.frames != s.frames*uint64(connections) {
		return fmt.Errorf("only %d of %d frames were acknowledged", r.frames, s.frames*uint64(connections))
	}
	return nil
}

// firstTransaction differs from one invocation to the next, as a master's own counter would.
func firstTransaction() uint64 {
	return uint64(time.Now().Unix()%86_400) * 1000
}

// idleChannels are those of the sensor of an idle master.
const idleChannels = 2

// runIdle opens identified connections, leaves them alone and looks at the memory of the server.
func (s *settings) runIdle(ctx context.Context) error {
	srv, cleanup, err := s.startMeasured(ctx, s.idle)
	if err != nil {
		return err
	}
	defer cleanup()
	before := srv.rss()
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			abandon(c)
		}
	}()
	for first := 0; first < s.idle; first = len(conns) { // not all at once: each has a deadline for its first frame
		more, err := dialMany(ctx, srv.address, min(s.idle-first, 500))
		conns = append(conns, more...)
		if err != nil {
			return err
		}
		if err := srv.identify(first, more); err != nil {
			return err
		}
	}
	show := func(when string) {
		rss := srv.rss()
		fmt.Fprintf(s.stdout, "%-28s %8.1f MiB, %6.0f bytes per connection\n",
			when, float64(rss)/(1<<20), float64(rss-before)/float64(len(conns)))
	}
	fmt.Fprintf(s.stdout, "%s, %d connected and identified masters\n", srv.name, len(conns))
	fmt.Fprintf(s.stdout, "%-28s %8.1f MiB\n", "resident before the first", float64(before)/(1<<20))
	show("when all are acknowledged")
	select {
	case <-time.After(s.settle):
	case <-srv.ended:
		return srv.alive()
	case <-ctx.Done():
		return ctx.Err()
	}
	show(fmt.Sprintf("after %v idle", s.settle))
	return nil
}

// identify has masters speak, each on its connection, and takes the acknowledgements.
func (s *server) identify(first int, conns []net.Conn) error {
	ts := mustHex(time.Now().Format("20060102150405"))
	for i, c := range conns {
		var frames []byte
		for channel := range byte(idleChannels) { // each has a value and an alarm: four points
			f := frameOf(firstSerial + uint64(first+i))
			copy(f[timeAt:], ts)
			f[channelAt], f[transactionAt] = channel, channel
			f, err := s.protect(first+i, nil, f)
			if err != nil {
				return err
			}
			frames = append(frames, f...)
		}
		if _, err := c.Write(frames); err != nil {
			return err
		}
	}
	answer := make([]byte, idleChannels*s.answerBytes())
	for _, c := range conns {
		_ = c.SetReadDeadline(time.Now().Add(30 * time.Second))
		if _, err := io.ReadFull(c, answer); err != nil {
			return fmt.Errorf("no acknowledgement: %w", err)
		}
	}
	return nil
}

// Promises of the daemon for a frame that does not come: ten seconds after its first byte, and one of tolerance.
const (
	slicerDeadline  = 10 * time.Second
	slicerTolerance = time.Second
	goodMasters     = 100
	goodPace        = 50 * time.Millisecond
)

// runSlicers measures good masters alone, then beside many that send a byte a second.
func (s *settings) runSlicers(ctx context.Context) error {
	srv, cleanup, err := s.startMeasured(ctx, 0)
	if err != nil {
		return err
	}
	defer cleanup()
	good := func(run uint64) *load {
		return &load{
			address: srv.address, connections: goodMasters, inFlight: 1, pace: goodPace,
			warmUp: s.warmUp, duration: slicerDeadline, first: firstTransaction() + run*1_000_000,
		}
	}
	before, err := good(0).run(ctx)
	if err != nil {
		return err
	}
	conns, err := dialMany(ctx, srv.address, s.slicers)
	defer func() {
		for _, c := range conns {
			abandon(c)
		}
	}()
	if err != nil {
		return err
	}
	closed := make(chan time.Duration, len(conns))
	for i, c := range conns {
		go func() {
			time.Sleep(time.Second * time.Duration(i) / time.Duration(len(conns))) // or all would send at the same moment
			closed <- slice(c, frameOf(firstSerial+goodMasters+uint64(i)))
		}()
	}
	during, err := good(1).run(ctx)
	if err != nil {
		return err
	}
	times := make([]float64, 0, len(conns))
	for range conns {
		times = append(times, (<-closed).Seconds())
	}
	late := 0
	for _, t := range times {
		if t > (slicerDeadline + slicerTolerance).Seconds() {
			late++
		}
	}
	fmt.Fprintf(s.stdout, "%d slicers: closed %.2f–%.2f s after their first byte, median %.2f s; %d later than %v\n",
		len(conns), slices.Min(times), slices.Max(times), middle(times), late, slicerDeadline+slicerTolerance)
	fmt.Fprintf(s.stdout, "%d good masters: p99 %v alone, %v beside them; worst %v and %v\n", goodMasters,
		before.p99, during.p99, before.worst.Round(time.Microsecond), during.worst.Round(time.Microsecond))
	if late > 0 {
		return fmt.Errorf("%d of %d slicers were closed late or not at all", late, len(conns))
	}
	return nil
}

// slice sends a frame a byte a second and returns how long after the first byte the connection was closed; it gives up
// when the frame is whole.
func slice(c net.Conn, frame []byte) time.Duration {
	begin := time.Now()
	answer := make([]byte, headerBytes)
	for i := range frame {
		if _, err := c.Write(frame[i : i+1]); err != nil {
			break
		}
		_ = c.SetReadDeadline(begin.Add(time.Duration(i+1) * time.Second))
		if _, err := c.Read(answer); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
	}
	return time.Since(begin)
}
