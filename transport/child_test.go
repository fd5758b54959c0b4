package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The limit of open files is the process's, so what happens at the limit is tried in a process of its own: the test
// binary called again with childVariable set.
const childVariable = "TRANSPORT_TEST_CHILD"

func childIfAsked() {
	switch os.Getenv(childVariable) {
	case "":
		return
	case "descriptors":
		if err := runOutOfDescriptors(); err != nil {
			fmt.Println("child:", err)
			os.Exit(1)
		}
		fmt.Println("child: ok")
		os.Exit(0)
	}
}

func TestAcceptSurvivesTheEndOfDescriptors(t *testing.T) {
	t.Parallel() // it waits most of the time
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"=descriptors")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "child: ok") {
		t.Errorf("%v\n%s", err, out)
	}
}

// runOutOfDescriptors takes descriptors until accept fails, looks at what that costs, gives descriptors back and expects the
// listener to take connections again.
func runOutOfDescriptors() error {
	const limit = 256
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: limit, Max: limit}); err != nil {
		return err
	}
	budget, err := NewDescriptors()
	if err != nil || budget.Limit() != limit-ReservedDescriptors {
		return fmt.Errorf("budget %v, error %v", budget, err)
	}

	events := make(chan Event, 100)
	conns := make(chan *Conn, limit)
	l, err := Listen(context.Background(), Options{
		Name: "child", Address: "127.0.0.1:0", Cutter: SplitFunc(splitBrackets), Events: func(e Event) { events <- e },
	})
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() {
		served <- l.Serve(func(c *Conn) { conns <- c; c.Start(func(b *Batch) { b.Release() }, func() {}) })
	}()

	next := func(kind EventKind) error {
		select {
		case e := <-events:
			if e.Kind != kind {
				return fmt.Errorf("event %v, want %v", e, kind)
			}
			return nil
		case <-time.After(patience):
			return fmt.Errorf("no event %v", kind)
		}
	}
	// Take every descriptor but one, and spend that one on a dial: nothing is left to accept it with.
	var taken []int
	for {
		fd, err := unix.Dup(0)
		if err != nil {
			break
		}
		taken = append(taken, fd)
	}
	_ = unix.Close(taken[0])
	taken = taken[1:]
	peer, err := net.Dial("tcp", l.Addr().String())
	for end := time.Now().Add(patience); errors.Is(err, unix.EMFILE) && time.Now().Before(end); {
		peer, err = net.Dial("tcp", l.Addr().String()) // accept takes a descriptor before it looks for a connection
	}
	if err != nil {
		return err
	}
	defer peer.Close()
	if err := next(EventAcceptPaused); err != nil {
		return err
	}
	before := cpuTime()
	time.Sleep(time.Second) // the back-off is what is measured
	if used := cpuTime() - before; used > 50*time.Millisecond {
		return fmt.Errorf("accept used %v of the processor in a second of waiting", used)
	}
	if len(events) != 0 {
		return fmt.Errorf("more than one event for one episode: %v", <-events)
	}
	for _, fd := range taken {
		_ = unix.Close(fd)
	}
	begin := time.Now()
	// If accept had a descriptor in its hand while they were taken, the first dial got through and this one is waited for.
	second, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return err
	}
	defer second.Close()
	if err := next(EventAcceptResumed); err != nil {
		return err
	}
	if took := time.Since(begin); took > time.Second {
		return fmt.Errorf("recovered after %v", took)
	}
	if c := <-conns; c.ID() == 0 {
		return fmt.Errorf("no connection")
	}
	if err := l.Close(); err != nil {
		return err
	}
	return <-served
}

func cpuTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
