package main

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails the package when a test leaves a goroutine behind: a daemon that has stopped leaves none.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
