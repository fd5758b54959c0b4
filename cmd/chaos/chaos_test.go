package main

import (
	"bytes"
	"os"
	"testing"
)

// The test binary stands in for the program when it is started as the broken daemon.
func TestMain(m *testing.M) {
	if os.Getenv(breakVariable) != "" {
		os.Exit(serveBroken(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// A short form of what `make chaos` does a thousand times.
func TestNothingAcknowledgedIsLostWhenTheDaemonIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the program, which is built without the race detector")
	}
	var out, problems bytes.Buffer
	if err := run(t.Context(), []string{"-rounds", "2", "-masters", "10"}, &out, &problems); err != nil {
		t.Fatalf("%v\n%s", err, problems.Bytes())
	}
	if !bytes.Contains(out.Bytes(), []byte("none lost")) {
		t.Errorf("%s", out.Bytes())
	}
}

func TestADaemonThatAcknowledgesTooEarlyIsCaught(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the program, which is built without the race detector")
	}
	var out, problems bytes.Buffer
	if err := run(t.Context(), []string{"-rounds", "20", "-masters", "10", "-break"}, &out, &problems); err != nil {
		t.Fatalf("%v\n%s", err, problems.Bytes())
	}
	if !bytes.Contains(out.Bytes(), []byte("was caught")) {
		t.Errorf("%s", out.Bytes())
	}
}

// A short form of what `make chaos` does with keys.
func TestNoCounterIsUsedTwiceWhenDaemonAndDevicesAreKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the program, which is built without the race detector")
	}
	var out, problems bytes.Buffer
	if err := run(t.Context(), []string{"-suite", "20", "-rounds", "3", "-masters", "10"}, &out, &problems); err != nil {
		t.Fatalf("%v\n%s", err, problems.Bytes())
	}
	if !bytes.Contains(out.Bytes(), []byte("no counter used for two")) || !bytes.Contains(out.Bytes(), []byte("none lost")) {
		t.Errorf("%s", out.Bytes())
	}
}

func TestDevicesThatForgetTheirCountersAreCaught(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the program, which is built without the race detector")
	}
	var out, problems bytes.Buffer
	if err := run(t.Context(), []string{"-suite", "20", "-rounds", "30", "-masters", "5", "-break"}, &out, &problems); err != nil {
		t.Fatalf("%v\n%s", err, problems.Bytes())
	}
	if !bytes.Contains(out.Bytes(), []byte("the broken fleet was caught")) {
		t.Errorf("%s", out.Bytes())
	}
}

// A short form of what `make chaos-commands` does with 100,000.
func TestEachCommandHasOneHonestOutcome(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the program, which is built without the race detector")
	}
	var out, problems bytes.Buffer
	if err := run(t.Context(), []string{"-commands", "800", "-masters", "60"}, &out, &problems); err != nil {
		t.Fatalf("%v\n%s%s", err, out.Bytes(), problems.Bytes())
	}
	if !bytes.Contains(out.Bytes(), []byte("each ended once")) {
		t.Errorf("%s", out.Bytes())
	}
}

func TestALineThatHandsCommandsOverTwiceIsCaught(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the program, which is built without the race detector")
	}
	var out, problems bytes.Buffer
	if err := run(t.Context(), []string{"-commands", "300", "-masters", "60", "-break"}, &out, &problems); err != nil {
		t.Fatalf("%v\n%s", err, problems.Bytes())
	}
	if !bytes.Contains(out.Bytes(), []byte("the broken line was caught")) {
		t.Errorf("%s", out.Bytes())
	}
}
