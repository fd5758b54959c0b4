package main

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// libraryWords are pieces of texts that libraries make.
var libraryWords = []string{"strconv", "time: ", "Get \"", "Post \"", "Put \"", "Delete \"", "accepts ", "arg(s)", "lstat", "expected TOML", "(14)",
	"invalid argument", "shorthand", "pflag", "cobra", "goroutine", "panic", "%!", "invalid syntax", "unmarshal", "json: ", "EOF", "dial tcp", "net/http",
	"encoding/hex", "stat ", "open /", "listen tcp", "bind:", "sql:", "SQLITE", "unable to open", "unsupported protocol"}

// nowhere stands for a path below a file of the test: nothing can be made there, not even by root.
const nowhere = "nowhere"

// sound are arguments that the daemon of the test understands; slips are those of somebody who mistypes.
var (
	sound = map[string]string{"SERIAL": "12345678", "LISTENER": "field", "LISTENER|SERIAL": "field", "ID": "1", "PATH": "trama/registry", "LEVEL": "info",
		"PROFILE": "extended", "PROFILE.toml": "compact", "NAME": "extended", "COMMAND": "A", "HEX": "00", "KEY=VALUE": "RN=3", "POSITION": "0"}
	slips = map[string]string{"SERIAL": "1234568", "LISTENER": "fild", "LISTENER|SERIAL": "fild", "ID": "x", "PATH": "trama/regstry", "LEVEL": "inof",
		"PROFILE": "extnded", "PROFILE.toml": "nosuch.toml", "NAME": "extnded", "COMMAND": "opeate-relay", "HEX": "zz", "KEY=VALUE": "rn=3", "POSITION": "x",
		"FILE": nowhere, "FILE.csv": nowhere}
	slipsOfFlags = map[string]string{"kind": "ofline", "format": "csf", "state": "ofline", "sort": "sen", "log": "debgu", "direction": "uplnk", "color": "rde",
		"suite": "99", "role": "raed", "profile": "extnded", "listener": "fild", "serial": "1234568", "point": "MSS", "field": "MSS", "under": "trama/regstry",
		"since": "yesterdy", "until": "tomorow", "silent": "10", "unseen": "10", "expires": "10", "bucket": "10", "token-file": nowhere, "admin": "ftp://x",
		"config": nowhere, "address": "nowhere", "key": nowhere, "path": nowhere, "from-json": nowhere, "reference": "zz", "request": "zz",
		"cursor": "x", "hex": "x", "file": nowhere, "key-dir": nowhere, "serial-from": "x"}
)

// Every command is called with each of its arguments and flags mistyped: what it says is useful, its exit code right, and
// no library speaks.
func TestEveryCommandHelpsWhoMistypes(t *testing.T) {
	p := serve(t, twoPorts+"[keys]\n")
	t.Setenv(adminVariable, p.addresses.Admin)
	t.Setenv(configVariable, p.file("config.toml"))
	c := p.dial("field")
	c.send(fromHex(t, measurement(12345678, 1)))
	c.receive(27)
	calls := 0
	try := func(codes []int, args ...string) {
		t.Helper()
		calls++
		for i, arg := range args {
			if arg == nowhere {
				args[i] = p.file("config.toml/nosuch/x")
			}
		}
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second) // what goes on until it is interrupted
		defer cancel()
		var stdout, stderr bytes.Buffer
		code := run(ctx, args, strings.NewReader(""), &stdout, &stderr)
		said := strings.ReplaceAll(stderr.String(), "--json: ", "")
		if !slices.Contains(codes, code) || strings.TrimSpace(said) == "" && (code != exitDone || stdout.Len() == 0) {
			t.Errorf("trama %q ended with %d and says %q%q", args, code, stdout.String(), said)
		}
		for _, word := range libraryWords {
			if strings.Contains(said, word) {
				t.Errorf("trama %q says %q: %s", args, word, said)
			}
		}
	}
	failed, usage := []int{exitFailed, exitUsage}, []int{exitUsage}
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		path := strings.Fields(c.CommandPath())[1:]
		with := func(more ...string) []string { return append(slices.Clone(path), more...) }
		for _, below := range c.Commands() {
			walk(below)
		}
		if c.HasSubCommands() && len(path) > 0 {
			try(usage, with("nosuch", "x")...)
		}
		names := argumentNames(c.Use)
		var args []string
		for _, name := range names {
			args = append(args, sound[strings.TrimSuffix(name, "…")])
		}
		needed := len(required(c.Use))
		var flags []string
		if f := c.Flags().Lookup("profile"); f != nil && f.DefValue == "" && c.Name() != "masters" && c.Name() != "explain" {
			flags = []string{"--profile", "extended"}
		}
		if needed > 0 && len(flags) == 0 {
			try(usage, with(args[:needed-1]...)...)
		}
		if c.Name() != "help" && (len(names) == 0 || !strings.HasSuffix(names[len(names)-1], "…")) {
			try(usage, append(with(args...), "one", "more")...)
		}
		for i, name := range names {
			slip := slips[strings.TrimSuffix(name, "…")]
			if free := slices.Contains([]string{"trama cursors set", "trama token add", "trama watch"}, c.CommandPath()); slip == "" || free && i == 0 {
				continue
			}
			wrong := append(slices.Clone(flags), args[:i]...)
			if c.CommandPath() == "trama keys add" || c.CommandPath() == "trama help" {
				continue // a key may be made for any serial
			}
			codes := failed
			if c.CommandPath() == "trama events" { // that somebody has asked for a serial is an event of it
				codes = []int{exitDone, exitFailed}
			}
			try(codes, with(append(wrong, slip)...)...)
		}
		try(usage, with("--nosuch")...)
		if len(path) == 0 || c.Name() == "serve" || c.Name() == "help" {
			return
		}
		c.InheritedFlags()
		c.Flags().VisitAll(func(f *pflag.Flag) {
			base := append(with(flags...), args[:needed]...)
			switch slip, known := slipsOfFlags[f.Name]; {
			case f.Name == "help":
			case f.Value.Type() != "string":
				try(usage, append(base, "--"+f.Name+"=x")...)
			case known && f.Name == "profile" && (c.Name() == "masters" || c.Name() == "connections"):
				try([]int{exitDone}, append(base, "--"+f.Name, slip)...) // none speaks it
			case c.CommandPath() == "trama keys list": // without a daemon it reads the directory
				try([]int{exitDone, exitFailed, exitUsage}, append(base, "--"+f.Name, slip)...)
			case known && (f.Name != "config" || c.Flags().Lookup("admin") != nil):
				try(failed, append(base, "--"+f.Name, slip)...)
			}
		})
	}
	root := (&app{}).root()
	walk(root)
	if calls < 300 {
		t.Errorf("only %d calls were made", calls)
	}
}
