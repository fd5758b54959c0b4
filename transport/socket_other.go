//go:build unix && !linux

package transport

import "time"

// setUserTimeout does nothing where there is no TCP_USER_TIMEOUT.
func setUserTimeout(uintptr, time.Duration) error { return nil }
