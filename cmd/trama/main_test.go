package main

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails the package when a test leaves a goroutine behind: a daemon that has stopped leaves none.
func TestMain(m *testing.M) {
	if os.Getenv(programVariable) != "" {
		main()
	}
	_ = os.Unsetenv("COLUMNS") // tests see whole tables, whatever terminal they are started from
	goleak.VerifyTestMain(m)
}
