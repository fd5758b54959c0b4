// Command trama is a TCP front-end for telemetry masters; README.md tells what it does.
//
//	main    signals and exit code
//	run     the program: arguments in, exit code out (0 done, 1 failed at run time, 2 usage or configuration)
//	serve   the daemon: config ▶ gateway ▶ HTTP, and the way back
//	others  look at frames (explain, decode, encode), at a daemon (tree, masters, send, …) or stand in for masters (simulate)
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	go func() {
		<-signals
		cancel()
		<-signals // whoever sends a second one does not want to wait
		a.hurried()
		os.Exit(exitFailed)
	}()
	os.Exit(a.run(ctx, os.Args[1:]))
}
