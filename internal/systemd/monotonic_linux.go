package systemd

import "golang.org/x/sys/unix"

// monotonic is CLOCK_MONOTONIC in microseconds, by which the manager tells a
// reload from the one before.
func monotonic() int64 {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) != nil {
		return 0 // every Linux has this clock
	}
	return now.Nano() / 1000
}
