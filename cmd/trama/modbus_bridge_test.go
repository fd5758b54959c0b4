//go:build modbus

package main

import (
	"bufio"
	"io"
	"math/rand/v2"
	"net"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// bridge is a DTU: it dials the gateway, says its name, and hands each request on to a Modbus server, with the manners of a
// serial line.
type bridge struct {
	t       *testing.T
	gateway net.Conn
	random  *rand.Rand // nil: a good line
	mu      sync.Mutex // guards manners
	manners map[string]int
}

// often is how often, in a thousand requests, a line does what.
var often = []struct {
	manner string
	of1000 int
}{
	{"silence", 10}, // the request is lost
	{"deaf", 10},    // the answer is lost
	{"late", 5},     // the answer comes when nobody waits for it any more
	{"echo", 50},    // the request comes back first
	{"zero", 50},    // a byte of the line driver before the answer
	{"slow", 50},    // byte by byte
	{"doubled", 10}, // the answer comes twice
	{"broken", 10},  // a bit of the answer is another one
	{"cut", 10},     // the end of the answer is lost
}

// lateBy is longer than the requests of the test wait.
const lateBy = time.Second

// meters starts the Modbus server, and tells where it listens.
func meters(t *testing.T) string {
	t.Helper()
	c := exec.Command("/usr/bin/python3", "testdata/modbus_server.py")
	log := &logBuffer{}
	c.Stderr = log
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait() // it was killed
	})
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the Modbus server does not start: %v\n%s", err, log)
	}
	return "127.0.0.1:" + strings.TrimSpace(port)
}

// dialOut connects a bridge to the gateway; it serves until the test ends.  The line is good with seed 0.
func dialOut(t *testing.T, gateway, server, name string, seed uint64) *bridge {
	t.Helper()
	b := &bridge{t: t, manners: map[string]int{}}
	if seed != 0 {
		b.random = rand.New(rand.NewPCG(seed, 1))
	}
	var err error
	if b.gateway, err = net.Dial("tcp", gateway); err != nil {
		t.Fatal(err)
	}
	meters, err := net.Dial("tcp", server)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		_, _ = b.gateway.Close(), meters.Close()
		<-done
	})
	if _, err := io.WriteString(b.gateway, name); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(done)
		b.serve(meters)
	}()
	return b
}

func (b *bridge) serve(meters net.Conn) {
	request, answer := make([]byte, 512), make([]byte, 512)
	for {
		n, err := b.gateway.Read(request)
		if err != nil {
			return
		}
		manner := b.manner()
		if manner == "silence" {
			continue
		}
		if _, err := meters.Write(request[:n]); err != nil {
			return
		}
		got := 0
		for _ = meters.SetReadDeadline(time.Now().Add(time.Second)); got < 5; {
			k, err := meters.Read(answer[got:])
			if err != nil {
				b.t.Errorf("the Modbus server does not answer % x: %v", request[:n], err)
				return
			}
			got += k
		}
		if err := b.answer(manner, request[:n], answer[:got]); err != nil {
			return
		}
	}
}

func (b *bridge) manner() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := 1000
	if b.random != nil {
		at = b.random.IntN(1000)
	}
	for _, each := range often {
		if at -= each.of1000; at < 0 {
			b.manners[each.manner]++
			return each.manner
		}
	}
	b.manners["plain"]++
	return "plain"
}

func (b *bridge) answer(manner string, request, answer []byte) (err error) {
	switch manner {
	case "deaf":
		return nil
	case "late":
		time.Sleep(lateBy)
	case "echo":
		if _, err = b.gateway.Write(request); err != nil {
			return err
		}
	case "zero":
		answer = append([]byte{0}, answer...)
	case "slow":
		for i := range answer {
			if _, err = b.gateway.Write(answer[i : i+1]); err != nil {
				return err
			}
			time.Sleep(2 * time.Millisecond)
		}
		return nil
	case "doubled":
		answer = append(answer[:len(answer):len(answer)], answer...)
	case "broken":
		answer[3] ^= 0x10
	case "cut":
		answer = answer[:len(answer)-2]
	}
	_, err = b.gateway.Write(answer)
	return err
}

// done is how often the line did what, so far.
func (b *bridge) done(manners ...string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, each := range manners {
		n += b.manners[each]
	}
	return n
}
