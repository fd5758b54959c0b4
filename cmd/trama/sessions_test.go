package main

import (
	"os"
	"strings"
	"testing"
)

// TestSessionsOfTheDocumentationAreTrue runs every command of the console blocks and compares what it prints.
func TestSessionsOfTheDocumentationAreTrue(t *testing.T) {
	for _, file := range []string{"../../docs/explain.md"} {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, block := range strings.Split(string(src), "```console\n")[1:] {
			block, _, _ = strings.Cut(block, "```")
			for _, session := range strings.Split("\n"+block, "\n$ trama ")[1:] {
				line, want, _ := strings.Cut(session, "\n")
				got := command(t, "", strings.Fields(line)...)
				if strings.TrimSpace(got.stdout) != strings.TrimSpace(want) {
					t.Errorf("%s: trama %s prints\n%s%s\nand not\n%s", file, line, got.stdout, got.stderr, want)
				}
				n++
			}
		}
		if n == 0 {
			t.Errorf("%s: no session found", file)
		}
	}
}
