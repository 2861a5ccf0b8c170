package main

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// cores are those that this process may use.
func cores() (all []int) {
	var s unix.CPUSet
	if unix.SchedGetaffinity(0, &s) != nil {
		return nil
	}
	for i := 0; len(all) < s.Count(); i++ {
		if s.IsSet(i) {
			all = append(all, i)
		}
	}
	return all
}

func bind(pid int, cores []int) error {
	var s unix.CPUSet
	for _, c := range cores {
		s.Set(c)
	}
	if err := unix.SchedSetaffinity(pid, &s); err != nil && !errors.Is(err, unix.ESRCH) { // it has ended
		return fmt.Errorf("give process %d cores: %w", pid, err)
	}
	return nil
}
