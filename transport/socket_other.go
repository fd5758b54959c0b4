//go:build !linux

package transport

import "time"

// hungUp is never known.
func hungUp(int) bool { return false }

// setUserTimeout does nothing where there is no TCP_USER_TIMEOUT.
func setUserTimeout(uintptr, time.Duration) error { return nil }
