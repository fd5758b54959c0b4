package main

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/hashicorp/go-hclog"

	"trama/actors"
)

// manager stands in for the service manager and keeps what it is told.
type manager struct {
	mu   sync.Mutex // guards told
	told []string
}

func (m *manager) heard(state string) (times int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, told := range m.told {
		if told == state || strings.HasPrefix(told, state+"\n") {
			times++
		}
	}
	return times
}

func listenForStates(t *testing.T, variables ...string) *manager {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	m := &manager{}
	var ended sync.WaitGroup
	ended.Go(func() {
		text := make([]byte, 4096)
		for {
			n, err := conn.Read(text)
			if err != nil {
				return
			}
			m.mu.Lock()
			m.told = append(m.told, string(text[:n]))
			m.mu.Unlock()
		}
	})
	t.Cleanup(func() {
		_ = conn.Close()
		ended.Wait()
	})
	t.Setenv("NOTIFY_SOCKET", path)
	for i := 0; i < len(variables); i += 2 {
		t.Setenv(variables[i], variables[i+1])
	}
	return m
}

func TestTheServiceManagerIsToldWhatGoesOn(t *testing.T) {
	m := listenForStates(t)
	p := startProcess(t)
	await(t, "readiness", func() bool { return m.heard(nowReady+"\nSTATUS=accepting") == 1 })
	p.signal(syscall.SIGHUP)
	await(t, "a reload", func() bool { return m.heard(nowReloading) == 1 && m.heard(nowReady) == 2 })
	p.signal(syscall.SIGTERM)
	if code := p.wait(); code != exitDone {
		t.Errorf("exit code %d\n%s", code, p.log)
	}
	await(t, "the end", func() bool { return m.heard(nowStopping) == 1 })
	if n := m.heard(stillAlive); n != 0 {
		t.Errorf("the watchdog, which nobody has set, was told %d times", n)
	}
}

func TestTheWatchdogIsToldThatJournalAndActorsWork(t *testing.T) {
	m := listenForStates(t, "WATCHDOG_USEC", "150000", "WATCHDOG_PID", "")
	p := startProcess(t)
	await(t, "several signs of life", func() bool { return m.heard(stillAlive+"\nSTATUS=accepting") >= 3 })
	p.signal(syscall.SIGTERM)
	p.wait()
}

// hung is a gateway whose actors do not answer.
type hung struct{ actors.Gateway }

func (hung) Live(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestTheWatchdogIsNotToldWhenNobodyAnswersInTime(t *testing.T) {
	m := listenForStates(t, "WATCHDOG_USEC", "30000", "WATCHDOG_PID", "")
	log := &logBuffer{}
	d := &daemon{gateway: hung{}, log: hclog.New(&hclog.LoggerOptions{Output: log})}
	ctx, cancel := context.WithCancel(t.Context())
	var ended sync.WaitGroup
	ended.Go(func() { d.watchdog(ctx) })
	await(t, "the reason in the log", func() bool {
		return strings.Count(log.String(), "the watchdog is not told that the daemon works: reason=\"context deadline exceeded\"") >= 2
	})
	cancel()
	ended.Wait()
	if n := m.heard(stillAlive); n != 0 {
		t.Errorf("it was told %d times", n)
	}
	if m.heard("STATUS=hanging: context deadline exceeded") == 0 {
		t.Error("the status does not say that it hangs")
	}
}
