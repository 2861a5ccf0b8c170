package config

import (
	"fmt"
	"time"
)

const (
	usualDrain = 5 * time.Second // time for two probes, two seconds apart
	maxDrain   = 10 * time.Minute
)

// DrainTime is how long a server that is told to end still serves, so that a balancer
// notices that it is not ready: where nothing is set, a server that has its database
// to itself has no others beside it, and ends at once.
func (c Config) DrainTime() time.Duration {
	switch {
	case c.Drain != nil:
		return *c.Drain
	case c.Production && c.Shared():
		return usualDrain
	}
	return 0
}

func (c Config) checkDrain() error {
	if d := c.DrainTime(); d < 0 || d > maxDrain {
		return fmt.Errorf("drain is %v; it must be 0s to %v\nhint: as long as a balancer needs to notice that a server is not ready", d, maxDrain)
	}
	return nil
}
