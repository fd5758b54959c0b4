//go:build man

package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra/doc"
)

// With the tag man the program writes its manual pages into the directory that is its argument, and does nothing else:
// the program that is shipped needs no writer of them.
func init() {
	if err := writeManual(os.Args[len(os.Args)-1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(exitFailed)
	}
	os.Exit(exitDone)
}

func writeManual(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root := (&app{stdout: io.Discard, stderr: io.Discard}).root()
	root.DisableAutoGenTag = true
	date := time.Unix(0, 0) // the same sources give the same pages
	return doc.GenManTree(root, &doc.GenManHeader{Section: "1", Source: "trama", Manual: "trama", Date: &date}, dir)
}
