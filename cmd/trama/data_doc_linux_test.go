package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"trama/journal"
)

// The examples of docs/data.md run as they stand there, but for the address of the daemon and the broker.
func TestTheExamplesOfGettingDataOutRun(t *testing.T) {
	text, err := os.ReadFile("../../docs/data.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range []string{"curl", "python3", "sqlite3"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("the examples use ", tool)
		}
	}
	p := serve(t, twoPorts)
	c := p.dial("field")
	c.send(fromHex(t, measurement(12345678, 1)))
	c.receive(27)
	bin := p.file("bin")
	for name, script := range map[string]string{
		"trama":         fmt.Sprintf("%s=1 exec %q \"$@\"", programVariable, os.Args[0]),
		"mosquitto_pub": "exec cat", //nolint:misspell // the name of a program
	} {
		if err := os.MkdirAll(bin, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil { //nolint:gosec // it is a program
			t.Fatal(err)
		}
	}
	run := 0
	for _, block := range regexp.MustCompile("(?ms)^```(sh|python|sql)( follow)?\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		kind, follow, code := block[1], block[2] != "" || block[1] == "python", strings.ReplaceAll(block[3], "http://127.0.0.1:8686", p.addresses.Admin)
		run++
		if kind == "sql" {
			var at, value float64
			var metric string
			db, err := sql.Open("sqlite", p.file("frames.db"))
			if err != nil {
				t.Fatal(err)
			}
			if err := db.QueryRowContext(t.Context(), code).Scan(&at, &metric, &value); err != nil || at < 1.7e9 {
				t.Errorf("%s: %v, %v", code, at, err)
			}
			_ = db.Close()
			continue
		}
		program := map[string][]string{"sh": {"sh", "-ec", code}, "python": {"python3", "-c", code}}[kind]
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		cmd := exec.CommandContext(ctx, program[0], program[1:]...) //nolint:gosec // the page is ours
		cmd.Dir, cmd.WaitDelay = p.dir, time.Second
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a pipe ends as a whole
		cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
		cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), adminVariable+"="+p.addresses.Admin, configVariable+"="+p.file("config.toml"))
		out := &logBuffer{}
		cmd.Stdout, cmd.Stderr = out, out
		if err := cmd.Start(); err != nil {
			t.Fatalf("%s: %v", program[0], err)
		}
		if follow {
			await(t, "what follows: "+code, func() bool { return strings.Contains(out.String(), "MS/2/3") })
			if kind == "python" {
				await(t, "the move of the cursor", func() bool {
					var at journal.Cursor
					p.get("/api/v1/cursors/historian", &at)
					return at.Position == 1
				})
			}
			cancel()
			_ = cmd.Wait() // it is ended
			continue
		}
		if err := cmd.Wait(); err != nil || !strings.Contains(out.String(), "21.5") {
			t.Errorf("%s: %v: %s", code, err, out)
		}
		cancel()
	}
	if run != 5 {
		t.Errorf("%d examples were found", run)
	}
}
